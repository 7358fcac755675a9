// Rung 2: a block of 32 × 8 threads takes one row, or 32 columns, and its threads' sums meet in shared memory.
//
//     rows                         columns
//     0 1 2 … 255 0 1 2 …          0 1 … 31      a warp takes 32 columns of every eighth line: 32 neighbours either way
//                                  0 1 … 31
//
// Every load is of whole sectors now, 8,256 for 64 rows of 1024: an eighth of rung 1's. A sum is 8 to 256 chains, each an
// eighth or less as long. But a block has few bytes on their way at a time, and one long row, or 32 long columns, are
// still one block's work: 16 million numbers in a row some 10 ms on an H100, as predicted; not run on a GPU yet.

#include "softmax/reduce.cuh"

extern "C" __global__ void sum_rows(const real* x, real divisor, real* out, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        real total = 0;
        ALONG_THE_ROW(j, n) total += x[row * n + j];
        total = block_sum(total);
        if (threadIdx.x == 0) out[row] = total / divisor;
    }
}

extern "C" __global__ void sum_columns(const real* x, real divisor, real* out, long long columns, long long n,
                                       long long inner) {
    __shared__ real shares[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x;
    long long start = column / inner * n * inner + column % inner;
    real total = 0;
    if (column < columns)
        for (long long j = threadIdx.y; j < n; j += 8) total += x[start + j * inner];
    shares[threadIdx.y][threadIdx.x] = total;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        for (int other = 1; other < 8; other++) total += shares[other][threadIdx.x];
        out[column] = total / divisor;
    }
}
