// Rung 8, over rung 7: warp tiles. A warp takes 32 × 64 elements, a thread of it 8 × 8, rather than 16 × 128 as its
// numbers happen to give: (32 + 64) numbers of shared memory then serve what took (16 + 128). The 4 × 8 lanes are so
// numbered that two which differ in the lowest bit read the same vector of b, in the next bit the same of a: then two
// quarters of a warp are said to be served at once (the simulator counts them apart, as CUDA's guide tells it).
//
//     lanes of a warp       0  2  4  6  8 10 12 14
//                           1  3  5  7  9 11 13 15
//                          16 18 20 22 24 26 28 30
//                          17 19 21 23 25 27 29 31
//
// 4096³: as rung 7, 2.5 ms on an H100; where quarters are served in pairs the banks have half to do, 1.1 ms.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#include "matmul/ladder/vectors.cuh"

constexpr int EACH = 8, LANES_DOWN = 4, LANES_ACROSS = 8;
constexpr int WARP_ROWS = LANES_DOWN * EACH, WARP_COLUMNS = LANES_ACROSS * EACH, WARPS_ACROSS = TILE / WARP_COLUMNS;

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    __shared__ alignas(16) real tile_a[DEPTH][TILE + V], tile_b[DEPTH][TILE + V];
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    long long tiles_across = (columns + TILE - 1) / TILE;
    long long top = blockIdx.x / tiles_across * TILE, left = blockIdx.x % tiles_across * TILE;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int down = warp / WARPS_ACROSS * WARP_ROWS + (lane % 2 + lane / 16 * 2) * V;
    int across = warp % WARPS_ACROSS * WARP_COLUMNS + lane % 16 / 2 * V;
    // From one of a thread's vectors to its next.
    constexpr int NEXT_DOWN = LANES_DOWN * V, NEXT_ACROSS = LANES_ACROSS * V;
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
                    from_a[e] = *reinterpret_cast<Vector*>(&tile_a[depth][down + e * NEXT_DOWN]);
                    from_b[e] = *reinterpret_cast<Vector*>(&tile_b[depth][across + e * NEXT_ACROSS]);
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
                result.put_vector(s, top + down + i / V * NEXT_DOWN + i % V, left + across + j / V * NEXT_ACROSS,
                                  vector_of(&sums[i][j]));
    }
}
