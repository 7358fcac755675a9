// The sums over a warp of many numbers at once: at each step a lane hands half of what it has to the lane opposite, which
// keeps that half. Of 32 numbers that takes 31 shuffles; one after the other they would take 160.
//
//     lane 0   a b c d        a b          a       In the end lane l has the sums of the numbers from COUNT / 32 · l on. With
//          1   a b c d  ──►   a b   ──►    b       LAST it is over when so many neighbours have parts of the same sums.
//          2   a b c d        c d          c
//          3   a b c d        c d          d
#pragma once

template <int COUNT, int LAST = 1, int OTHER = 16>
__device__ __forceinline__ void exchange(real (&sums)[COUNT]) {
    constexpr int HALF = COUNT * OTHER / 32;
    bool upper = threadIdx.x & OTHER;
#pragma unroll
    for (int k = 0; k < HALF; k++) {
        real kept = upper ? sums[k + HALF] : sums[k], given = upper ? sums[k] : sums[k + HALF];
        sums[k] = kept + __shfl_xor_sync(~0u, given, OTHER);
    }
    if constexpr (OTHER > LAST) exchange<COUNT, LAST, OTHER / 2>(sums);
}
