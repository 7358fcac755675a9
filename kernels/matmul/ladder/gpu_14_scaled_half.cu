// Rung 14: half instead of bfloat16, as many bytes as rung 13 and eight times as exact: 10 bits after the point to 7, as
// tf32 has. What half lacks is range, 2⁻¹⁴ to 65,504, beyond which PyTorch's half gives infinities, and below it loses
// bits, then all. So each row of a, and each column of b, is first scaled by the power of two that brings its largest
// number to 2¹⁴ or just above; the sums are scaled back. Both are exact, so the product costs what rung 13's does.
//
//     a line, by |x| / its largest:  1 ─────────────── 2⁻²⁸ ─────── 2⁻³⁹
//                                    off by 2⁻¹¹ of x │ fewer bits │ becomes 0
//
// So a sum is as good as tf32's if no term of 2⁻²⁸ of its line's largest matters: factors whose rows, or columns, are of
// any sizes are (as in torch's row-wise scaled products); it isn't for (a D) (D⁻¹ b) with a diagonal D of very different
// sizes, where each term is a tiny number times a huge one. Scales end at 2¹²⁶, so a line whose largest is less than
// 2⁻¹¹² keeps fewer bits. Infinities and NaN aren't scaled by, and give what they give in float32: `store` makes such
// sums again.
//
// Half is all that tensor cores know on sm_75, where this rung runs, too: with two instructions of 8 terms for one of 16,
// and copies that are awaited.
//
// On an H100 (not run on one yet), 4096³, predicted: scaling reads each factor twice, 268 MB, half of that perhaps from
// L2, and writes 67 MB: 0.06 to 0.1 ms; then as rung 13, 0.4 to 0.5 ms. Together 0.5 to 0.6 ms, 230 to 270 TFLOP/s.
//
// Measured in the simulator, 256³: 20,736 and 20,512 sectors to scale and round a and b, 25,088 to multiply, 512 of
// which are scales; 8,448 and 20,480 passes over the banks, all needed; 72,448, 107,840 and 135,968 instructions of
// warps. Up to 128 registers, none spilled on sm_80 and sm_90, and 48 KB: two blocks a multiprocessor.

#include "matmul/ladder/tensor_rounded.cuh"

// What brings a line's largest number, if it is normal, to 2¹⁴ or more and below 2¹⁵; and back.
struct Scale {
    float to, back;

    __device__ explicit Scale(float largest) {
        int exponent = __float_as_int(largest) >> 23;  // and 127
        int of_back = exponent > 15 ? exponent - 14 : 1;
        back = __int_as_float(of_back << 23);
        to = __int_as_float((254 - of_back) << 23);
    }
};

// The larger size of two, of those that are finite.
__device__ inline float larger(float largest, float x) {
    float size = fabsf(x);
    return size > largest && size < __int_as_float(0x7f800000) ? size : largest;
}

// A factor whose rows are lines: a warp scales and rounds one.
extern "C" __global__ void halve_rows(FACTOR_ARGUMENTS, real* scales) {
    int lane = threadIdx.x % 32;
    long long row = blockIdx.x * 8LL + threadIdx.x / 32;
    if (row >= rows) return;
    const real* start = from + blockIdx.y * from_stack + row * from_row;
    float four[4], largest = 0;
    for (long long column = lane * 4; column < pitch; column += 128) {
        read_four(four, start, column, columns, from_column);
        for (int k = 0; k < 4; k++) largest = larger(largest, four[k]);
    }
    for (int other = 16; other > 0; other /= 2) largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, other));
    Scale scale(largest);
    if (lane == 0) scales[blockIdx.y * rows + row] = scale.back;
    uint2* rounded = reinterpret_cast<uint2*>(to) + (blockIdx.y * rows + row) * (pitch / 4);
    for (long long column = lane * 4; column < pitch; column += 128) {
        read_four(four, start, column, columns, from_column);
        for (int k = 0; k < 4; k++) four[k] *= scale.to;
        rounded[column / 4] = {to_f16(four[0], four[1]), to_f16(four[2], four[3])};
    }
}

// One whose columns are: 32 warps share 32 columns, each takes every 32nd row.
extern "C" __global__ void __launch_bounds__(1024) halve_columns(FACTOR_ARGUMENTS, real* scales) {
    __shared__ float found[32][32];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    long long column = blockIdx.x * 32LL + lane;
    bool exists = column < columns;
    const real* start = from + blockIdx.y * from_stack + column * from_column;
    float largest = 0;
    for (long long row = warp; row < rows; row += 32)
        if (exists) largest = larger(largest, float(start[row * from_row]));
    found[warp][lane] = largest;
    __syncthreads();
    for (int other = 0; other < 32; other++) largest = fmaxf(largest, found[other][lane]);
    Scale scale(largest);
    if (warp == 0 && exists) scales[blockIdx.y * columns + column] = scale.back;
    Bits16* rounded = reinterpret_cast<Bits16*>(to) + blockIdx.y * rows * pitch + column;
    for (long long row = warp; row < rows; row += 32)
        if (column < pitch) rounded[row * pitch] = exists ? to_f16(float(start[row * from_row]) * scale.to) : 0;
}

// A sum from what scaled numbers gave. By the smaller scale first: a sum that is large enough to matter stays normal, and
// none becomes infinite that isn't in the end.
__device__ inline float scaled_back(float sum, float one, float other) {
    return sum * fminf(one, other) * fmaxf(one, other);
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
    matmul(const real* halves_a, long long stack_a, long long pitch_a, const real* scales_a, long long scale_stack_a,
           const real* halves_b, long long stack_b, long long pitch_b, const real* scales_b, long long scale_stack_b,
           MATRIX_ARGUMENTS) {
    if (sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles tiles;
    Place place(rows, columns);
    Sums sums = {};
    walk(tiles, Rounded<A_ALONG_TERMS>(halves_a, stack_a, pitch_a, place.top(), rows),
         Rounded<B_ALONG_TERMS>(halves_b, stack_b, pitch_b, place.left(), columns), terms,
         [&](const Bits16* tile_a, const Bits16* tile_b) { multiply_tiles(sums, place, tile_a, tile_b, multiply_f16); });

    int lane = threadIdx.x % 32;
    long long first_row = place.top() + place.warp_row + lane / 4;
    long long first_column = place.left() + place.column(0) + lane % 4 * 2;
    scales_a += blockIdx.y * scale_stack_a, scales_b += blockIdx.y * scale_stack_b;
    float across[ACROSS][2];
    for (int j = 0; j < ACROSS; j++)
        for (int e = 0; e < 2; e++) {
            long long column = first_column + j * 8 + e;
            across[j][e] = column < columns ? float(scales_b[column]) : 0;
        }
    for (int i = 0; i < DOWN; i++)
        for (int half = 0; half < 2; half++) {
            long long row = first_row + i * 16 + half * 8;
            float down = row < rows ? float(scales_a[row]) : 0;
            for (int j = 0; j < ACROSS; j++)
                for (int e = 0; e < 2; e++) {
                    float& sum = sums.at[i][j][half * 2 + e];
                    sum = scaled_back(sum, down, across[j][e]);
                }
        }
    store(reinterpret_cast<float*>(&tiles), sums, place, a_data, a_stack, a_row, a_column, b_data, b_stack, b_row,
          b_column, bias, residual, y, stack, rows, terms, columns, has_bias, has_residual, activation);
}
