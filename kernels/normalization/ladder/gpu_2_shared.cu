// Rung 2: a block a row, whose threads walk along it side by side and meet in shared memory (reduce.cuh); for the gradients
// of weight and bias blocks of 32 × 8 threads, each with 32 columns of a part of the rows.
//
// Every load is of whole sectors now: 196,608 for 1024 rows of 256, a fifth of rung 1's. A row is still read three times,
// and the way back reads grad and x three times: twice for x's gradient, once more for the sums over the rows. Predicted
// for the gradients of 16384 rows of 4096 on an H100: 400 µs if the cache serves the second read, 560 if not; not run on
// one yet. The top of the ladder, gpu.cu and backward.cu, keeps rows in registers between these, and the sums over the
// rows, too: so everything is read once.

#include "normalization/normal.cuh"

extern "C" __global__ void layer_norm(const real* x, const real* weight, const real* bias, real eps, real* y,
                                      Normal* statistics, int has_weight, int has_bias, int wants_statistics,
                                      long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real* in = x + row * n;
        Normal normal = layer(in, n, eps);
        if (wants_statistics && threadIdx.x == 0) statistics[row] = normal;
        ALONG_THE_ROW(j, n) {
            real v = normal(in[j]) * (has_weight ? weight[j] : real(1));
            y[row * n + j] = has_bias ? v + bias[j] : v;
        }
    }
}

// With g = grad · weight: scale · (g − the mean of g − normal · the mean of g · normal).
extern "C" __global__ void by_rows(const real* grad, const real* x, const real* weight, real eps, Normal* kept,
                                   real* grad_x, int has_weight, int known, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real *in = x + row * n, *g_in = grad + row * n;
        Normal normal = known ? kept[row] : layer(in, n, eps);
        real slope = 0, along = 0;
        ALONG_THE_ROW(j, n) {
            real g = g_in[j] * (has_weight ? weight[j] : real(1));
            slope += g;
            along += g * normal(in[j]);
        }
        slope = block_sum(slope) / n;
        along = block_sum(along) / n;
        ALONG_THE_ROW(j, n) {
            real g = g_in[j] * (has_weight ? weight[j] : real(1));
            grad_x[row * n + j] = normal.scale * ((g - slope) - normal(in[j]) * along);
        }
        if (!known && threadIdx.x == 0) kept[row] = normal;
    }
}

// Row p of the results is the sum over rows 8p … 8p + 7, then those 8 · gridDim.y further on, and so on: of
// grad · normal, and of grad.
extern "C" __global__ void by_columns(const real* grad, const real* x, const Normal* kept, real* for_weight,
                                      real* for_bias, int wants_weight, int wants_bias, long long rows,
                                      long long columns) {
    __shared__ real weights[8][32], biases[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x;
    real weight = 0, bias = 0;
    if (column < columns)
        for (long long row = blockIdx.y * 8 + threadIdx.y; row < rows; row += gridDim.y * 8) {
            real g = grad[row * columns + column];
            weight += g * kept[row](x[row * columns + column]);
            bias += g;
        }
    weights[threadIdx.y][threadIdx.x] = weight;
    biases[threadIdx.y][threadIdx.x] = bias;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        for (int part = 1; part < 8; part++) {
            weight += weights[part][threadIdx.x];
            bias += biases[part][threadIdx.x];
        }
        if (wants_weight) for_weight[blockIdx.y * columns + column] = weight;
        if (wants_bias) for_bias[blockIdx.y * columns + column] = bias;
    }
}
