// What the histograms share: a block's own counters, in shared memory.
#pragma once

// Cleared by all threads of the block, and whole for all of them.
__device__ inline void clear(unsigned* own, long long bins) {
    for (long long b = threadIdx.x; b < bins; b += blockDim.x) own[b] = 0;
    __syncthreads();  // all are 0
}

// Added to everybody's, when all threads of the block have counted.
__device__ inline void add(unsigned* own, unsigned long long* counts, long long bins) {
    __syncthreads();  // all have counted
    for (long long b = threadIdx.x; b < bins; b += blockDim.x)
        if (own[b]) atomicAdd(&counts[b], (unsigned long long)own[b]);
}
