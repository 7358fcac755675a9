// Rung 10: tensor cores.
#include "matmul/tensor_copies.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, 2) matmul(MATRIX_ARGUMENTS) {
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
#pragma unroll 1  // unrolled it would need more registers than two blocks have
             for (int term = 0; term < DEPTH; term += 8) {
                 unsigned from_b[ACROSS / 2][4];
                 for (int j = 0; j < ACROSS / 2; j++) {
                     float line[4];
                     load_fragment<B_ALONG_TERMS>(line, tile_b, place.warp_column, j * 16, term);
                     for (int k = 0; k < 4; k++) from_b[j][k] = to_tf32(line[k]);
                 }
                 for (int i = 0; i < DOWN; i++) {
                     float line[4];
                     unsigned from_a[4];
                     load_fragment<A_ALONG_TERMS>(line, tile_a, place.warp_row, i * 16, term);
                     for (int k = 0; k < 4; k++) from_a[k] = to_tf32(line[k]);
                     for (int j = 0; j < ACROSS; j++)
                         multiply_tf32(sums.at[i][j], from_a, from_b[j / 2][j % 2], from_b[j / 2][j % 2 + 2]);
                 }
             }
         });
    store(tiles.a[0], sums, place, a_data, a_stack, a_row, a_column, b_data, b_stack, b_row, b_column,
          bias, residual, y, stack, rows, terms, columns, has_bias, has_residual, activation);
}
