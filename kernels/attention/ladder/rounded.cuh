// Tiles of bfloat16 and their products on tensor cores. Numbers are rounded once, in memory of their own, for
// asynchronous copies can't round; kernels see such memory as an array of float32, each number of which is two.
#pragma once

#include "attention/ladder/tensor_tiles.cuh"
#include "elementwise.cuh"

typedef unsigned short bf16;  // its bits
typedef bf16 Number;
constexpr bool ROUNDED = true;

// Four numbers of a row, of which `inside` exist, times a factor, rounded.
__device__ void round_into(void* to, const real* from, long long inside, bool together, float factor) {
    float x[4];
    if (together && inside >= 4)
        *reinterpret_cast<float4*>(x) = *reinterpret_cast<const float4*>(from);
    else
        for (int i = 0; i < 4; i++) x[i] = i < inside ? float(from[i]) : 0;
    for (int i = 0; i < 4; i++) x[i] *= factor;
    unsigned long long four = 0;  // in one number: of two the compiler would make two stores
    if (TENSOR_CORES) four = to_bf16(x[0], x[1]) | static_cast<unsigned long long>(to_bf16(x[2], x[3])) << 32;
    *static_cast<unsigned long long*>(to) = four;
}

// Rows of all heads times a factor, rounded, each padded with zeros to `pitch` numbers, a multiple of 16.
extern "C" __global__ void round_rows(ROWS_OF(const real, x), real* to, long long heads, long long rows,
                                      long long columns, long long pitch, real factor, long long n) {
    FOR_EACH_ELEMENT(i, n) {
        long long fours = pitch / 4, row = i / fours % rows, head = i / fours / rows, column = i % fours * 4;
        const real* x_of = HEAD(x, head / heads, head % heads);
        bool together = in_pieces(x_of, x_row, 4);
        const real* from = x_of + row * x_row + column;
        round_into(reinterpret_cast<unsigned long long*>(to) + i, from, columns - column, together, factor);
    }
}

// Begin to copy so many rounded rows from `top` on: zeros beyond the last. A thread has the same piece of several rows;
// those that no product takes are left out.
template <int COUNT, int THREADS>
__device__ void copy_tile(bf16* tile, const real* x, long long step, long long top, long long rows, int columns) {
    constexpr int PIECES = WIDTH / 8, NEXT = THREADS / PIECES;
    int piece = threadIdx.x % PIECES, first = threadIdx.x / PIECES;
    int exist = rows - top < COUNT ? rows - top : COUNT;
    if (piece * 8 >= ((columns + 15) & ~15)) return;
    const real* from = x + (top + first) * step + piece * 4;
#pragma unroll
    for (int row = first; row < COUNT; row += NEXT, from += NEXT * step)
        start_copy<16>(tile + place_in_tile<bf16>(row, piece), from, row < exist ? 16 : 0);
}

// Eight other rows from `row` on, and in r[2], r[3] the next eight: so that what one product takes are neighbours.
__device__ inline void load_others(unsigned (&r)[4], const bf16* others, int row, int piece) {
    int lane = threadIdx.x % 32;
    load_matrices(r, others + place_in_tile<bf16>(row + lane % 8 + lane / 16 * 8, piece + lane / 8 % 2));
}

// s += own rows, 16 from `row` on, · other rows, 8 N of them.
template <int N>
__device__ __forceinline__ void multiply(float (&s)[N][4], const bf16* own, int row, const bf16* others, int columns) {
    int lane = threadIdx.x % 32, steps = (columns + 15) / 16;
#pragma unroll
    for (int e = 0; e < WIDTH / 16; e++) {
        if (e >= steps) break;
        unsigned a[4];
        load_matrices(a, own + place_in_tile<bf16>(row + lane % 16, e * 2 + lane / 16));
#pragma unroll
        for (int j = 0; j < N; j += 2) {
            unsigned found[4];
            load_others(found, others, j * 8, e * 2);
            for (int i = 0; i < 2; i++) multiply_bf16(s[j + i], a, found[2 * i], found[2 * i + 1]);
        }
    }
}

// sum += p · other rows. Two products' weights, of 8 rows each, are a fragment of 16 terms where they lie.
template <int N>
__device__ __forceinline__ void add(float (&sum)[WIDTH / 8][4], const float (&p)[N][4], const bf16* others,
                                    int columns) {
    int lane = threadIdx.x % 32, pairs = (columns + 15) / 16;
#pragma unroll
    for (int j = 0; j < N; j += 2) {
        unsigned weights[4] = {to_bf16(p[j][0], p[j][1]), to_bf16(p[j][2], p[j][3]),
                               to_bf16(p[j + 1][0], p[j + 1][1]), to_bf16(p[j + 1][2], p[j + 1][3])};
#pragma unroll
        for (int c = 0; c < WIDTH / 16; c++) {
            if (c >= pairs) break;
            unsigned found[4];
            load_matrices_transposed(found, others + place_in_tile<bf16>(j * 8 + lane % 16, c * 2 + lane / 16));
            for (int i = 0; i < 2; i++) multiply_bf16(sum[2 * c + i], weights, found[2 * i], found[2 * i + 1]);
        }
    }
}

// One of the lane's two rows of the sum.
__device__ __forceinline__ void store_row(real* row, bool together, int columns, const float (&sum)[WIDTH / 8][4],
                                          int half) {
#pragma unroll
    for (int c = 0; c < WIDTH / 8; c++) {
        float x[2] = {sum[c][2 * half], sum[c][2 * half + 1]};
        put(row, together, c * 8 + pair(), columns, x);
    }
}
