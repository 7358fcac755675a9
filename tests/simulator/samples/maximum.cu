// The largest number and a place of it, packed into 64 bits so that one atomic operation takes both.

extern "C" __global__ void maximum(const unsigned* x, unsigned long long* best, int size) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < size) atomicMax(best, (unsigned long long)x[i] << 32 | i);
}

// A list of those above a threshold, in any order: a counter gives each its place.
extern "C" __global__ void select(const unsigned* x, unsigned* list, unsigned* count, unsigned threshold, int size) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < size && x[i] > threshold) list[atomicAdd(count, 1u)] = x[i];
}
