// Tiles of float32 in shared memory, brought by asynchronous copies while tensor cores work on the tiles before.
//
// A tile has 16 terms; two steps' tiles are on their way, 32 KB a block. In shared memory pieces of 16 bytes change places
// (an exclusive or), so that neither copies nor reads meet in a bank:
//
//     along terms   a line is 4 pieces, two lines are all 32 banks; ldmatrix reads a piece of each of 8 lines:
//
//         lines 0, 1   │ 0 1 2 3 │ 0 1 2 3 │     piece p of line l lies at p ^ (l / 2 % 4)
//         lines 2, 3   │ 1 0 3 2 │ 1 0 3 2 │
//         lines 4, 5   │ 2 3 0 1 │ 2 3 0 1 │
//         lines 6, 7   │ 3 2 1 0 │ 3 2 1 0 │
//
//     across lines  a term is 128 numbers, four times all banks; a warp reads 8 lines of 4 terms at once:
//                   line l of term k lies at l ^ (8 (k % 4)), each of the four terms in other banks
#pragma once
#include "matmul/ladder/tensor_walk.cuh"

constexpr int DEPTH = 16;

template <bool ALONG_TERMS>
__device__ int place_in_tile(int line, int term) {
    if (ALONG_TERMS) return line * DEPTH + ((term / 4) ^ (line / 2 % 4)) * 4 + term % 4;
    return term * TILE + line / 32 * 32 + ((line / 8 % 4) ^ (term % 4)) * 8 + line % 8;
}

// Begin to copy a tile of a factor's next terms: by 16 bytes where memory allows, else by numbers. Neighbouring
// threads take neighbours in memory.
template <bool ALONG_TERMS>
__device__ void copy_tile(float* tile, const Factor<ALONG_TERMS>& factor, int terms) {
    if (factor.together) {
#pragma unroll
        for (int e = threadIdx.x * 4; e < TILE * DEPTH; e += THREADS * 4) {
            int line = ALONG_TERMS ? e / DEPTH : e % TILE, term = ALONG_TERMS ? e % DEPTH : e / TILE;
            float* to = tile + place_in_tile<ALONG_TERMS>(line, term);
            start_copy<16>(to, factor.at(line, term), factor.inside(line, term, terms) * 4);
        }
    } else {
#pragma unroll 1
        for (int e = threadIdx.x; e < TILE * DEPTH; e += THREADS) {
            int line = ALONG_TERMS ? e / DEPTH : e % TILE, term = ALONG_TERMS ? e % DEPTH : e / TILE;
            float* to = tile + place_in_tile<ALONG_TERMS>(line, term);
            start_copy<4>(to, factor.at(line, term), factor.inside(line, term, terms) ? 4 : 0);
        }
    }
}

// 16 lines of 8 terms into registers: from `line` on, of those that the warp has from `first` on, a multiple of 32.
template <bool ALONG_TERMS>
__device__ void load_fragment(float (&to)[4], const float* tile, int first, int line, int term) {
    tile += first * (ALONG_TERMS ? DEPTH : 1);
    int lane = threadIdx.x % 32;
    if (ALONG_TERMS) {
        unsigned r[4];
        load_matrices(r, tile + place_in_tile<true>(line + lane % 16, term + lane / 16 * 4));
        for (int k = 0; k < 4; k++) to[k] = __uint_as_float(r[k]);
    } else {
        for (int k = 0; k < 4; k++)
            to[k] = tile[place_in_tile<false>(line + lane / 4 + k % 2 * 8, term + lane % 4 + k / 2 * 4)];
    }
}

using Tiles = Stages<float, DEPTH>;
