// Rung 3: a warp a row, whose lanes give each other their maxima and sums by shuffles (warps.cuh draws them).
//
// No shared memory and no barrier: a warp never waits for another one, so that while some compute, others' loads are on
// their way: 106,112 warp instructions for 64 rows of 1024 where rung 2 takes 277,504. The traffic is rung 2's, and so is
// the prediction: a row is read three times, twice of these from the caches if all goes well. Not run on a GPU yet.

#include "softmax/ladder/warps.cuh"

extern "C" __global__ void softmax(const real* x, real* y, long long rows, long long n, long long inner) {
    int lane = threadIdx.x % 32;
    long long warp = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32, warps = gridDim.x * (blockDim.x / 32LL);
    for (long long row = warp; row < rows; row += warps) {
        long long start = row / inner * n * inner + row % inner;
        real top = x[start], sum = 0;
        for (long long j = lane; j < n; j += 32) top = x[start + j * inner] > top ? x[start + j * inner] : top;
        top = warp_max(top);
        for (long long j = lane; j < n; j += 32) sum += exp(x[start + j * inner] - top);
        sum = warp_sum(sum);
        for (long long j = lane; j < n; j += 32) y[start + j * inner] = exp(x[start + j * inner] - top) / sum;
    }
}

extern "C" __global__ void softmax_backward(const real* grad, const real* y, real* grad_x, long long rows, long long n,
                                            long long inner) {
    int lane = threadIdx.x % 32;
    long long warp = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32, warps = gridDim.x * (blockDim.x / 32LL);
    for (long long row = warp; row < rows; row += warps) {
        long long start = row / inner * n * inner + row % inner;
        real sum = 0;
        for (long long j = lane; j < n; j += 32) sum += grad[start + j * inner] * y[start + j * inner];
        sum = warp_sum(sum);
        for (long long j = lane; j < n; j += 32) {
            long long e = start + j * inner;
            grad_x[e] = y[e] * (grad[e] - sum);
        }
    }
}
