// How rungs 6 to 8 copy a tile: each thread a vector of 16 bytes, along whichever axis is contiguous in memory.
#pragma once
#include "matmul/ladder/edges.cuh"

constexpr int TILE = 128, DEPTH = 32 / sizeof(real), THREADS = TILE * DEPTH / V;  // 256 threads

// V neighbours: along the terms where those lie side by side, else along the lines. Where they don't lie whole within
// the matrix, and at a multiple of 16 bytes, one by one.
__device__ inline Vector neighbours(const Operand& from, long long line, long long term) {
    bool along_terms = from.term_stride == 1;
    const real* place = from.data + line * from.line_stride + term * from.term_stride;
    bool side_by_side = along_terms || from.line_stride == 1;
    bool whole = line + (along_terms ? 1 : V) <= from.lines && term + (along_terms ? V : 1) <= from.terms;
    if (side_by_side && whole && is_aligned(place)) return *reinterpret_cast<const Vector*>(place);
    Vector v;
    for (int e = 0; e < V; e++) v.at[e] = along_terms ? number(from, line, term + e) : number(from, line + e, term);
    return v;
}

// A tile in shared memory, term by term: what lies along the terms in memory is turned on the way.
template <int WIDTH>
__device__ inline void copy_tile(real (&tile)[DEPTH][WIDTH], const Operand& from, long long line, long long term) {
    if (from.term_stride == 1) {
        int first = threadIdx.x / (DEPTH / V), depth = threadIdx.x % (DEPTH / V) * V;
        Vector v = neighbours(from, line + first, term + depth);
        for (int e = 0; e < V; e++) tile[depth + e][first] = v.at[e];
    } else {
        int first = threadIdx.x % (TILE / V) * V, depth = threadIdx.x / (TILE / V);
        *reinterpret_cast<Vector*>(&tile[depth][first]) = neighbours(from, line + first, term + depth);
    }
}
