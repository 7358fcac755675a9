// Histograms on the GPU: a warp adds up its equal numbers before it counts them, in counters of its block's own.
//
//     a warp's numbers    3 1 3 3 7 1 3 …      one instruction, __match_any_sync, tells each lane which ones have its
//     who counts          ▲ ▲     ▲            number: the lowest of those counts for all, so that no two lanes meet in
//     how many            4 2     1            a counter, and equal numbers cost no more than different ones
//
// Where counters are too many for shared memory (gpu.py), blocks count in everybody's.

#include "bincount/count.cuh"

template <typename Add>
__device__ void count(const long long* indices, long long n, Add add_to) {
    long long step = gridDim.x * (long long)blockDim.x, last = (n + 31) / 32 * 32;  // whole warps go through the loop
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < last; i += step) {
        long long bin = i < n ? indices[i] : -1;
        unsigned same = __match_any_sync(~0u, bin);
        if (bin >= 0 && threadIdx.x % 32 == __ffs(same) - 1) add_to(bin, __popc(same));
    }
}

extern "C" __global__ void count_in_shared_memory(const long long* indices, unsigned long long* counts, long long bins,
                                                  long long n) {
    extern __shared__ unsigned own[];
    clear(own, bins);
    count(indices, n, [&](long long bin, unsigned many) { atomicAdd(&own[bin], many); });
    add(own, counts, bins);
}

extern "C" __global__ void count_in_global_memory(const long long* indices, unsigned long long* counts, long long n) {
    count(indices, n, [&](long long bin, unsigned long long many) { atomicAdd(&counts[bin], many); });
}
