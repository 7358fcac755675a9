// Tiles of float32 and their products on tensor cores, each number split in two of tf32: of big + small times
// big + small three products are summed, eight terms at a time there, the rest in float32, to the nearest (matmul's
// rung 11 says why).
#pragma once

#include "attention/ladder/tensor_tiles.cuh"

typedef float Number;
constexpr bool ROUNDED = false;

// Begin to copy so many rows from `top` on: zeros beyond the edges. A thread has the same piece of several rows; those
// that no product takes are left out.
template <int COUNT, int THREADS>
__device__ void copy_tile(float* tile, const real* x, long long step, long long top, long long rows, int columns) {
    constexpr int PIECES = WIDTH / 4, NEXT = THREADS / PIECES;
    int piece = threadIdx.x % PIECES, first = threadIdx.x / PIECES, inside = min(columns - piece * 4, 4);
    int exist = rows - top < COUNT ? rows - top : COUNT;
    if (piece * 4 >= ((columns + 15) & ~15)) return;
    const real* from = x + (top + first) * step + piece * 4;
    if (in_pieces(x, step, 4)) {
#pragma unroll
        for (int row = first; row < COUNT; row += NEXT, from += NEXT * step)
            start_copy<16>(tile + place_in_tile<float>(row, piece), from, row < exist && inside > 0 ? inside * 4 : 0);
    } else {
#pragma unroll 1
        for (int row = first; row < COUNT; row += NEXT, from += NEXT * step)
            for (int i = 0; i < 4; i++)
                start_copy<4>(tile + place_in_tile<float>(row, piece) + i, from + i, row < exist && i < inside ? 4 : 0);
    }
}

// A fragment of 16 rows and 8 columns (mma.cuh).
__device__ inline void load_fragment(float (&to)[4], const float* tile, int row, int column) {
    int lane = threadIdx.x % 32;
    unsigned r[4];
    load_matrices(r, tile + place_in_tile<float>(row + lane % 16, column / 4 + lane / 16));
    for (int k = 0; k < 4; k++) to[k] = __uint_as_float(r[k]);
}

// sum += a b, three products of 8 terms.
__device__ inline void add_product(float (&sum)[4], const unsigned (&big_a)[4], const unsigned (&small_a)[4],
                                   unsigned big_0, unsigned big_1, unsigned small_0, unsigned small_1) {
    float part[4] = {};
    multiply_tf32(part, small_a, big_0, big_1);
    multiply_tf32(part, big_a, small_0, small_1);
    multiply_tf32(part, big_a, big_0, big_1);
    for (int r = 0; r < 4; r++) sum[r] += part[r];
}

// s += own rows, 16 from `row` on, · other rows, 8 N of them.
template <int N>
__device__ __forceinline__ void multiply(float (&s)[N][4], const float* own, int row, const float* others,
                                         int columns) {
    int lane = threadIdx.x % 32, steps = (columns + 7) / 8;
    float found[4];
    unsigned big[4], small[4];
#pragma unroll
    for (int e = 0; e < WIDTH / 8; e++) {
        if (e >= steps) break;
        float a[4];
        unsigned big_a[4], small_a[4];
        load_fragment(a, own, row, e * 8);
        split_tf32(a, big_a, small_a);
        if constexpr (N == 1) {  // one load for two steps
            int half = e % 2 * 2;
            if (half == 0) {
                unsigned r[4];
                load_matrices(r, others + place_in_tile<float>(lane % 8, e * 2 + lane / 8));
                for (int k = 0; k < 4; k++) found[k] = __uint_as_float(r[k]);
                split_tf32(found, big, small);
            }
            add_product(s[0], big_a, small_a, big[half], big[half + 1], small[half], small[half + 1]);
        } else {
#pragma unroll
            for (int j = 0; j < N; j += 2) {
                load_fragment(found, others, j * 8, e * 8);
                split_tf32(found, big, small);
                for (int i = 0; i < 2; i++)
                    add_product(s[j + i], big_a, small_a, big[i], big[i + 2], small[i], small[i + 2]);
            }
        }
    }
}

// Of eight other rows lane l has weights of 2t and 2t + 1, where the product wants terms t and t + 4 (t = l % 4): so
// those are what terms are called, of the others as well. Likewise with columns: a lane reads two neighbours, one for
// each of two products, and in the end has four neighbours of the sum.
//
// sum += p · other rows.
template <int N>
__device__ __forceinline__ void add(float (&sum)[WIDTH / 8][4], const float (&p)[N][4], const float* others,
                                    int columns) {
    int lane = threadIdx.x % 32, pairs = (columns + 15) / 16;
#pragma unroll
    for (int j = 0; j < N; j++) {
        unsigned big_p[4], small_p[4];
        float turned[4] = {p[j][0], p[j][2], p[j][1], p[j][3]};
        split_tf32(turned, big_p, small_p);
        int key = j * 8 + pair();
#pragma unroll
        for (int c = 0; c < WIDTH / 16; c++) {
            if (c >= pairs) break;
            int piece = c * 4 + lane / 8, in_piece = lane / 4 % 2 * 2;
            const float* tile = others + in_piece;
            float2 one = *reinterpret_cast<const float2*>(tile + place_in_tile<float>(key, piece));
            float2 two = *reinterpret_cast<const float2*>(tile + place_in_tile<float>(key + 1, piece));
            float found[4] = {one.x, one.y, two.x, two.y};
            unsigned big[4], small[4];
            split_tf32(found, big, small);
            for (int i = 0; i < 2; i++)
                add_product(sum[2 * c + i], big_p, small_p, big[i], big[i + 2], small[i], small[i + 2]);
        }
    }
}

// One of the lane's two rows of the sum.
__device__ __forceinline__ void store_row(real* row, bool together, int columns, const float (&sum)[WIDTH / 8][4],
                                          int half) {
#pragma unroll
    for (int c = 0; c < WIDTH / 16; c++) {
        const float *one = sum[2 * c] + 2 * half, *two = sum[2 * c + 1] + 2 * half;
        float x[4] = {one[0], two[0], one[1], two[1]};
        put(row, together, c * 16 + threadIdx.x % 4 * 4, columns, x);
    }
}
