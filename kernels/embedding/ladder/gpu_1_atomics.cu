// Rung 1: a thread a number of the gradient, which it adds to its row by an atomic operation.
//
// Short, and nothing has to be sorted. But additions to one number come one after the other, in the second-level
// cache, so a frequent row holds up everything; and in an order that differs from run to run, so that the last bits of
// a sum do too. Of 2048 positions of 100 × 128 the simulator counts 73,728 sectors: a sector's numbers are read from
// the gradient and looked up with their index, and 262,144 single additions. Not run on a GPU yet; __init__.py
// predicts times.

#include "elementwise.cuh"

// Indices haven't been looked at; as an unsigned number, −1 is too large as well.
extern "C" __global__ void scatter(const real* grad, const unsigned long long* indices, real* out, long long padding,
                                   long long table, long long columns, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        unsigned long long row = indices[i / columns];
        if (row < table && row != padding) atomicAdd(&out[row * columns + i % columns], grad[i]);
    }
}

extern "C" __global__ void count(const unsigned long long* indices, unsigned long long* counts, long long table,
                                 long long size) {
    FOR_EACH_ELEMENT(k, size) {
        if (indices[k] < table) atomicAdd(&counts[indices[k]], 1ull);
    }
}

extern "C" __global__ void divide(real* out, const long long* counts, long long columns, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        if (counts[i / columns] > 1) out[i] /= counts[i / columns];
    }
}
