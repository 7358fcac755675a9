// Rung 9, over rung 8: nobody waits for memory. Copies to shared memory (cp.async) need neither registers nor a thread
// that waits: those of the next step are started before this step's numbers are multiplied, into a second pair of
// tiles. One barrier a step is left. All that is in matmul/tile.cuh, of which the library's own kernel is made, too;
// that one also chooses among tiles, and lets blocks share the terms of one (matmul/table.py).
//
// 4096³: 84 % of a step's machine code are multiply-adds: 2.5 ms on an H100, with nothing to wait for.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#define TILE_ROWS 128
#define TILE_COLUMNS 128
#define THREAD_ROWS 8
#define THREAD_COLUMNS 8
#include "matmul/tile.cuh"

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    long long tiles_across = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
    long long top = blockIdx.x / tiles_across * TILE_ROWS, left = blockIdx.x % tiles_across * TILE_COLUMNS;
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        Sums sums = tile_sums(a, b, s, top, left, rows, terms, columns);
#pragma unroll
        for (int i = 0; i < THREAD_ROWS; i++)
#pragma unroll
            for (int j = 0; j < THREAD_COLUMNS; j += V)
                result.put_vector(s, top + sums.row(i), left + sums.column(j), vector_of(&sums.at[i][j]));
    }
}
