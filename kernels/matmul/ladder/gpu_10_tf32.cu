// Rung 10: tensor cores. An instruction of a warp multiplies 16 × 8 by 8 × 8 numbers, 1024 multiply-adds, where rung 1
// to 9 have 32. The numbers are rounded to tf32, float32 with 10 bits after the point, on their way from shared memory to
// registers; sums are float32. Meanwhile the next two tiles are on their way (tensor_copies.cuh).
//
// A warp has 64 × 32 sums. For 8 terms it reads 6 fragments, 3 KB, each by one ldmatrix (or, across lines, by 4 loads),
// rounds 24 registers, and does 16 mma: 11 operations for a byte of shared memory, 32 for a byte of L2.
//
// On an H100 (not run on one yet), 4096³, predicted: tensor cores 0.28 ms, or 0.45 where mma.sync gets 60 % of them, as
// others measured on Hopper; shared memory, 128 bytes a clock at 1.75 GHz, 0.58 ms; L2, 4.3 GB at
// some 5.5 TB/s, 0.78 ms; DRAM 0.06 ms. So L2 is the limit: 0.8 to 1 ms, 140 to 170 TFLOP/s.
//
// Measured in the simulator, 256³: 40,960 sectors, as rung 9, all of them needed; 36,864 passes over the banks, a quarter
// of rung 9's, all of them needed. 128 registers and 48 KB a block, two blocks a multiprocessor: 64 KB on their way.

#include "matmul/ladder/tensor_copies.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, 2) matmul(MATRIX_ARGUMENTS) {
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
#pragma unroll 1  // unrolled it would need more registers than two blocks have
             for (int term = 0; term < DEPTH; term += 8) {
                 unsigned from_b[ACROSS / 2][4];
                 for (int j = 0; j < ACROSS / 2; j++) {
                     float line[4];
                     load_fragment<B_ALONG_TERMS>(line, tile_b, place.column(0), j * 16, term);
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
