// Tiles of 32 × 32 numbers in shared memory, and what a block of 256 threads does with them (rungs 2 and 3).
#pragma once

#include "attention/heads.cuh"

constexpr int TILE = 32, SIDE = 16, EACH = TILE / SIDE;

struct Tile {
    real at[TILE][TILE + 1];
};

// Rows from `top` and columns from `left` on of x; zeros beyond its edges.
__device__ void fetch(Tile& tile, const real* x, long long step, long long top, long long rows, long long left,
                      long long columns) {
    for (int e = threadIdx.x; e < TILE * TILE; e += SIDE * SIDE) {
        long long row = top + e / TILE, column = left + e % TILE;
        bool inside = row < rows && column < columns;
        tile.at[e / TILE][e % TILE] = inside ? x[row * step + column] : real(0);
    }
}

// sum = a's rows from `top` on · b's rows from `left` on, this thread's.
__device__ void multiply(real (&sum)[EACH][EACH], const real* a, long long a_step, long long top, long long a_rows,
                         const real* b, long long b_step, long long left, long long b_rows, long long columns, Tile& s,
                         Tile& t) {
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    for (int i = 0; i < EACH; i++)
        for (int j = 0; j < EACH; j++) sum[i][j] = 0;
    long long e = 0;
    do {
        __syncthreads();  // all have read what was here
        fetch(s, a, a_step, top, a_rows, e, columns);
        fetch(t, b, b_step, left, b_rows, e, columns);
        __syncthreads();
        for (int d = 0; d < TILE; d++)
            for (int i = 0; i < EACH; i++)
                for (int j = 0; j < EACH; j++) sum[i][j] += s.at[down + i * SIDE][d] * t.at[across + j * SIDE][d];
    } while ((e += TILE) < columns);
}

// y's rows from `top` on = themselves · factor(row in the tile) + p · x's rows from `left` on.
template <typename Factor>
__device__ void add_product(real* y, long long y_step, long long top, long long rows, const Tile& p, const real* x,
                            long long x_step, long long left, long long x_rows, long long columns, Tile& t,
                            Factor factor) {
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    long long e = 0;
    do {
        __syncthreads();  // p is whole, and all have read what was in t
        fetch(t, x, x_step, left, x_rows, e, columns);
        __syncthreads();
        real sum[EACH][EACH] = {};
        for (int d = 0; d < TILE; d++)
            for (int i = 0; i < EACH; i++)
                for (int j = 0; j < EACH; j++) sum[i][j] += p.at[down + i * SIDE][d] * t.at[d][across + j * SIDE];
        for (int i = 0; i < EACH; i++) {
            for (int j = 0; j < EACH; j++) {
                long long row = top + down + i * SIDE, column = e + across + j * SIDE;
                if (row >= rows || column >= columns) continue;
                real* place = y + row * y_step + column;
                *place = *place * factor(down + i * SIDE) + sum[i][j];
            }
        }
    } while ((e += TILE) < columns);
}

// Each of this thread's elements in the block's rows of y = change(it, row in the tile).
template <typename Change>
__device__ void change_own(real* y, long long step, long long top, long long rows, long long columns, Change change) {
    for (int i = threadIdx.x / SIDE; i < TILE && top + i < rows; i += SIDE)
        for (long long column = threadIdx.x % SIDE; column < columns; column += SIDE) {
            real* place = y + (top + i) * step + column;
            *place = change(*place, i);
        }
}

__device__ void clear(real* y, long long step, long long top, long long rows, long long columns) {
    change_own(y, step, top, rows, columns, [](real, int) { return real(0); });
}

// Which pairs of a tile dropout keeps.
struct Kept {
    bool at[TILE][TILE];  // keys × queries
};

// A thread draws the words of a query and four keys; the first of both have this counter.
__device__ void draw(Kept& keep, long long counter, long long queries, long long seed, const long long* place,
                     long long limit) {
    take(place, seed, counter);
    int query = threadIdx.x % TILE, four = threadIdx.x / TILE;
    Words words = philox(counter + four * queries + query, seed);
    for (int i = 0; i < 4; i++) keep.at[four * 4 + i][query] = words.word[i] < limit;
}
