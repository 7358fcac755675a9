// Tiles of 16-bit numbers in shared memory: 32 terms, 64 bytes a line, as 16 terms of float32 in tensor_copies.cuh.
#pragma once
#include "matmul/ladder/tensor.cuh"

constexpr int DEPTH = 32, PANEL = 64;  // terms of a tile; lines of a panel

typedef unsigned short Bits16;  // of a bfloat16, or of a half

// As in tensor_copies.cuh, with 8 numbers in a piece of 16 bytes. A tile is panels of 64 lines, 4 KB each. Along terms a
// line is 4 pieces, 64 bytes, as there; across lines a term is 8 pieces, all banks, and ldmatrix reads the same piece of
// 8 terms: it lies at piece ^ (term % 8).
template <bool ALONG_TERMS>
__device__ int place_in_tile(int line, int term) {
    if (ALONG_TERMS) return line * DEPTH + ((term / 8) ^ (line / 2 % 4)) * 8 + term % 8;
    return line / PANEL * (PANEL * DEPTH) + term * PANEL + ((line / 8 % 8) ^ (term % 8)) * 8 + line % 8;
}

// 16 lines of 16 terms into registers, from a `line` and a `term` that are multiples of 8 and of 16. Of b two matrices
// change places: its first 8 lines are r[0] and r[1] instead of r[0] and r[2], neighbours, as the instruction wants them.
template <bool ALONG_TERMS, bool OF_B>
__device__ void load_fragment(unsigned (&to)[4], const Bits16* tile, int line, int term) {
    int lane = threadIdx.x % 32, odd = lane / 8 % 2 * 8, high = lane / 16 * 8;
    int across = lane % 8 + (OF_B ? high : odd), down = OF_B ? odd : high;
    if (ALONG_TERMS) {
        load_matrices(to, tile + line * DEPTH + place_in_tile<true>(across, term + down));
    } else {
        load_matrices_transposed(to, tile + place_in_tile<false>(line + across - lane % 8, term + down + lane % 8));
    }
}
