// Normalisation on the GPU. Arrays are (rows, n).
//
// A block takes a row, its threads walk over it together, neighbours side by side. The gradients of weight and bias are
// sums over the rows: blocks of 32 × 8 threads make partial sums of 32 columns each, which matmul's column_sum adds up.
// No atomics: the order is the same in every run.

#include "normalization/normal.cuh"

__device__ Normal rms(const real* x, long long n, real eps) {
    real squares = 0;
    ALONG_THE_ROW(j, n) squares += x[j] * x[j];
    return {0, 0, real(1) / sqrt(block_sum(squares) / n + eps)};
}

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

extern "C" __global__ void rms_norm(const real* x, const real* weight, real eps, real* y, int has_weight,
                                    long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real* in = x + row * n;
        Normal normal = rms(in, n, eps);
        ALONG_THE_ROW(j, n) y[row * n + j] = normal(in[j]) * (has_weight ? weight[j] : real(1));
    }
}

// With g = grad · weight: scale · (g − the mean of g, if the row was centred − normal · the mean of g · normal).
__device__ void row_backward(const real* grad, const real* x, const real* weight, Normal normal, real* grad_x,
                             bool centred, bool has_weight, long long n) {
    real slope = 0, along = 0;
    ALONG_THE_ROW(j, n) {
        real g = grad[j] * (has_weight ? weight[j] : real(1));
        slope += g;
        along += g * normal(x[j]);
    }
    slope = centred ? block_sum(slope) / n : real(0);
    along = block_sum(along) / n;
    ALONG_THE_ROW(j, n) {
        real g = grad[j] * (has_weight ? weight[j] : real(1));
        grad_x[j] = normal.scale * ((g - slope) - normal(x[j]) * along);
    }
}

// How each row was normalised is known, or else kept, for the gradient of the weight.
extern "C" __global__ void layer_norm_backward(const real* grad, const real* x, const real* weight, real eps,
                                               real* grad_x, Normal* kept, int has_weight, int known, long long rows,
                                               long long n) {
    FOR_EACH_ROW(row, rows) {
        long long start = row * n;
        Normal normal = known ? kept[row] : layer(x + start, n, eps);
        row_backward(grad + start, x + start, weight, normal, grad_x + start, true, has_weight, n);
        if (!known && threadIdx.x == 0) kept[row] = normal;
    }
}

extern "C" __global__ void rms_norm_backward(const real* grad, const real* x, const real* weight, real eps,
                                             real* grad_x, Normal* kept, int has_weight, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        long long start = row * n;
        Normal normal = rms(x + start, n, eps);
        row_backward(grad + start, x + start, weight, normal, grad_x + start, false, has_weight, n);
        if (threadIdx.x == 0) kept[row] = normal;
    }
}

// Row p of the results is the sum over rows 8p … 8p + 7, then those 8 · gridDim.y further on, and so on: of
// grad · normal, and of grad.
extern "C" __global__ void parameter_sums(const real* grad, const real* x, const Normal* kept, real* for_weight,
                                          real* for_bias, int wants_weight, int wants_bias, long long rows,
                                          long long columns) {
    __shared__ real weights[8][32], biases[8][32];
    long long column = blockIdx.x * 32LL + threadIdx.x;
    real weight = 0, bias = 0;
    if (column < columns)
        for (long long row = blockIdx.y * 8 + threadIdx.y; row < rows; row += gridDim.y * 8) {
            real g = grad[row * columns + column];
            if (wants_weight) weight += g * kept[row](x[row * columns + column]);
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
