// The last step of every loss: one block sums the losses, or the blocks' sums of them.

#include "softmax/reduce.cuh"

// out = scale · Σ values, divided by *divisor if there is one.
extern "C" __global__ void __launch_bounds__(1024)
    total(const real* values, real scale, const real* divisor, real* out, int has_divisor, long long n) {
    double sum = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) sum += values[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = has_divisor ? sum / divisor[0] : scale * sum;
}
