// Tiles of matrices that lie one behind the other, and how one is turned by way of shared memory.
#pragma once

constexpr int THREADS = 256;  // of a block

template <int SIDE>
struct Tile {
    long long start, top, left;  // where its matrix begins; its first row and column

    __device__ Tile(long long number, long long rows, long long columns) {
        long long down = (rows + SIDE - 1) / SIDE, across = (columns + SIDE - 1) / SIDE;
        start = number / (down * across) * rows * columns;
        top = number / across % down * SIDE, left = number % across * SIDE;
    }
};

// Read along the rows of x, written along those of `out`: neighbouring threads have neighbouring numbers in both. PAD is
// how many numbers follow a row in shared memory: with none, a column's numbers lie in one bank, and come one by one.
template <int SIDE, int PAD>
__device__ void turn_in_shared_memory(const Tile<SIDE>& tile, const real* x, real* out, long long rows, long long columns) {
    constexpr int LINES = THREADS / SIDE;  // that a block moves at a time
    __shared__ real shared[SIDE][SIDE + PAD];
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    for (int r = down; r < SIDE; r += LINES) {
        long long i = tile.top + r, j = tile.left + across;
        if (i < rows && j < columns) shared[r][across] = x[i * columns + j];
    }
    __syncthreads();  // the tile is whole
    for (int c = down; c < SIDE; c += LINES) {
        long long i = tile.top + across, j = tile.left + c;
        if (i < rows && j < columns) out[j * rows + i] = shared[across][c];
    }
    __syncthreads();  // all have read it: the next one may come
}
