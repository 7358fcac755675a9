// A matrix product sum = a x whose second matrix is never stored: its elements are looked up in an image.
//
// A block of 128 threads computes a tile of 64 × 128, a thread 8 × 8 of it, and takes the terms of the sum 8 at a
// time through shared memory. The element at (term, column) of the second matrix is
//
//     x[term.x + column.x], if (d, h, w) = term's + column's position is one of the image's, else 0 (the padding)
//
// so that the work of finding it is shared. A thread looks up in the same columns all along, which are known beforehand.
// What belongs to a term is computed once, by one thread, and without divisions: the next tile's terms are 8 further on
// (Digits::add). While tile i is multiplied, tile i + 1 comes from global memory into registers, and the places of the
// terms of tile i + 2 are found: there are two of everything in shared memory, and one barrier a tile.
//
//     a warp's           across               A warp's threads are 4 rows of 8. A thread's rows (▒) are neighbours,
//     part of          0 1 … 7 0 1 … 7        which it reads of a at once; its columns are 8 apart, so that the warp
//     the tile        ┌────────────────       writes whole sectors.
//                  0  │ ▒       ▒
//                  …  │ ▒       ▒             In shared memory four of a thread's columns lie side by side, to be read
//            down  0  │ ▒       ▒             at once, turned by the term's number; and rows are 4 numbers longer than
//                  1  │                       they need be. So 8 terms of 4 columns lie in different banks.
//
// Of 512 multiply-adds that a thread does of 8 terms, in some 860 instructions for sm_90, 60 % of the time is left to
// them. With 4 × 8 sums a thread, columns read one by one and rows' places computed whenever they are needed it was 44 %.
#pragma once
#include "convolution/shapes.cuh"

constexpr int TALL = 64, WIDE = 128, DEPTH = 8, THREADS = 128, ROWS = 8, COLUMNS = 8;  // of a tile; of a thread
constexpr int OF_A = TALL * DEPTH / THREADS, OF_X = WIDE * DEPTH / THREADS;              // that a thread fetches

// What a term or a column contributes to where two factors lie; 40 bytes, so that neighbours lie in different banks.
struct Place {
    long long a, x;
    int d, h, w;
    long long unused;
};

struct alignas(4 * sizeof(real)) Four {
    real at[4];
};

// This thread's place in the tile: rows are neighbours, columns 8 apart.
__device__ inline int own_row(int i) { return threadIdx.x / 64 * 32 + threadIdx.x % 32 / 8 * 8 + i; }
__device__ inline int own_column(int j) { return threadIdx.x / 32 % 2 * 64 + threadIdx.x % 8 + 8 * j; }

// Adds so many terms, from `first` on; a's row 0 begins at `begin`. BY_TERM: neighbouring terms, rather than columns, are neighbours in x's memory.
template <bool BY_TERM, class TermAt, class ColumnAt>
__device__ void multiply(const real* a, long long begin, long long row_stride, const real* x, Sizes image, int top,
                         int rows, long long left, long long columns, ColumnAt column_at, long long first,
                         long long terms, Sizes radix, TermAt term_at, real (&sum)[ROWS][COLUMNS]) {
    __shared__ Four tile_a[2][DEPTH][TALL / 4 + 1];
    __shared__ Four tile_x[2][DEPTH][WIDE / 4 + 1];
    __shared__ Place term[2][DEPTH], column_of[BY_TERM ? WIDE : 1];
    __shared__ Digits number[DEPTH], step[DEPTH];  // of the terms to be found next: here, for registers are scarce,
    __shared__ long long row_at[TALL];             // and what isn't kept the compiler computes over and over
    int t = threadIdx.x;
    // Which elements this thread fetches.
    auto depth_at = [=](int i) { return BY_TERM ? t % DEPTH : t / WIDE + i * (THREADS / WIDE); };
    auto column_in = [=](int i) { return BY_TERM ? t / DEPTH + i * (THREADS / DEPTH) : t % WIDE; };
    // The column of this thread, or those of all. Those beyond the last see nothing.
    Place column = {0, 0, -(1 << 30), 0, 0, 0};
    if (left + t % WIDE < columns) column = column_at(left + t % WIDE);
    if (BY_TERM && t < WIDE) column_of[t] = column;
    if (t < TALL) row_at[t] = begin + (top + t) * row_stride;
    real from_a[OF_A], from_x[OF_X];
    auto fetch = [&](const Place* term) {
        for (int i = 0; i < OF_A; i++) {
            int row = t / DEPTH + i * (THREADS / DEPTH);
            bool inside = (top + row < rows) & (t % DEPTH < terms);
            from_a[i] = inside ? a[row_at[row] + term[t % DEPTH].a] : real(0);
        }
        for (int i = 0; i < OF_X; i++) {
            int depth = depth_at(i), m = column_in(i);
            const Place &z = term[depth], &c = BY_TERM ? column_of[m] : column;
            bool inside = (depth < terms) & is_inside(z.d + c.d, z.h + c.h, z.w + c.w, image);
            from_x[i] = inside ? x[z.x + c.x] : real(0);
        }
    };
    auto put = [&](int buffer) {
        for (int i = 0; i < OF_A; i++) {
            int row = t / DEPTH + i * (THREADS / DEPTH);
            tile_a[buffer][t % DEPTH][row / 4].at[row % 4] = from_a[i];
        }
        for (int i = 0; i < OF_X; i++) {
            int depth = depth_at(i), m = column_in(i);
            tile_x[buffer][depth][m / 32 * 8 + m % 8].at[(m / 8 + depth) % 4] = from_x[i];
        }
    };

    auto next_term = [&](Place& place) { place = term_at(number[t]), number[t].add(step[t], radix); };
    if (t < DEPTH) {
        step[t] = Digits(DEPTH, radix), number[t] = Digits(first + t, radix);
        next_term(term[0][t]);
        next_term(term[1][t]);
    }
    __syncthreads();  // the first terms are known, the rows and columns
    fetch(term[0]);
    put(0);
    __syncthreads();  // the first tiles are whole
    for (int now = 0; terms > 0; now = 1 - now) {
        int then = 1 - now;
        terms -= DEPTH;
        if (terms > 0) fetch(term[then]);
        if (t < DEPTH) next_term(term[now][t]);
#pragma unroll
        for (int depth = 0; depth < DEPTH; depth++) {
            Four factor[ROWS / 4];
            for (int m = 0; m < ROWS; m += 4) factor[m / 4] = tile_a[now][depth][own_row(m) / 4];
            real seen[COLUMNS];
            for (int n = 0; n < COLUMNS; n += 4) {
                Four four = tile_x[now][depth][own_column(n) / 32 * 8 + t % 8];
                for (int k = 0; k < 4; k++) seen[n + k] = four.at[(k + depth) % 4];
            }
            for (int m = 0; m < ROWS; m++)
                for (int n = 0; n < COLUMNS; n++) sum[m][n] += factor[m / 4].at[m % 4] * seen[n];
        }
        if (terms > 0) put(then);
        __syncthreads();  // the next tiles are whole, and all have read these
    }
}
