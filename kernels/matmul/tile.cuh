// What a block of the matrix product does: a 64 × 64 tile of y by 16 × 16 threads, each with 4 × 4 elements in registers.
//
//             tile of b, 16 × 64            Step by step along k, the block copies a 64 × 16 tile of a and a
//            ┌────────────────┐             16 × 64 tile of b into shared memory. Every number there is used
//            │  ▒   ▒   ▒   ▒ │             64 times, so global memory is read 64 times less than by a thread
//            └────────────────┘             an element. From shared memory a thread reads 4 + 4 numbers for
//    ┌────┐  ┌────────────────┐             16 multiply-adds.
//    │▒   │  │  ▓   ▓   ▓   ▓ │
//    │▒   │  │  ▓   ▓   ▓   ▓ │             A thread's columns are 16 apart (▒): the 16 threads of a row read
//    │▒   │  │  ▓   ▓   ▓   ▓ │             16 neighbouring numbers, which lie in different banks, and write
//    │▒   │  │  ▓   ▓   ▓   ▓ │             neighbouring numbers of y.
//    └────┘  └────────────────┘
//    tile of a, 64 × 16
//
// Beyond the edges tiles hold zeros, which add nothing to the sums; only elements inside are to be stored.
#pragma once
#include "matmul/matrices.cuh"

constexpr int TILE = 64, DEPTH = 16, SIDE = 16, EACH = TILE / SIDE;

// The thread's elements: [i][j] is that of row top + down + SIDE i and column left + across + SIDE j.
struct Sums {
    real at[EACH][EACH];
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
};

// Matrix s of each stack. Every thread of the block must call.
__device__ inline Sums tile_sums(Matrices a, Matrices b, long long s, long long top, long long left, long long rows,
                                 long long terms, long long columns) {
    __shared__ real tile_a[DEPTH][TILE + 1];  // transposed; one column more, so that writing has no conflicts
    __shared__ real tile_b[DEPTH][TILE + 1];
    Sums sums = {};
    // Neighbouring threads take neighbouring addresses: along k where a row is contiguous, else along m.
    bool a_by_row = a.column_stride == 1, b_by_row = b.column_stride == 1;
    long long steps = (terms + DEPTH - 1) / DEPTH;
    for (long long step = 0; step < steps; step++) {
        long long k = step * DEPTH;
        for (int e = threadIdx.x; e < TILE * DEPTH; e += SIDE * SIDE) {
            int depth = a_by_row ? e % DEPTH : e / TILE, m = a_by_row ? e / DEPTH : e % TILE;
            bool inside = top + m < rows && k + depth < terms;
            tile_a[depth][m] = inside ? a.at(s, top + m, k + depth) : real(0);

            depth = b_by_row ? e / TILE : e % DEPTH;
            int n = b_by_row ? e % TILE : e / DEPTH;
            inside = left + n < columns && k + depth < terms;
            tile_b[depth][n] = inside ? b.at(s, k + depth, left + n) : real(0);
        }
        __syncthreads();  // the tiles are whole
        for (int depth = 0; depth < DEPTH; depth++) {
            real from_a[EACH], from_b[EACH];
            for (int e = 0; e < EACH; e++) {
                from_a[e] = tile_a[depth][sums.down + e * SIDE];
                from_b[e] = tile_b[depth][sums.across + e * SIDE];
            }
            for (int i = 0; i < EACH; i++)
                for (int j = 0; j < EACH; j++) sums.at[i][j] += from_a[i] * from_b[j];
        }
        __syncthreads();  // all have read: the tiles may be overwritten
    }
    return sums;
}
