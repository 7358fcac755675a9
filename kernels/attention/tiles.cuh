// Tiles in shared memory, and what a block of four warps does with them (attention/gpu.cu).
//
//                 other: 32 rows          Each warp owns 4 × R rows of a tile, all of them: so what belongs to a row,
//                  ▒       ▒              its largest score or its sum, is found by shuffles among 8 threads, and
//               ┌─────────────┐           the weights are exchanged within the warp alone.
//             ▒ │  ▓       ▓  │
//       own     │             │           A thread's rows are 4 apart, its columns 8 (▒): the 8 threads of a row read
//             ▒ │  ▓       ▓  │           8 neighbouring rows of the other tile, 16 bytes each. A row is 16 bytes longer
//               └─────────────┘           than its 256, so that those lie in different banks.
//
// With float64 half as many numbers make a row, and half as many rows the other tile.
#pragma once

#include "copies.cuh"

constexpr int THREADS = 128, LANES = 16 / sizeof(real), DEPTH = 16 * LANES, OTHERS = 8 * LANES, EACH = OTHERS / 8;
constexpr int PARTS = 2;  // of a row of the result, a vector each: a thread's columns are 8 vectors apart

struct alignas(16) Vector {
    real at[LANES];
};

template <int ROWS>
struct Tile {
    Vector at[ROWS][DEPTH / LANES + 1];
};

// What the softmax makes of a tile of scores.
template <int ROWS>
struct Weights {
    Vector at[ROWS][OTHERS / LANES + 8 / LANES];

    __device__ real& element(int row, int column) { return at[row][column / LANES].at[column % LANES]; }
};

// A matrix in global memory, each row in one piece.
struct Rows {
    const real* x;
    long long step, rows, columns;
};

__device__ inline int across() { return threadIdx.x % 8; }

// This thread's row i of R.
template <int R>
__device__ int own_row(int i) {
    return threadIdx.x / 32 * 4 * R + threadIdx.x % 32 / 8 + 4 * i;
}

__device__ inline bool in_vectors(const real* x, long long step, long long columns) {
    return (unsigned long long)x % sizeof(Vector) == 0 && step % LANES == 0 && columns % LANES == 0;
}

// *to = *from, or 0, by the time of wait_for_copies.
template <typename T>
__device__ void copy(T* to, const T* from, bool inside) {
    start_copy<sizeof(T)>(to, from, inside ? sizeof(T) : 0);
}

// What was fetched is there for all threads, and all have read what they were reading.
__device__ inline void arrived() {
    wait_for_copies();
    __syncthreads();
}

// How many columns of a tile are used, in whole vectors, where x's begin at `left`.
__device__ inline int used(long long columns, long long left) {
    return min((long long)DEPTH, (columns - left + LANES - 1) / LANES * LANES);
}

// Rows from `top` on and columns from `left` on of x, on their way; zeros beyond its edges.
template <int ROWS>
__device__ void fetch(Tile<ROWS>& tile, Rows x, long long top, long long left) {
    long long rows = x.rows, columns = x.columns;
    int wide = used(columns, left), vector = threadIdx.x % (DEPTH / LANES), first = threadIdx.x / (DEPTH / LANES);
    bool whole = in_vectors(x.x, x.step, columns);
    if (vector * LANES >= wide) return;
    for (int row = first; row < ROWS; row += THREADS / (DEPTH / LANES)) {
        long long column = left + vector * LANES;
        const real* from = x.x + (top + row) * x.step + column;
        Vector* to = &tile.at[row][vector];
        if (whole)
            copy(to, (const Vector*)from, top + row < rows);
        else
            for (int e = 0; e < LANES; e++)
                copy(&to->at[e], from + e, top + row < rows && column + e < columns);
    }
}

// sum += own rows · other rows, over the first `depth` columns.
template <int R>
__device__ __forceinline__ void multiply(real (&sum)[R][EACH], const Tile<16 * R>& own, const Tile<OTHERS>& other, int depth) {
#pragma unroll 4
    for (int d = 0; d < depth / LANES; d++) {
        Vector a[R], b[EACH];
        for (int i = 0; i < R; i++) a[i] = own.at[own_row<R>(i)][d];
        for (int j = 0; j < EACH; j++) b[j] = other.at[across() + 8 * j][d];
        for (int e = 0; e < LANES; e++)
            for (int i = 0; i < R; i++)
                for (int j = 0; j < EACH; j++) sum[i][j] += a[i].at[e] * b[j].at[e];
    }
}

// The same of rows that are wider than a tile: both are fetched piece by piece.
template <int R>
__device__ __forceinline__ void multiply_wide(real (&sum)[R][EACH], Tile<16 * R>& own, Rows a, long long top, Tile<OTHERS>& other, Rows b,
                              long long left) {
    for (long long e = 0; e < a.columns; e += DEPTH) {
        __syncthreads();  // all have read what was here
        fetch(own, a, top, e);
        fetch(other, b, left, e);
        arrived();
        multiply(sum, own, other, used(a.columns, e));
    }
}

// sum += p · other rows, of which `wide` columns are used.
template <int R>
__device__ void add_product(Vector (&sum)[R][PARTS], const Weights<16 * R>& p, const Tile<OTHERS>& other, int wide) {
    for (int k = 0; k < OTHERS / LANES; k++) {
        Vector weight[R];
        for (int i = 0; i < R; i++) weight[i] = p.at[own_row<R>(i)][k];
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            int vector = part * 8 + across();
            if (vector * LANES >= wide) continue;
#pragma unroll
            for (int e = 0; e < LANES; e++) {
                Vector x = other.at[k * LANES + e][vector];
                for (int i = 0; i < R; i++)
                    for (int f = 0; f < LANES; f++) sum[i][part].at[f] += weight[i].at[e] * x.at[f];
            }
        }
    }
}

// Spelled out, for the compiler makes single numbers of it where there is another way to write them, too.
template <typename T>
__device__ void store_vector(T* place, const Vector& v) {
    if constexpr (sizeof(T) == 4)
        asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(place), "f"(T(v.at[0])), "f"(T(v.at[1])),
                     "f"(T(v.at[2])), "f"(T(v.at[3]))
                     : "memory");
    else
        asm volatile("st.global.v2.f64 [%0], {%1, %2};" ::"l"(place), "d"(T(v.at[0])), "d"(T(v.at[1])) : "memory");
}

// Rows from `top` on and columns from `left` on of y = sum, row i times factor(i).
template <int R, typename Factor>
__device__ __forceinline__ void store(const Vector (&sum)[R][PARTS], real* y, long long step, long long top, long long rows,
                      long long left, long long columns, Factor factor) {
    auto each = [&](auto put) {
#pragma unroll
        for (int i = 0; i < R; i++) {
#pragma unroll
            for (int part = 0; part < PARTS; part++) {
                long long row = top + own_row<R>(i), column = left + (part * 8 + across()) * LANES;
                if (row >= rows || column >= columns) continue;
                Vector v = sum[i][part];
                for (int e = 0; e < LANES; e++) v.at[e] *= factor(i);
                put(y + row * step + column, v, column);
            }
        }
    };
    if (in_vectors(y, step, columns))
        each([](real* place, const Vector& v, long long) { store_vector(place, v); });
    else
        each([=](real* place, const Vector& v, long long column) {
            for (int e = 0; e < LANES; e++)
                if (column + e < columns) place[e] = v.at[e];
        });
}
