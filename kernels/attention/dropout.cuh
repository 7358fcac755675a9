// Dropout of attention's weights: its mask, a tile at a time, wherever it is wanted.
#pragma once

#include "attention/tiles.cuh"
#include "random/philox.cuh"

// Which pairs dropout keeps, as factors of the warp's own rows: `kept` or 0. A counter's four keys are columns, or rows
// where own rows are keys.
template <int R, bool KEYS_ARE_ROWS>
__device__ void draw(Weights<16 * R>& factors, long long counter, long long queries, long long seed,
                     const long long* place, long long limit, real kept) {
    take(place, seed, counter);
    int first = threadIdx.x / 32 * 4 * R;
    for (int e = threadIdx.x % 32; e < R * OTHERS; e += 32) {
        int four = KEYS_ARE_ROWS ? first / 4 + e / OTHERS : e % (OTHERS / 4);
        int query = KEYS_ARE_ROWS ? e % OTHERS : first + e / (OTHERS / 4);
        Words words = philox(counter + four * queries + query, seed);
        for (int i = 0; i < 4; i++) {
            real factor = words.word[i] < limit ? kept : real(0);
            factors.element(KEYS_ARE_ROWS ? four * 4 + i : query, KEYS_ARE_ROWS ? query : four * 4 + i) = factor;
        }
    }
    __syncwarp();  // all are drawn
}
