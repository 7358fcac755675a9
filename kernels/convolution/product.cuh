// A matrix product sum = a x whose second matrix is never stored: its elements are looked up in an image.
//
// As in matmul/gpu.cu a block of 16 × 16 threads computes a 64 × 64 tile, 4 × 4 elements a thread, and takes the terms
// of the sum 16 at a time through shared memory. Here the element at (term, column) of the second matrix is
//
//     x[term.x + column.x], if (d, h, w) = term's + column's position is one of the image's, else 0 (the padding)
//
// so that the work of finding it is shared: what belongs to a column is computed once, what belongs to a term once
// a tile, by one thread, and without divisions: the next tile's terms are 16 further on (Digits::add).
//
//                     column: one for each of 64              term: one for each of 16
//                    ┌────────────────┐                       they are replaced while the block multiplies, when
//              term  │                │                       nobody looks them up
//                    └────────────────┘ tile of x
#pragma once
#include "convolution/shapes.cuh"

constexpr int TILE = 64, DEPTH = 16, SIDE = 16, EACH = TILE / SIDE, THREADS = SIDE * SIDE;

// What a term or a column contributes to where two factors lie.
struct Place {
    long long a, x;
    int d, h, w;
};

// Adds the terms from `first` on. BY_TERM: neighbouring terms, rather than columns, are neighbours in x's memory.
template <bool BY_TERM, class TermAt, class ColumnAt>
__device__ void multiply(const real* a, long long row_stride, const real* x, Sizes image, long long top, long long rows,
                         long long left, long long columns, ColumnAt column_at, long long first, long long terms,
                         Sizes radix, TermAt term_at, real (&sum)[EACH][EACH]) {
    __shared__ real tile_a[DEPTH][TILE + 1];  // transposed; one column more, so that writing has no conflicts
    __shared__ real tile_x[DEPTH][TILE + 1];
    __shared__ Place term[DEPTH], column[TILE];
    int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;

    if (threadIdx.x < TILE) column[threadIdx.x] = column_at(left + threadIdx.x);
    Digits number(first + threadIdx.x % DEPTH, radix), step(DEPTH, radix);
    if (threadIdx.x < DEPTH) term[threadIdx.x] = term_at(number);
    __syncthreads();  // terms and columns are known
    long long steps = (terms - first + DEPTH - 1) / DEPTH, k = first;
    for (long long i = 0; i < steps; i++, k += DEPTH) {
        for (int e = threadIdx.x; e < TILE * DEPTH; e += THREADS) {
            int depth = e % DEPTH, m = e / DEPTH;
            bool inside = top + m < rows && k + depth < terms;
            tile_a[depth][m] = inside ? a[(top + m) * row_stride + term[depth].a] : real(0);

            if (!BY_TERM) depth = e / TILE, m = e % TILE;
            const Place &t = term[depth], &c = column[m];
            inside = left + m < columns && k + depth < terms && is_inside(t.d + c.d, t.h + c.h, t.w + c.w, image);
            tile_x[depth][m] = inside ? x[t.x + c.x] : real(0);
        }
        __syncthreads();  // the tiles are whole
        if (threadIdx.x < DEPTH) {
            number.add(step, radix);
            term[threadIdx.x] = term_at(number);
        }
        for (int depth = 0; depth < DEPTH; depth++) {
            real from_a[EACH], from_x[EACH];
            for (int e = 0; e < EACH; e++) {
                from_a[e] = tile_a[depth][down + e * SIDE];
                from_x[e] = tile_x[depth][across + e * SIDE];
            }
            for (int i = 0; i < EACH; i++)
                for (int j = 0; j < EACH; j++) sum[i][j] += from_a[i] * from_x[j];
        }
        __syncthreads();  // all have read: the tiles may be overwritten
    }
}
