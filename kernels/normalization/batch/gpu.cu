// Batch norm on the GPU, and a ReLU behind it. x is (n, channels, spatial): a block, a team of teams.cuh, takes a channel and
// walks over it once for its sums and once for its results.
//
// Channels are few, so a block often has a multiprocessor to itself: AT_ONCE packs of WIDE neighbours of each array are on
// their way before any is used, 32 KiB where one number a thread would be 2. The ReLU costs neither pass nor array: on the
// way back y is made again from x, for its sign. Apart it would read and write as much as either direction has to.
//
// On an H100 (not run on one yet), 128 × 32 × 14 × 14 in float32, which lies in the second-level cache: four rounds of loads
// a pass, not 49. Predicted: 5 µs forth and 7 back, for 20 and 25; with the ReLU apart two launches more. At 128 × 64 × 28²,
// 26 MB, predicted 25 µs and 40, for 40 and 65 with the ReLU apart. Measured in the simulator (tests/kernels/
// test_normalization.py): x goes by 3 times forth; back, grad and x go by 5 times together; the ReLU adds no sector.

#include "activations/formulas.cuh"
#include "normalization/normal.cuh"
#include "normalization/walk.cuh"
#include "teams.cuh"

constexpr int AT_ONCE = EACH / WIDE;

// use(packs, at) for each pack of the channel: the arrays' packs, and where in each they begin.
template <typename Use, typename... Arrays>
__device__ void along(long long channel, long long n, long long channels, long long spatial, Use use, Arrays... arrays) {
    Walk walk(channels, spatial / WIDE);
    long long images = THREADS / walk.spatial, rest = THREADS % walk.spatial;
    for (long long left = n * walk.spatial - threadIdx.x; left > 0; left -= AT_ONCE * THREADS) {
        long long at[AT_ONCE];
        Pack packs[AT_ONCE][sizeof...(arrays)];
        UNROLL for (int k = 0; k < AT_ONCE; k++, walk.step(images, rest)) {
            if (k * THREADS >= left) break;
            at[k] = walk.at(channel) * WIDE;
            int array = 0;
            ((packs[k][array++] = pack_at(arrays + at[k])), ...);
        }
        UNROLL for (int k = 0; k < AT_ONCE; k++)
            if (k * THREADS < left) use(packs[k], at[k]);
    }
}

#define FOR_EACH_OF_A_PACK(e) UNROLL for (int e = 0; e < WIDE; e++)

// y before its activation, by an instruction that the compiler can't choose otherwise on the way back: a sign hangs on it.
struct Line {
    Normal normal;
    real factor, shift;

    __device__ real operator()(real x) const { return fma(normal(x), factor, shift); }
};

// A channel's variance is of x − pivot, less rest²: the pivot is the channel's first element, or, where that is further from
// the mean than 4 deviations, the mean.
extern "C" __global__ void __launch_bounds__(LARGEST, 1)
    batch_norm(const real* x, const real* weight, const real* bias, const real* mean, const real* variance,
        real momentum, real eps, real* y, real* statistics, real* new_mean, real* new_variance, int has_weight,
        int has_bias, int training, int moving, int relu, long long n, long long channels, long long spatial) {
    Team team;
    for (long long channel = blockIdx.x; channel < channels; channel += gridDim.x) {
        real pivot = training ? x[channel * spatial] : mean[channel], rest = 0, spread = 0;
        real size = real(n * spatial);
        for (int round = 0; training && round < 2; round++) {
            pivot += rest;
            Pair sums;
            auto add = [&](const Pack* packs, long long) {
                FOR_EACH_OF_A_PACK(e) {
                    real d = packs[0].at[e] - pivot;
                    sums = sums + Pair{d, d * d};
                }
            };
            along(channel, n, channels, spatial, add, x);
            sums = team.sum(sums);
            rest = sums.a / size;
            spread = sums.b / size - rest * rest;
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
        auto make = [=](Pack* packs, long long at) {
            FOR_EACH_OF_A_PACK(e) {
                real v = line(packs[0].at[e]);
                packs[0].at[e] = relu ? act::relu(v) : v;
            }
            put(y + at, packs[0]);
        };
        along(channel, n, channels, spatial, make, x);
    }
}

extern "C" __global__ void __launch_bounds__(LARGEST, 1)
    batch_norm_backward(const real* grad, const real* x, const real* weight, const real* bias, const real* statistics,
        real* grad_x, real* grad_weight, real* grad_bias, int has_weight, int has_bias, int training, int wants_weight,
        int wants_bias, int relu, long long n, long long channels, long long spatial) {
    Team team;
    for (long long channel = blockIdx.x; channel < channels; channel += gridDim.x) {
        Normal normal = {statistics[channel], statistics[channels + channel], statistics[2 * channels + channel]};
        Line line = {normal, has_weight ? weight[channel] : 1, has_bias ? bias[channel] : 0};
        auto through = [=](real g, real x) { return relu ? act::relu_backward(g, line(x)) : g; };
        Pair sums;
        auto add = [&](const Pack* packs, long long) {
            FOR_EACH_OF_A_PACK(e) {
                real g = through(packs[0].at[e], packs[1].at[e]);
                sums = sums + Pair{g, g * normal(packs[1].at[e])};
            }
        };
        along(channel, n, channels, spatial, add, grad, x);
        sums = team.sum(sums);
        if (threadIdx.x == 0) {
            if (wants_weight) grad_weight[channel] = sums.b;
            if (wants_bias) grad_bias[channel] = sums.a;
        }
        real factor = normal.scale * line.factor, size = real(n * spatial), slope = sums.a / size, tilt = sums.b / size;
        auto make = [=](Pack* packs, long long at) {
            FOR_EACH_OF_A_PACK(e) {
                real v = packs[1].at[e], g = through(packs[0].at[e], v);
                if (training) g = (g - slope) - normal(v) * tilt;
                packs[0].at[e] = factor * g;
            }
            put(grad_x + at, packs[0]);
        };
        along(channel, n, channels, spatial, make, grad, x);
    }
}
