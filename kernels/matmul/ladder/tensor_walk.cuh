// How copies and products take turns: three stages of tiles, of which one is worked on while two are on their way.
#pragma once
#include "matmul/ladder/tensor.cuh"

constexpr int STAGES = 3;

// The shared memory of a block.
template <typename Number, int DEPTH>
struct Stages {
    static constexpr int depth = DEPTH;  // terms
    Number a[STAGES][TILE * DEPTH], b[STAGES][TILE * DEPTH];
};

// Walk along the sum: `multiply(tile_a, tile_b)` is called for each step's tiles, which copy_tile(tile, factor, terms)
// begins to copy two steps before. Every thread of the block must call.
template <typename Tiles, typename A, typename B, typename Multiply>
__device__ void walk(Tiles& tiles, A a, B b, long long terms, Multiply multiply) {
    constexpr int DEPTH = Tiles::depth;
    long long left = terms;
    auto copy_next = [&](int stage) {
        if (left > 0) {
            int here = left < DEPTH ? left : DEPTH;
            copy_tile(tiles.a[stage], a, here);
            copy_tile(tiles.b[stage], b, here);
            a.advance(DEPTH);
            b.advance(DEPTH);
        }
        commit_copies();  // a group each step, be it empty: so the number of groups to wait for is always the same
        left -= DEPTH;
    };
    for (int stage = 0; stage < STAGES - 1; stage++) copy_next(stage);
    int stage = 0;
    while (left + (STAGES - 1) * DEPTH > 0) {
        wait_copies<1>();  // this step's tile is here, for this thread's part,
        __syncthreads();   // for everybody's; and all have done with the tile that is overwritten next
        copy_next(stage == 0 ? STAGES - 1 : stage - 1);
        multiply(tiles.a[stage], tiles.b[stage]);
        stage = stage == STAGES - 1 ? 0 : stage + 1;
    }
}
