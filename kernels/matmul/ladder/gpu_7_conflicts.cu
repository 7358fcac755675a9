// Rung 7, over rung 6: no bank conflicts. 16-byte reads go 8 lanes at a time, which the 32 banks serve at once if their
// vectors lie side by side. So a thread's columns are no longer 8 neighbours, but 4 in each half of the tile:
//
//     columns of the tile   0–3  4–7  8–11  12–15  …  60–63  64–67  68–71  …
//     rung 6: of lane        0    0     1      1         7      8      8          two of 8 lanes ask the same banks
//     rung 7: of lane        0    1     2      3        15      0      1          all 32 banks, each once
//
// And the tiles' rows are a vector longer. A warp copies 16 rows of a, of each two vectors, 4 terms apart: 4 rows of
// the tile. Those would be in the same 16 banks; with 4 × 4 numbers more between them they are in the other 16.
//
// 4096³: 4.3 GB from L2 (0.8 ms), 0.27 passes for 32 multiply-adds (2.2 ms), 1.23 instructions: 2.5 ms on an H100.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#include "matmul/ladder/vectors.cuh"

constexpr int EACH = 8, SIDE = TILE / EACH;

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    __shared__ alignas(16) real tile_a[DEPTH][TILE + V], tile_b[DEPTH][TILE + V];
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    long long tiles_across = (columns + TILE - 1) / TILE;
    long long top = blockIdx.x / tiles_across * TILE, left = blockIdx.x % tiles_across * TILE;
    int down = threadIdx.x / SIDE * V, across = threadIdx.x % SIDE * V;
    constexpr int NEXT = SIDE * V;  // from one of a thread's vectors to its next
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
                    from_a[e] = *reinterpret_cast<Vector*>(&tile_a[depth][down + e * NEXT]);
                    from_b[e] = *reinterpret_cast<Vector*>(&tile_b[depth][across + e * NEXT]);
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
                result.put_vector(s, top + down + i / V * NEXT + i % V, left + across + j / V * NEXT,
                                  vector_of(&sums[i][j]));
    }
}
