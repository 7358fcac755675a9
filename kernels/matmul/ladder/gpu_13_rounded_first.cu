// Rung 13: the factors are rounded to bfloat16 once, in memory of their own, instead of anew by each block that needs
// them. Then L2 has to give half the bytes, copies are asynchronous again, as in rung 10, and all are of 16 bytes, for
// rows are padded: whatever strides the factors have is seen to when they are rounded.
//
// A warp has 64 × 32 sums. For 16 terms it reads 6 fragments, 3 KB, each by one ldmatrix, and does 16 mma: 21 operations
// for a byte of shared memory, 16 with what is copied; 64 for a byte of L2.
//
// On an H100 (not run on one yet), 4096³, predicted: rounding 0.06 ms, 200 MB of DRAM; then tensor cores 0.14 ms, or 0.23
// at the 60 % of mma.sync; shared memory 0.28 ms; L2, 2.1 GB at some 5.5 TB/s, 0.39 ms. So L2 is the limit still: 0.45 to
// 0.55 ms, 250 to 300 TFLOP/s. cuBLAS typically gets 700 of factors that are bfloat16 in memory, by wgmma, whose tiles
// are larger and don't pass through registers.
//
// Measured in the simulator, 256³: 2 × 12,288 sectors to round the factors and 24,576 to multiply, all of them needed
// (where only two blocks need each tile, that is more than rung 12's 40,960); 20,480 passes over the banks, all needed;
// 2 × 20,096 and 119,968 instructions of warps. Up to 122 registers and 48 KB: two blocks a multiprocessor, 64 KB on
// their way.

#include "matmul/ladder/tensor_rounded.cuh"

// A thread rounds four neighbours in each of EACH rows, so that it divides but once, and much is on its way. A block is as
// wide as rows are, up to a warp.
constexpr int EACH = 4;

extern "C" __global__ void round_factor(FACTOR_ARGUMENTS) {
    unsigned fours = pitch / 4, across = (fours + blockDim.x - 1) / blockDim.x;
    unsigned place = blockIdx.x % across * blockDim.x + threadIdx.x;
    if (place >= fours) return;
    long long first = blockIdx.x / across * static_cast<long long>(blockDim.y * EACH) + threadIdx.y;
    float four[EACH][4];
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        long long row = first + k * blockDim.y;
        if (row < rows)
            read_four(four[k], from + blockIdx.y * from_stack + row * from_row, place * 4LL, columns, from_column);
    }
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        long long row = first + k * blockDim.y;
        uint2 rounded = {};
        if (TENSOR_CORES) rounded = {to_bf16(four[k][0], four[k][1]), to_bf16(four[k][2], four[k][3])};
        if (row < rows) reinterpret_cast<uint2*>(to)[(blockIdx.y * rows + row) * fours + place] = rounded;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
    matmul(const real* rounded_a, long long stack_a, long long pitch_a, const real* rounded_b, long long stack_b,
           long long pitch_b, MATRIX_ARGUMENTS) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles tiles;
    Place place(rows, columns);
    Sums sums = {};
    walk(tiles, Rounded<A_ALONG_TERMS>(rounded_a, stack_a, pitch_a, place.top(), rows),
         Rounded<B_ALONG_TERMS>(rounded_b, stack_b, pitch_b, place.left(), columns), terms,
         [&](const Bits16* tile_a, const Bits16* tile_b) { multiply_tiles(sums, place, tile_a, tile_b, multiply_bf16); });
    store(reinterpret_cast<float*>(&tiles), sums, place, a_data, a_stack, a_row, a_column, b_data, b_stack, b_row,
          b_column, bias, residual, y, stack, rows, terms, columns, has_bias, has_residual, activation);
}
