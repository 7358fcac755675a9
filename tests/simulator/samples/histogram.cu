// How often each value occurs: a histogram for the block in shared memory, added to the whole one at the end.

extern "C" __global__ void histogram(const int* values, int* counts, int size, int bins) {
    extern __shared__ int part[];
    for (int b = threadIdx.x; b < bins; b += blockDim.x) part[b] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += gridDim.x * blockDim.x)
        atomicAdd(&part[values[i]], 1);
    __syncthreads();
    for (int b = threadIdx.x; b < bins; b += blockDim.x) atomicAdd(&counts[b], part[b]);
}
