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
// 2 × 35,840 and 135,104 instructions of warps. Up to 120 registers and 48 KB: two blocks a multiprocessor, 64 KB on
// their way.

#include "matmul/ladder/tensor_bf16.cuh"
#include "matmul/ladder/tensor_walk.cuh"

// A factor's matrix of `rows` × `columns` numbers, a row after the other, rounded: neighbours in memory remain neighbours.
// A row has `pitch` numbers, a multiple of 8; those beyond the factor's are 0. A thread rounds four of a row.
extern "C" __global__ void round_factor(const real* from, real* to, long long rows, long long columns,
                                        long long from_stack, long long from_row, long long from_column,
                                        long long pitch) {
    long long fours = pitch / 4;
    long long e = blockIdx.x * 256LL + threadIdx.x;
    if (e >= rows * fours) return;
    long long row = e / fours, column = e % fours * 4;
    const real* start = from + blockIdx.y * from_stack + row * from_row + column * from_column;
    float four[4];
    bool together = from_column == 1 && column + 4 <= columns && reinterpret_cast<unsigned long long>(start) % 16 == 0;
    if (together && sizeof(real) == sizeof(float)) {
        float4 read = *reinterpret_cast<const float4*>(start);
        four[0] = read.x, four[1] = read.y, four[2] = read.z, four[3] = read.w;
    } else {
        for (int k = 0; k < 4; k++) four[k] = column + k < columns ? float(start[k * from_column]) : 0;
    }
    uint2 rounded = {};
    if (TENSOR_CORES) rounded = {to_bf16(four[0], four[1]), to_bf16(four[2], four[3])};
    reinterpret_cast<uint2*>(to)[(blockIdx.y * rows + row) * fours + e % fours] = rounded;
}

// A rounded factor from the tile's first line and the next term on.
template <bool ALONG_TERMS>
struct Rounded {
    const bf16* data;
    long long pitch;
    int lines;  // in the tile

    __device__ Rounded(const real* all, long long stack_stride, long long pitch, long long first, long long lines)
        : data(reinterpret_cast<const bf16*>(all) + blockIdx.y * stack_stride + first * (ALONG_TERMS ? pitch : 1)),
          pitch(pitch),
          lines(lines - first < TILE ? lines - first : TILE) {}

    __device__ void advance(int terms) { data += terms * (ALONG_TERMS ? 1 : pitch); }
};

template <bool ALONG_TERMS>
__device__ void copy_tile(bf16* tile, const Rounded<ALONG_TERMS>& factor, int terms) {
#pragma unroll 1  // unrolled, it would need more registers than two blocks have
    for (int e = threadIdx.x * 8; e < TILE * DEPTH; e += THREADS * 8) {
        int line = ALONG_TERMS ? e / DEPTH : e % TILE, term = ALONG_TERMS ? e % DEPTH : e / TILE;
        long long at = ALONG_TERMS ? line * factor.pitch + term : term * factor.pitch + line;
        bool inside = line < factor.lines && term < terms;
        start_copy<16>(tile + place_in_tile<ALONG_TERMS>(line, term), factor.data + at, inside ? 16 : 0);
    }
}

using Tiles = Stages<bf16, DEPTH>;

extern "C" __global__ void __launch_bounds__(THREADS, 2)
    matmul(const real* rounded_a, long long stack_a, long long pitch_a, const real* rounded_b, long long stack_b,
           long long pitch_b, MATRIX_ARGUMENTS) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles tiles;
    Place place(columns);
    Sums sums = {};
    walk(tiles, Rounded<A_ALONG_TERMS>(rounded_a, stack_a, pitch_a, place.top(), rows),
         Rounded<B_ALONG_TERMS>(rounded_b, stack_b, pitch_b, place.left(), columns), terms,
         [&](const bf16* tile_a, const bf16* tile_b) {
#pragma unroll
             for (int term = 0; term < DEPTH; term += 16) {
                 unsigned from_b[ACROSS / 2][4];
                 for (int j = 0; j < ACROSS / 2; j++)
                     load_fragment<B_ALONG_TERMS>(from_b[j], tile_b, place.warp_column + j * 16, term);
                 for (int i = 0; i < DOWN; i++) {
                     unsigned from_a[4];
                     load_fragment<A_ALONG_TERMS>(from_a, tile_a, place.warp_row + i * 16, term);
                     for (int j = 0; j < ACROSS; j++)
                         multiply_bf16(sums.at[i][j], from_a, from_b[j / 2][j % 2], from_b[j / 2][j % 2 + 2]);
                 }
             }
         });
    store(reinterpret_cast<float*>(&tiles), sums, place, a_data, a_stack, a_row, a_column, b_data, b_stack, b_row,
          b_column, bias, residual, y, stack, rows, terms, columns, has_bias, has_residual, activation);
}
