// Batch norm on the GPU. x is (n, channels, spatial): a block takes a channel, its threads walk over it together.

#include "activations/formulas.cuh"
#include "normalization/normal.cuh"
#include "normalization/walk.cuh"

// y before its activation, by an instruction that the compiler can't choose otherwise on the way back: a sign hangs on it.
struct Line {
    Normal normal;
    real factor, shift;

    __device__ real operator()(real x) const { return fma(normal(x), factor, shift); }
};

// A channel's variance is of x − pivot, less rest²: the pivot is the channel's first element, or, where that is further from
// the mean than 4 deviations, the mean.
extern "C" __global__ void __launch_bounds__(512)
    batch_norm(const real* x, const real* weight, const real* bias, const real* mean, const real* variance,
        real momentum, real eps, real* y, real* statistics, real* new_mean, real* new_variance, int has_weight,
        int has_bias, int training, int moving, int relu, long long n, long long channels, long long spatial) {
    for (long long channel = blockIdx.x; channel < channels; channel += gridDim.x) {
        real pivot = training ? x[channel * spatial] : mean[channel], rest = 0, spread = 0;
        real size = real(n * spatial);
        for (int round = 0; training && round < 2; round++) {
            pivot += rest;
            real total = 0, squares = 0;
            ALONG_THE_CHANNEL(at, channel, n) {
                real d = x[at] - pivot;
                total += d;
                squares += d * d;
            }
            rest = block_sum(total) / size;
            spread = block_sum(squares) / size - rest * rest;
            if (spread < 0) spread = 0;  // by rounding, where all are equal
            if (!(rest * rest > 16 * spread)) break;
        }
        if (!training) spread = variance[channel];
        real scale = real(1) / sqrt(spread + eps);
        if (threadIdx.x == 0) {
            statistics[channel] = pivot;
            statistics[channels + channel] = rest;
            statistics[2 * channels + channel] = scale;
            if (moving) {
                real old = mean[channel];
                new_mean[channel] = old + momentum * (pivot - old + rest);
                old = variance[channel];
                new_variance[channel] = old + momentum * (spread * (size / (size - 1)) - old);
            }
        }
        Line line = {{pivot, rest, scale}, has_weight ? weight[channel] : 1, has_bias ? bias[channel] : 0};
        ALONG_THE_CHANNEL(at, channel, n) {
            real v = line(x[at]);
            y[at] = relu ? act::relu(v) : v;
        }
    }
}

extern "C" __global__ void __launch_bounds__(512)
    batch_norm_backward(const real* grad, const real* x, const real* weight, const real* bias, const real* statistics,
        real* grad_x, real* grad_weight, real* grad_bias, int has_weight, int has_bias, int training, int wants_weight,
        int wants_bias, int relu, long long n, long long channels, long long spatial) {
    for (long long channel = blockIdx.x; channel < channels; channel += gridDim.x) {
        Normal normal = {statistics[channel], statistics[channels + channel], statistics[2 * channels + channel]};
        Line line = {normal, has_weight ? weight[channel] : 1, has_bias ? bias[channel] : 0};
        auto through = [=](long long at) { return relu ? act::relu_backward(grad[at], line(x[at])) : grad[at]; };
        real slope = 0, along = 0;
        ALONG_THE_CHANNEL(at, channel, n) {
            real g = through(at);
            slope += g;
            along += g * normal(x[at]);
        }
        slope = block_sum(slope);
        along = block_sum(along);
        if (threadIdx.x == 0) {
            if (wants_weight) grad_weight[channel] = along;
            if (wants_bias) grad_bias[channel] = slope;
        }
        real factor = normal.scale * line.factor, size = real(n * spatial);
        ALONG_THE_CHANNEL(at, channel, n) {
            real g = through(at);
            if (training) g = (g - slope / size) - normal(x[at]) * (along / size);
            grad_x[at] = factor * g;
        }
    }
}
