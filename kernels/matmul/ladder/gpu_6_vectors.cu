// Rung 6, over rung 5: 16 bytes an instruction (float4), from global memory, from shared memory and to y. A thread
// copies one vector of each tile instead of 4 numbers, and reads 2 + 2 vectors for 64 multiply-adds: the inner loop now
// is nearly all arithmetic. Along a row of a, or down a column of b: vectors follow the axis that is contiguous
// (vectors.cuh), so that transposes are as fast; where nothing is, or a vector isn't whole, numbers come one by one.
//
// 4096³: 4.3 GB from L2 (0.8 ms), 0.40 passes for 32 multiply-adds, of which 0.27 would do: 3.3 ms on an H100.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#include "matmul/ladder/vectors.cuh"

constexpr int EACH = 8, SIDE = TILE / EACH;

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    __shared__ alignas(16) real tile_a[DEPTH][TILE], tile_b[DEPTH][TILE];
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    long long tiles_across = (columns + TILE - 1) / TILE;
    long long top = blockIdx.x / tiles_across * TILE, left = blockIdx.x % tiles_across * TILE;
    int down = threadIdx.x / SIDE * EACH, across = threadIdx.x % SIDE * EACH;
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        Operand of_a = rows_of(a, s, rows, terms), of_b = columns_of(b, s, terms, columns);
        real sums[EACH][EACH] = {};
        long long steps = (terms + DEPTH - 1) / DEPTH;
        for (long long step = 0; step < steps; step++) {
            long long k = step * DEPTH;
            copy_tile(tile_a, of_a, top, k);
            copy_tile(tile_b, of_b, left, k);
            __syncthreads();  // the tiles are whole
#pragma unroll
            for (int depth = 0; depth < DEPTH; depth++) {
                Vector from_a[EACH / V], from_b[EACH / V];
                for (int e = 0; e < EACH / V; e++) {
                    from_a[e] = *reinterpret_cast<Vector*>(&tile_a[depth][down + e * V]);
                    from_b[e] = *reinterpret_cast<Vector*>(&tile_b[depth][across + e * V]);
                }
                for (int i = 0; i < EACH; i++)
                    for (int j = 0; j < EACH; j++)
                        sums[i][j] += from_a[i / V].at[i % V] * from_b[j / V].at[j % V];
            }
            __syncthreads();  // all have read: the tiles may be overwritten
        }
#pragma unroll
        for (int i = 0; i < EACH; i++)
#pragma unroll
            for (int j = 0; j < EACH; j += V)
                result.put_vector(s, top + down + i, left + across + j, vector_of(&sums[i][j]));
    }
}
