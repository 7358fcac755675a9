// Rung 2: a block a row. Its threads walk along the row side by side, and their maxima and sums meet in a tree in
// shared memory (reduce.cuh draws it).
//
// A warp now reads 32 neighbours, 4 sectors of which every byte is used: an eighth of rung 1's, 33,280 for 64 rows of
// 1024. Each row is still read three times, and each tree is 10 barriers of the whole block. Predicted for 16384 rows of
// 4096 on an H100: 320 µs if memory serves all reads, 160 if the caches serve the second and third; not run on one yet.

#include "softmax/reduce.cuh"

extern "C" __global__ void softmax(const real* x, real* y, long long rows, long long n, long long inner) {
    FOR_EACH_ROW(row, rows) {
        long long start = row / inner * n * inner + row % inner;
        real top = x[start], sum = 0;
        ALONG_THE_ROW(j, n) top = x[start + j * inner] > top ? x[start + j * inner] : top;
        top = block_max(top);
        ALONG_THE_ROW(j, n) sum += exp(x[start + j * inner] - top);
        sum = block_sum(sum);
        ALONG_THE_ROW(j, n) y[start + j * inner] = exp(x[start + j * inner] - top) / sum;
    }
}

extern "C" __global__ void softmax_backward(const real* grad, const real* y, real* grad_x, long long rows, long long n,
                                            long long inner) {
    FOR_EACH_ROW(row, rows) {
        long long start = row / inner * n * inner + row % inner;
        real sum = 0;
        ALONG_THE_ROW(j, n) sum += grad[start + j * inner] * y[start + j * inner];
        sum = block_sum(sum);
        ALONG_THE_ROW(j, n) {
            long long e = start + j * inner;
            grad_x[e] = y[e] * (grad[e] - sum);
        }
    }
}
