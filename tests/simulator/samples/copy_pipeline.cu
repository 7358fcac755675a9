// Sums of columns, the next tile being copied while this one is added: two buffers, and cp.async between them.

#include <cuda_pipeline.h>

extern "C" __global__ void sums(const float* x, float* y, int tiles) {
    __shared__ float buffer[2][64];
    int t = threadIdx.x;
    float sum = 0;
    __pipeline_memcpy_async(&buffer[0][t], x + t, sizeof(float));
    __pipeline_commit();
    for (int k = 0; k < tiles; k++) {
        if (k + 1 < tiles) __pipeline_memcpy_async(&buffer[(k + 1) % 2][t], x + (k + 1) * 64 + t, sizeof(float));
        __pipeline_commit();
        __pipeline_wait_prior(1);
        __syncthreads();
        sum += buffer[k % 2][63 - t];
        __syncthreads();
    }
    y[t] = sum;
}
