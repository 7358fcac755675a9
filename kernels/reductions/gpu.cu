// Reductions on the GPU. Arrays are (outer, n, inner), reduced along n.
//
// _rows: inner = 1. A block takes a row, or every gridDim.y-th piece of it where it is long and there are few rows.
// _columns: a block of 32 × 8 threads takes 32 columns, 8 elements of each at a time: a warp reads 32 neighbours.
//
// With gridDim.y parts the result is (outer, parts, inner): launched again, on that, it becomes (outer, 1, inner).
// No atomics: the order is the same in every run.

#include "elementwise.cuh"
#include "softmax/reduce.cuh"

struct Add {
    static __device__ real start() { return 0; }
    static __device__ real combine(real a, real b) { return a + b; }
};

struct Max {  // NaN if either is
    static __device__ real start() { return real(-1) / real(0); }
    static __device__ real combine(real a, real b) { return a > b || a != a ? a : b; }
};

struct Min {
    static __device__ real start() { return real(1) / real(0); }
    static __device__ real combine(real a, real b) { return a < b || a != a ? a : b; }
};

// One thread's share: runs of 16, and the runs' sums. So a number takes part in few additions to a large sum.
template <typename Op>
struct Share {
    real total = Op::start(), run = Op::start();
    int length = 0;

    __device__ void take(real x) {
        run = Op::combine(run, x);
        if (++length < 16) return;
        total = Op::combine(total, run);
        run = Op::start();
        length = 0;
    }
    __device__ real result() const { return Op::combine(total, run); }
};

template <typename Op>
__device__ void reduce_rows(const real* x, real divisor, real* out, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        Share<Op> share;
        long long first = blockIdx.y * (long long)blockDim.x + threadIdx.x, step = gridDim.y * (long long)blockDim.x;
        for (long long j = first; j < n; j += step) share.take(x[row * n + j]);
        real result = block_reduce(share.result(), Op::combine);
        if (threadIdx.x == 0) out[row * gridDim.y + blockIdx.y] = result / divisor;
    }
}

template <typename Op>
__device__ void reduce_columns(const real* x, real divisor, real* out, long long columns, long long n,
                               long long inner) {
    __shared__ real shares[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x, outer = column / inner, i = column % inner;
    Share<Op> share;
    if (column < columns)
        for (long long j = blockIdx.y * 8 + threadIdx.y; j < n; j += gridDim.y * 8)
            share.take(x[(outer * n + j) * inner + i]);
    shares[threadIdx.y][threadIdx.x] = share.result();
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        real result = shares[0][threadIdx.x];
        for (int other = 1; other < 8; other++) result = Op::combine(result, shares[other][threadIdx.x]);
        out[(outer * gridDim.y + blockIdx.y) * inner + i] = result / divisor;
    }
}

#define REDUCTION(name, Op)                                                                                           \
    extern "C" __global__ void name##_rows(const real* x, real divisor, real* out, long long rows, long long n) {     \
        reduce_rows<Op>(x, divisor, out, rows, n);                                                                    \
    }                                                                                                                 \
    extern "C" __global__ void name##_columns(const real* x, real divisor, real* out, long long columns, long long n, \
                                              long long inner) {                                                      \
        reduce_columns<Op>(x, divisor, out, columns, n, inner);                                                       \
    }

REDUCTION(sum, Add)
REDUCTION(amax, Max)
REDUCTION(amin, Min)

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
