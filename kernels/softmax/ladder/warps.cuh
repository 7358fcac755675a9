// Sums and maxima over a warp by shuffles: in five steps each lane takes the value of one that is 16, 8, 4, 2, 1 away.
//
//     lane   0   1   2   3          No memory, no barrier; and since a lane and its partner add the same two numbers,
//              ╲ ╱     ╲ ╱          all end with the same result.
//            0+1 0+1 2+3 2+3
//              ╲   ╲ ╱   ╱
//            0+1+2+3  …
#pragma once

template <typename Combine>
__device__ real warp_reduce(real v, Combine combine) {
    for (int other = 16; other > 0; other /= 2) v = combine(v, __shfl_xor_sync(~0u, v, other));
    return v;
}

__device__ inline real warp_sum(real v) {
    return warp_reduce(v, [](real a, real b) { return a + b; });
}

// A NaN may get lost here; the sums that follow a maximum bring it back.
__device__ inline real warp_max(real v) {
    return warp_reduce(v, [](real a, real b) { return a > b ? a : b; });
}
