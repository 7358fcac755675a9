// Rung 1: a thread a row, the definition.
//
// The threads of a warp are rows apart: each of its loads touches 32 sectors of 32 bytes for 32 numbers, where 4 would
// hold them. And there are no more threads than rows. Of 64 rows of 1024 it asks for 262,144 sectors, 32 times what the
// array has. On an H100 16384 rows of 4096 are predicted to take some 2 ms, most of it waiting, where moving them takes
// 160 µs; not run on a GPU yet. Figures of all rungs: __init__.py.

extern "C" __global__ void softmax(const real* x, real* y, long long rows, long long n, long long inner) {
    long long row = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (row >= rows) return;
    long long start = row / inner * n * inner + row % inner;
    real top = x[start], sum = 0;
    for (long long j = 1; j < n; j++) top = x[start + j * inner] > top ? x[start + j * inner] : top;
    for (long long j = 0; j < n; j++) sum += exp(x[start + j * inner] - top);
    for (long long j = 0; j < n; j++) y[start + j * inner] = exp(x[start + j * inner] - top) / sum;
}

extern "C" __global__ void softmax_backward(const real* grad, const real* y, real* grad_x, long long rows, long long n,
                                            long long inner) {
    long long row = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (row >= rows) return;
    long long start = row / inner * n * inner + row % inner;
    real sum = 0;
    for (long long j = 0, e = start; j < n; j++, e += inner) sum += grad[e] * y[e];
    for (long long j = 0, e = start; j < n; j++, e += inner) grad_x[e] = y[e] * (grad[e] - sum);
}
