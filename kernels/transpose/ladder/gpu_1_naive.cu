// Rung 1: a thread a number, neighbouring threads along a row of x.
//
// They read neighbours, but write numbers a column apart: each in a sector of its own, of which it fills an eighth. Of
// 256 × 256 the simulator counts 73,728 sectors where 16,384 would do; of 8192 × 8192 that is 2.4 GB for the second-level
// cache, which gathers the eighths: 0.4 ms on an H100. Not run on a GPU yet.

#include "elementwise.cuh"

extern "C" __global__ void transpose(const real* x, real* out, long long rows, long long columns, long long size) {
    FOR_EACH_ELEMENT(i, size) {
        long long row = i / columns % rows, column = i % columns;
        out[i - row * columns - column + column * rows + row] = x[i];
    }
}
