// The norm on the GPU: a number from each block, and one block that puts them together. No atomics, so it is the same
// in every run.

#include "elementwise.cuh"
#include "softmax/reduce.cuh"

template <typename T>
__device__ T larger(T a, T b) {  // NaN if either is
    return a > b || a != a ? a : b;
}

// parts: Σ x² (ord 2), Σ |x| (ord 1) or max |x| (else) of a block's elements.
extern "C" __global__ void parts_of_norm(const real* x, real* parts, int ord, long long n) {
    real part = 0;
    FOR_EACH_ELEMENT(i, n) {
        real v = fabs(x[i]);
        part = ord == 2 ? part + v * v : ord == 1 ? part + v : larger(part, v);
    }
    part = ord ? block_sum(part) : block_reduce(part, larger<real>);
    if (threadIdx.x == 0) parts[blockIdx.x] = part;
}

// One block.
extern "C" __global__ void norm_of_parts(const real* parts, real* out, int ord, long long n) {
    double total = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x)
        total = ord ? total + parts[i] : larger(total, double(parts[i]));
    total = ord ? block_sum(total) : block_reduce(total, larger<double>);
    if (threadIdx.x == 0) out[0] = ord == 2 ? sqrt(total) : total;
}
