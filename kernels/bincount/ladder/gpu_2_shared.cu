// Rung 2: each block counts in shared memory, and adds its counters to everybody's once, at the end.
//
// Atomic operations there are fast, as long as the lanes of a warp count different numbers: those of equal ones come one
// by one. For 65,536 numbers from 0 to 255 the simulator counts 18,432 sectors instead of 68,359, 16,384 of them the
// numbers themselves; as many lanes wait as before, but 132 multiprocessors do so side by side. Not run on a GPU yet.

#include "bincount/count.cuh"
#include "elementwise.cuh"

extern "C" __global__ void count_in_shared_memory(const long long* indices, unsigned long long* counts, long long bins,
                                                  long long size) {
    extern __shared__ unsigned own[];
    clear(own, bins);
    FOR_EACH_ELEMENT(i, size) atomicAdd(&own[indices[i]], 1u);
    add(own, counts, bins);
}
