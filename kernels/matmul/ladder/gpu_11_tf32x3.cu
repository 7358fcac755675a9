// Rung 11: float32 from tensor cores. Each number is split in two of tf32, big + small, and of the four products three
// are made: a b ≈ small_a big_b + big_a small_b + big_a big_b (split_tf32 in mma.cuh). What is left out is 2⁻²⁰ of a
// product or less.
//
// Tensor cores round what they add towards zero, so long sums made there drift. Only the three products of 8 terms are
// summed there; the rest is added in float32, to the nearest (Ootomo and Yokota, "Recovering single precision accuracy
// from Tensor Cores while surpassing the FP32 theoretical peak performance", 2022). tests/kernels/test_matmul_precision.py holds
// the errors against those of float32, and shows what the drift would be.
//
// For 8 terms a warp reads the 3 KB of rung 10 and does 48 mma, 64 additions, and 96 instructions that split 24 numbers.
//
// On an H100 (not run on one yet), 4096³, predicted: tensor cores 0.83 ms, or 1.35 at the 60 % of mma.sync; instructions,
// some 234 of each warp for 8 terms at 4 a clock, 1.05 ms; L2 as in rung 10, 0.78 ms. So tensor cores are the limit:
// 1.4 to 1.6 ms, 85 to 100 TFLOP/s, 1.7 to 2 times the 51 that cuBLAS typically gets in float32.
//
// Measured in the simulator, 256³: sectors and banks as in rung 10, 565,728 instructions of warps to its 292,160. Up to 210
// registers: one block a multiprocessor. Two, of 128, would spill some.

#include "matmul/ladder/tensor_copies.cuh"

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    if (!TENSOR_CORES || sizeof(real) != sizeof(float)) {
        __trap();  // launch code takes another kernel then
        return;
    }
    __shared__ __align__(128) Tiles tiles;
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Place place(rows, columns);
    Sums sums = {};
    walk(tiles, factor_a(a, place.top(), rows), factor_b(b, place.left(), columns), terms,
         [&](const float* tile_a, const float* tile_b) {
#pragma unroll
             for (int term = 0; term < DEPTH; term += 8) {
                 unsigned big_b[ACROSS / 2][4], small_b[ACROSS / 2][4];
                 for (int j = 0; j < ACROSS / 2; j++) {
                     float line[4];
                     load_fragment<B_ALONG_TERMS>(line, tile_b, place.column(0), j * 16, term);
                     split_tf32(line, big_b[j], small_b[j]);
                 }
                 for (int i = 0; i < DOWN; i++) {
                     float line[4];
                     unsigned big_a[4], small_a[4];
                     load_fragment<A_ALONG_TERMS>(line, tile_a, place.warp_row, i * 16, term);
                     split_tf32(line, big_a, small_a);
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
