// The gradients of reductions, element by element: arrays are (outer, n, inner), what they were reduced to (outer, inner).

#include "elementwise.cuh"

// The place in (outer, inner) that element e of (outer, n, inner) was reduced to.
__device__ long long column_of(long long e, long long n, long long inner) { return e / inner / n * inner + e % inner; }

extern "C" __global__ void spread(const real* grad, real divisor, real* grad_x, long long n, long long inner,
                                  long long size) {
    FOR_EACH_ELEMENT(e, size) grad_x[e] = grad[column_of(e, n, inner)] / divisor;
}

// 1 where x is its column's y, else 0.
extern "C" __global__ void mark(const real* y, const real* x, real* equal, long long n, long long inner,
                                long long size) {
    FOR_EACH_ELEMENT(e, size) equal[e] = x[e] == y[column_of(e, n, inner)] ? 1 : 0;
}

extern "C" __global__ void scale(const real* grad, const real* count, real* equal, long long n, long long inner,
                                 long long size) {
    FOR_EACH_ELEMENT(e, size) {
        long long c = column_of(e, n, inner);
        equal[e] = equal[e] * grad[c] / count[c];
    }
}
