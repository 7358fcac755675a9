// Group norm on the GPU. x is (rows, n): a row is a group of an image, `channels` of them with `spatial` elements each.
//
// A block takes a row, its threads walk over it together. The gradients of weight and bias are sums over images: there a
// block takes a channel.

#include "normalization/normal.cuh"
#include "normalization/walk.cuh"

extern "C" __global__ void __launch_bounds__(512)
    group_norm(const real* x, const real* weight, const real* bias, real eps, real* y, real* statistics, int has_weight,
        int has_bias, long long groups, long long rows, long long channels, long long spatial) {
    long long n = channels * spatial;
    FOR_EACH_ROW(row, rows) {
        Normal normal = layer(x + row * n, n, eps);
        if (threadIdx.x == 0) {
            statistics[row] = normal.mean;
            statistics[rows + row] = normal.rest;
            statistics[2 * rows + row] = normal.scale;
        }
        ALONG_THE_ROW(j, n) {
            long long channel = row % groups * channels + j / spatial;
            real v = normal(x[row * n + j]) * (has_weight ? weight[channel] : real(1));
            y[row * n + j] = has_bias ? v + bias[channel] : v;
        }
    }
}

__device__ Normal known(const real* statistics, long long row, long long rows) {
    return {statistics[row], statistics[rows + row], statistics[2 * rows + row]};
}

// With g = grad · weight: scale · (g − the mean of g − normal · the mean of g · normal).
extern "C" __global__ void __launch_bounds__(512)
    group_norm_backward(const real* grad, const real* x, const real* weight, const real* statistics, real* grad_x,
        int has_weight, long long groups, long long rows, long long channels, long long spatial) {
    long long n = channels * spatial;
    FOR_EACH_ROW(row, rows) {
        Normal normal = known(statistics, row, rows);
        auto g = [&](long long j) {
            return grad[row * n + j] * (has_weight ? weight[row % groups * channels + j / spatial] : real(1));
        };
        real slope = 0, along = 0;
        ALONG_THE_ROW(j, n) {
            slope += g(j);
            along += g(j) * normal(x[row * n + j]);
        }
        slope = block_sum(slope) / n;
        along = block_sum(along) / n;
        ALONG_THE_ROW(j, n) grad_x[row * n + j] = normal.scale * ((g(j) - slope) - normal(x[row * n + j]) * along);
    }
}

// x is (images, channels, spatial) here, with all channels.
extern "C" __global__ void __launch_bounds__(512)
    parameter_sums(const real* grad, const real* x, const real* statistics, real* for_weight, real* for_bias,
        int wants_weight, int wants_bias, long long groups, long long n, long long channels, long long spatial) {
    for (long long channel = blockIdx.x; channel < channels; channel += gridDim.x) {
        long long group = channel / (channels / groups);
        real weight = 0, bias = 0;
        ALONG_THE_CHANNEL(at, channel, n) {
            weight += grad[at] * known(statistics, walk.image * groups + group, n * groups)(x[at]);
            bias += grad[at];
        }
        weight = block_sum(weight);
        bias = block_sum(bias);
        if (threadIdx.x == 0) {
            if (wants_weight) for_weight[channel] = weight;
            if (wants_bias) for_bias[channel] = bias;
        }
    }
}
