// Rung 1: a thread a number, which it counts by an atomic operation.
//
// All counters lie in the second-level cache, and what is added to one of them is added one after the other: of 65,536
// numbers from 0 to 255 the simulator counts 3,816 lanes that wait for another of their warp, of equal ones 63,488. 2²⁶ of
// them at one a cycle are 40 ms on an H100. Not run on a GPU yet.

#include "elementwise.cuh"

extern "C" __global__ void count(const long long* indices, unsigned long long* counts, long long size) {
    FOR_EACH_ELEMENT(i, size) atomicAdd(&counts[indices[i]], 1ull);
}
