// The sum of an array in one launch: each block leaves its part, and the block that comes last adds them up. What
// orders the parts before the last block's reads is the fence on either side of the counter.

extern "C" __global__ void sum(const float* x, float* parts, float* total, unsigned* arrived, int size) {
    __shared__ float shared[128];
    __shared__ bool last;
    int t = threadIdx.x;
    float mine = 0;
    for (int i = blockIdx.x * blockDim.x + t; i < size; i += gridDim.x * blockDim.x) mine += x[i];
    shared[t] = mine;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (t < half) shared[t] += shared[t + half];
        __syncthreads();
    }
    if (t == 0) {
        parts[blockIdx.x] = shared[0];
        __threadfence();
        last = atomicAdd(arrived, 1u) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && t == 0) {
        __threadfence();
        float all = 0;
        for (int b = 0; b < gridDim.x; b++) all += parts[b];
        *total = all;
    }
}
