// Sums and maxima over all threads of a block, by a tree in shared memory:
//
//     0 1 2 3 4 5 6 7      the upper half is added to the lower,
//     ─────── ▲ ▲ ▲ ▲      then the upper half of what is left,
//     0 1 2 3              until one number remains, which all threads read.
//     ─── ▲ ▲
//
// The block must have a power of two threads, at most 1024, and every thread must call.
#pragma once

// A block takes a row, its threads walk over it together.
#define FOR_EACH_ROW(row, rows) for (long long row = blockIdx.x; row < rows; row += gridDim.x)
#define ALONG_THE_ROW(j, n) for (long long j = threadIdx.x; j < n; j += blockDim.x)

template <typename T, typename Combine>
__device__ T block_reduce(T value, Combine combine) {
    __shared__ T shared[1024];
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] = combine(shared[threadIdx.x], shared[threadIdx.x + half]);
        __syncthreads();
    }
    T result = shared[0];
    __syncthreads();  // all have read: the next call may write
    return result;
}

template <typename T>
__device__ T block_sum(T value) {
    return block_reduce(value, [](T a, T b) { return a + b; });
}

// A NaN may get lost here; the sums that follow a maximum bring it back.
template <typename T>
__device__ T block_max(T value) {
    return block_reduce(value, [](T a, T b) { return a > b ? a : b; });
}
