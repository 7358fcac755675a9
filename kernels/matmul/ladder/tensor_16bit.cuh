// Tiles of 16-bit numbers in shared memory: 32 terms, 64 bytes a line, as 16 terms of float32 in tensor_copies.cuh.
#pragma once
#include "matmul/ladder/tensor.cuh"

constexpr int DEPTH = 32;

typedef unsigned short Bits16;  // of a bfloat16, or of a half

// As in tensor_copies.cuh, with 8 numbers in a piece of 16 bytes. Along terms a line is 4 pieces, 64 bytes, as there;
// across lines a term is 16 pieces, and ldmatrix reads the same piece of 8 terms: it lies at piece ^ (term % 8).
template <bool ALONG_TERMS>
__device__ int place_in_tile(int line, int term) {
    if (ALONG_TERMS) return line * DEPTH + ((term / 8) ^ (line / 2 % 4)) * 8 + term % 8;
    return term * TILE + ((line / 8) ^ (term % 8)) * 8 + line % 8;
}

// 16 lines of 16 terms into registers.
template <bool ALONG_TERMS>
__device__ void load_fragment(unsigned (&to)[4], const Bits16* tile, int line, int term) {
    int lane = threadIdx.x % 32;
    if (ALONG_TERMS) {
        load_matrices(to, tile + place_in_tile<true>(line + lane % 16, term + lane / 16 * 8));
    } else {
        int down = lane % 8 + lane / 16 * 8, across = lane / 8 % 2 * 8;
        load_matrices_transposed(to, tile + place_in_tile<false>(line + across, term + down));
    }
}
