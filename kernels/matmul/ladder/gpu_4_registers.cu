// Rung 4, over rung 3: a thread has 8 elements of a column in registers. A number of b that it reads from shared memory
// serves 8 multiply-adds, so that those take 9 reads instead of 16; and a block's tile, 64 × 64, reads global memory
// half as often.
//
// 4096³: 8.6 GB from L2 (1.6 ms), 1.16 passes for 32 multiply-adds: 9.5 ms on an H100.
// Not run on a GPU yet. Figures, and where they come from: ladder/__init__.py.

#include "matmul/ladder/edges.cuh"

constexpr int TILE = 64, DEPTH = 8, EACH = 8, THREADS = TILE * TILE / EACH;

extern "C" __global__ void __launch_bounds__(THREADS) matmul(MATRIX_ARGUMENTS) {
    __shared__ real tile_a[TILE][DEPTH], tile_b[DEPTH][TILE];
    Matrices a = {a_data, a_stack, a_row, a_column}, b = {b_data, b_stack, b_row, b_column};
    Result result = {y, bias, residual, rows, columns, has_bias, has_residual, activation};
    long long tiles_across = (columns + TILE - 1) / TILE;
    long long top = blockIdx.x / tiles_across * TILE, left = blockIdx.x % tiles_across * TILE;
    int across = threadIdx.x % TILE, down = threadIdx.x / TILE;  // the thread's column; its rows begin at 8 × down
    for (long long s = blockIdx.y; s < stack; s += gridDim.y) {
        Operand of_a = rows_of(a, s, rows, terms), of_b = columns_of(b, s, terms, columns);
        real sums[EACH] = {};
        long long steps = (terms + DEPTH - 1) / DEPTH;
        for (long long step = 0; step < steps; step++) {
            long long k = step * DEPTH;
            int line = threadIdx.x / DEPTH, term = threadIdx.x % DEPTH;  // 8 neighbours of a row of a are a sector
            tile_a[line][term] = number(of_a, top + line, k + term);
            tile_b[down][across] = number(of_b, left + across, k + down);
            __syncthreads();  // the tiles are whole
            for (int depth = 0; depth < DEPTH; depth++) {
                real from_b = tile_b[depth][across];
                for (int i = 0; i < EACH; i++) sums[i] += tile_a[down * EACH + i][depth] * from_b;
            }
            __syncthreads();  // all have read: the tiles may be overwritten
        }
#pragma unroll
        for (int i = 0; i < EACH; i++) result.put(s, top + down * EACH + i, left + across, sums[i]);
    }
}
