// Rung 5, over rung 4: a thread has 8 × 8 elements. For 64 multiply-adds it reads 8 + 8 numbers from shared memory, a
// quarter of a read each, and a tile of 128 × 128 halves once more what comes from global memory.
//
// How the numbers lie is still wrong: a thread's columns are neighbours, so that lanes read numbers 8 apart, of which 4
// lie in each bank; and what lanes copy of a row of a gets to 8 places of the same bank. Rung 7 sees to that.
//
// 4096³: 4.3 GB from L2 (0.8 ms), 0.70 passes for 32 multiply-adds, of which 0.27 would do: 5.7 ms on an H100.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#include "matmul/ladder/edges.cuh"

constexpr int TILE = 128, DEPTH = 8, EACH = 8, SIDE = TILE / EACH, THREADS = SIDE * SIDE;

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    __shared__ real tile_a[DEPTH][TILE], tile_b[DEPTH][TILE];  // term by term: neighbouring rows of a are neighbours
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
            for (int e = threadIdx.x; e < TILE * DEPTH; e += THREADS) {
                tile_a[e % DEPTH][e / DEPTH] = number(of_a, top + e / DEPTH, k + e % DEPTH);
                tile_b[e / TILE][e % TILE] = number(of_b, left + e % TILE, k + e / TILE);
            }
            __syncthreads();  // the tiles are whole
            for (int depth = 0; depth < DEPTH; depth++) {
                real from_a[EACH], from_b[EACH];
                for (int e = 0; e < EACH; e++) {
                    from_a[e] = tile_a[depth][down + e];
                    from_b[e] = tile_b[depth][across + e];
                }
                for (int i = 0; i < EACH; i++)
                    for (int j = 0; j < EACH; j++) sums[i][j] += from_a[i] * from_b[j];
            }
            __syncthreads();  // all have read: the tiles may be overwritten
        }
#pragma unroll
        for (int i = 0; i < EACH; i++)
#pragma unroll
            for (int j = 0; j < EACH; j++) result.put(s, top + down + i, left + across + j, sums[i][j]);
    }
}
