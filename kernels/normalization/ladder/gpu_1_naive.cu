// Rung 1: a thread a row, the definition; for the gradients of weight and bias a thread a column.
//
// The threads of a warp are rows apart: each of its loads touches 32 sectors of 32 bytes for 32 numbers, where 4 would
// hold them. A row is read three times: for the mean, for the variance, for the result. 1024 rows of 256 are 1,064,960
// sectors, 16 times what x and y have. Predicted for the gradients of 16384 rows of 4096 on an H100: some 5 ms, most of it
// waiting, where moving them takes 240 µs; not run on a GPU yet. Figures of all rungs: __init__.py.

#include "normalization/normal.cuh"

__device__ Normal normal_of(const real* x, long long n, real eps) {
    real total = 0, rest = 0, squares = 0;
    for (long long j = 0; j < n; j++) total += x[j];
    real mean = total / n;
    for (long long j = 0; j < n; j++) {
        real d = x[j] - mean;
        rest += d;
        squares += d * d;
    }
    rest /= n;
    real variance = squares / n - rest * rest;
    if (variance < 0) variance = 0;  // by rounding, where all are equal
    return {mean, rest, real(1) / sqrt(variance + eps)};
}

extern "C" __global__ void layer_norm(const real* x, const real* weight, const real* bias, real eps, real* y,
                                      Normal* statistics, int has_weight, int has_bias, int wants_statistics,
                                      long long rows, long long n) {
    long long row = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (row >= rows) return;
    Normal normal = normal_of(x + row * n, n, eps);
    if (wants_statistics) statistics[row] = normal;
    for (long long j = 0; j < n; j++) {
        real v = normal(x[row * n + j]) * (has_weight ? weight[j] : real(1));
        y[row * n + j] = has_bias ? v + bias[j] : v;
    }
}

// With g = grad · weight: scale · (g − the mean of g − normal · the mean of g · normal).
extern "C" __global__ void by_rows(const real* grad, const real* x, const real* weight, real eps, Normal* kept,
                                   real* grad_x, int has_weight, int known, long long rows, long long n) {
    long long row = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (row >= rows) return;
    Normal normal = known ? kept[row] : normal_of(x + row * n, n, eps);
    kept[row] = normal;
    real slope = 0, along = 0;
    for (long long j = 0; j < n; j++) {
        real g = grad[row * n + j] * (has_weight ? weight[j] : real(1));
        slope += g;
        along += g * normal(x[row * n + j]);
    }
    slope /= n;
    along /= n;
    for (long long j = 0; j < n; j++) {
        real g = grad[row * n + j] * (has_weight ? weight[j] : real(1));
        grad_x[row * n + j] = normal.scale * ((g - slope) - normal(x[row * n + j]) * along);
    }
}

// The sums of grad · normal, and of grad, over the rows.
extern "C" __global__ void by_columns(const real* grad, const real* x, const Normal* kept, real* grad_weight,
                                      real* grad_bias, int wants_weight, int wants_bias, long long rows,
                                      long long columns) {
    long long column = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (column >= columns) return;
    real weight = 0, bias = 0;
    for (long long row = 0; row < rows; row++) {
        weight += grad[row * columns + column] * kept[row](x[row * columns + column]);
        bias += grad[row * columns + column];
    }
    if (wants_weight) grad_weight[column] = weight;
    if (wants_bias) grad_bias[column] = bias;
}
