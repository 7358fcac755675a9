// Rung 11: float32 from tensor cores.
#include "matmul/tensor_copies.cuh"

// x = big + small, but for what is less than 2⁻²³ of x: each has 11 bits, small a sign of its own.
__device__ inline void split(const float (&x)[4], unsigned (&big)[4], unsigned (&small)[4]) {
    for (int k = 0; k < 4; k++) {
        big[k] = to_tf32(x[k]);
        small[k] = to_tf32(x[k] - __uint_as_float(big[k]));
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles tiles;
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Place place(columns);
    Sums sums = {};
    walk(tiles, factor_a(a, place.top(), rows), factor_b(b, place.left(), columns), terms,
         [&](const float* tile_a, const float* tile_b) {
#pragma unroll
             for (int term = 0; term < DEPTH; term += 8) {
                 unsigned big_b[ACROSS / 2][4], small_b[ACROSS / 2][4];
                 for (int j = 0; j < ACROSS / 2; j++) {
                     float line[4];
                     load_fragment<B_ALONG_TERMS>(line, tile_b, place.warp_column, j * 16, term);
                     split(line, big_b[j], small_b[j]);
                 }
                 for (int i = 0; i < DOWN; i++) {
                     float line[4];
                     unsigned big_a[4], small_a[4];
                     load_fragment<A_ALONG_TERMS>(line, tile_a, place.warp_row, i * 16, term);
                     split(line, big_a, small_a);
                     for (int j = 0; j < ACROSS; j++) {
                         float part[4] = {};
                         multiply_tf32(part, small_a, big_b[j / 2][j % 2], big_b[j / 2][j % 2 + 2]);
                         multiply_tf32(part, big_a, small_b[j / 2][j % 2], small_b[j / 2][j % 2 + 2]);
                         multiply_tf32(part, big_a, big_b[j / 2][j % 2], big_b[j / 2][j % 2 + 2]);
                         for (int r = 0; r < 4; r++) sums.at[i][j][r] += part[r];
                     }
                 }
             }
         });
    store(tiles.a[0], sums, place, a_data, a_stack, a_row, a_column, b_data, b_stack, b_row, b_column,
          bias, residual, y, stack, rows, terms, columns, has_bias, has_residual, activation);
}
