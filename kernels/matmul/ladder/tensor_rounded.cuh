// Products of factors that lie in memory of their own, rounded to 16 bits (rungs 13 and 14). There a matrix's rows are
// padded to `pitch` numbers, a multiple of 8, so that all copies are of 16 bytes; what is beyond the matrix is 0.
#pragma once
#include "matmul/ladder/tensor_16bit.cuh"
#include "matmul/ladder/tensor_walk.cuh"

// A factor's matrices as they are before: rows and columns in memory, neighbours in a row nearest where any are near.
#define FACTOR_ARGUMENTS                                                                               \
    const real *from, real *to, long long rows, long long columns, long long from_stack, long long from_row, \
        long long from_column, long long pitch

// Four numbers of a row from `column` on; those beyond the row's `columns` are 0.
__device__ inline void read_four(float (&four)[4], const real* row, long long column, long long columns,
                                 long long stride) {
    const real* start = row + column * stride;
    bool together = stride == 1 && column + 4 <= columns && is_aligned(start);
    if (together && sizeof(real) == sizeof(float)) {
        float4 read = *reinterpret_cast<const float4*>(start);
        four[0] = read.x, four[1] = read.y, four[2] = read.z, four[3] = read.w;
    } else {
        for (int k = 0; k < 4; k++) four[k] = column + k < columns ? float(start[k * stride]) : 0;
    }
}

// A rounded factor from the tile's first line and the next term on.
template <bool ALONG_TERMS>
struct Rounded {
    const Bits16* data;
    long long pitch;
    int lines;  // in the tile

    __device__ Rounded(const real* all, long long stack_stride, long long pitch, long long first, long long lines)
        : data(reinterpret_cast<const Bits16*>(all) + blockIdx.y * stack_stride + first * (ALONG_TERMS ? pitch : 1)),
          pitch(pitch),
          lines(lines - first < TILE ? lines - first : TILE) {}

    __device__ void advance(int terms) { data += terms * (ALONG_TERMS ? 1 : pitch); }
};

template <bool ALONG_TERMS>
__device__ void copy_tile(Bits16* tile, const Rounded<ALONG_TERMS>& factor, int terms) {
#pragma unroll 1  // unrolled, it would need more registers than two blocks have
    for (int e = threadIdx.x * 8; e < TILE * DEPTH; e += THREADS * 8) {
        int line = ALONG_TERMS ? e / DEPTH : e % TILE, term = ALONG_TERMS ? e % DEPTH : e / TILE;
        long long at = ALONG_TERMS ? line * factor.pitch + term : term * factor.pitch + line;
        bool inside = line < factor.lines && term < terms;
        start_copy<16>(tile + place_in_tile<ALONG_TERMS>(line, term), factor.data + at, inside ? 16 : 0);
    }
}

using Tiles = Stages<Bits16, DEPTH>;

// What a tile of each factor adds to the sums; `multiply` is an instruction of mma.cuh.
template <typename Multiply>
__device__ __forceinline__ void multiply_tiles(Sums& sums, const Place& place, const Bits16* tile_a,
                                               const Bits16* tile_b, Multiply multiply) {
#pragma unroll
    for (int term = 0; term < DEPTH; term += 16) {
        unsigned from_b[ACROSS / 2][4];
        for (int j = 0; j < ACROSS / 2; j++)
            load_fragment<B_ALONG_TERMS, true>(from_b[j], tile_b, place.column(j * 2), term);
        for (int i = 0; i < DOWN; i++) {
            unsigned from_a[4];
            load_fragment<A_ALONG_TERMS, false>(from_a, tile_a, place.warp_row + i * 16, term);
            for (int j = 0; j < ACROSS; j++)
                multiply(sums.at[i][j], from_a, from_b[j / 2][j % 2 * 2], from_b[j / 2][j % 2 * 2 + 1]);
        }
    }
}
