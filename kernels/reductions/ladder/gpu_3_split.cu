// Rung 3: a row, or 32 columns, split among gridDim.y blocks. Their sums are an array (outer, parts, inner), which a second
// launch adds up.
//
// So 16 million numbers in one row are the work of 1,024 blocks and not of one: 30 to 40 µs on an H100, as predicted,
// where reading takes 20; not run on a GPU yet. The parts cost little: 19 sectors of 8,211 for a row of 65,536. No atomics:
// they are added in the same order in every run. What remains: a thread has few loads of 4 bytes on their way at a time;
// the top of the ladder, gpu.cu, loads 16 bytes, and eight numbers before it adds any.

#include "softmax/reduce.cuh"

extern "C" __global__ void sum_rows(const real* x, real divisor, real* out, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        real total = 0;
        long long first = blockIdx.y * (long long)blockDim.x + threadIdx.x, step = gridDim.y * (long long)blockDim.x;
        for (long long j = first; j < n; j += step) total += x[row * n + j];
        total = block_sum(total);
        if (threadIdx.x == 0) out[row * gridDim.y + blockIdx.y] = total / divisor;
    }
}

extern "C" __global__ void sum_columns(const real* x, real divisor, real* out, long long columns, long long n,
                                       long long inner) {
    __shared__ real shares[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x, outer = column / inner, i = column % inner;
    real total = 0;
    if (column < columns)
        for (long long j = blockIdx.y * 8 + threadIdx.y; j < n; j += gridDim.y * 8)
            total += x[(outer * n + j) * inner + i];
    shares[threadIdx.y][threadIdx.x] = total;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        for (int other = 1; other < 8; other++) total += shares[other][threadIdx.x];
        out[(outer * gridDim.y + blockIdx.y) * inner + i] = total / divisor;
    }
}
