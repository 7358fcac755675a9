// Prefix sums within a block (Hillis and Steele), in one buffer: all read before anyone writes.

extern "C" __global__ void scan(const int* x, int* y, int size) {
    __shared__ int sums[256];
    int i = blockIdx.x * blockDim.x + threadIdx.x, t = threadIdx.x;
    sums[t] = i < size ? x[i] : 0;
    __syncthreads();
    for (int step = 1; step < blockDim.x; step *= 2) {
        int before = t >= step ? sums[t - step] : 0;
        __syncthreads();
        sums[t] += before;
        __syncthreads();
    }
    if (i < size) y[i] = sums[t];
}
