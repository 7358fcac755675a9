// Batch norm on the GPU, and a ReLU behind it. x is (n, channels, spatial): a block takes a channel, its threads walk
// over it together, once for its sums and once for its results.
//
// Channels are few, so a block often has a multiprocessor to itself: AT_ONCE packs of WIDE neighbours of each array are
// on their way before any is used, 32 KiB where one number a thread would be 2. The ReLU costs neither pass nor array:
// on the way back y is made again from x, for its sign. Apart it would read and write as much as either direction must.
//
// On an H100 (not run on one yet), 128 × 32 × 14 × 14 in float32, which lies in the second-level cache: four rounds of
// loads a pass, not 49. Predicted: 5 µs forth and 7 back, for 20 and 25; with the ReLU apart two launches more. At
// 128 × 64 × 28², 26 MB, predicted 25 µs and 40, for 40 and 65 with the ReLU apart. Measured in the simulator
// (tests/kernels/test_normalization.py): forth an array as large as x goes by 3 times, back 5 times; the ReLU adds no
// sector. So it is for 64 × 33 numbers, where a block for each channel would touch four times as many sectors.

#include "activations/formulas.cuh"
#include "normalization/normal.cuh"
#include "normalization/walk.cuh"
#include "teams.cuh"

constexpr int AT_ONCE = EACH / WIDE;
// Channels of a block: where spatial is 1, neighbours in memory are of different ones, and a sector's go to one block.
//
//     thread   0 1 2 3 4 5 6 7   8 9 …        TOGETHER = 8
//     channel  0 1 2 3 4 5 6 7   0 1 …
//     image    0 0 0 0 0 0 0 0   1 1 …
constexpr int TOGETHER = STRIDED ? 32 / sizeof(real) : 1, STEP = THREADS / TOGETHER, WARPS = THREADS / 32;

// The thread's channel; beyond the last one, of no images.
struct Channel {
    long long index, n, channels, spatial;
    bool writes;

    __device__ Channel(long long n, long long channels, long long spatial)
        : index((long long)blockIdx.x * TOGETHER + threadIdx.x % TOGETHER), n(n), channels(channels), spatial(spatial) {
        if (index >= channels) index = channels - 1, this->n = 0;
        writes = threadIdx.x < TOGETHER && this->n;
    }

    // use(packs, at) for each pack of the channel: the arrays' packs, and where in each they begin.
    template <typename Use, typename... Arrays>
    __device__ void along(Use use, Arrays... arrays) const {
        Walk walk(channels, spatial / WIDE, threadIdx.x / TOGETHER);
        long long images = STEP / walk.spatial, rest = STEP % walk.spatial;
        for (long long left = n * walk.spatial - threadIdx.x / TOGETHER; left > 0; left -= AT_ONCE * STEP) {
            long long at[AT_ONCE];
            Pack packs[AT_ONCE][sizeof...(arrays)];
            UNROLL for (int k = 0; k < AT_ONCE; k++, walk.step(images, rest)) {
                if (k * STEP >= left) break;
                at[k] = walk.at(index) * WIDE;
                int array = 0;
                ((packs[k][array++] = pack_at(arrays + at[k])), ...);
            }
            UNROLL for (int k = 0; k < AT_ONCE; k++)
                if (k * STEP < left) use(packs[k], at[k]);
        }
    }

    // Over all threads of the channel. Between two sums there must be a barrier.
    __device__ Pair sum(Pair v) const {
        if constexpr (TOGETHER == 1) return Team().sum(v);
        UNROLL for (int other = 16; other >= TOGETHER; other /= 2) v = v + from_lane(v, other);
        __shared__ Pair shared[WARPS][TOGETHER];
        if (threadIdx.x % 32 < TOGETHER) shared[threadIdx.x / 32][threadIdx.x % 32] = v;
        __syncthreads();
        v = shared[0][threadIdx.x % TOGETHER];
        UNROLL for (int warp = 1; warp < WARPS; warp++) v = v + shared[warp][threadIdx.x % TOGETHER];
        return v;
    }
};

#define FOR_EACH_OF_A_PACK(e) UNROLL for (int e = 0; e < WIDE; e++)

// y before its activation: by an instruction that the compiler can't replace on the way back, where a sign hangs on it.
struct Line {
    Normal normal;
    real factor, shift;

    __device__ real operator()(real x) const { return fma(normal(x), factor, shift); }
};

// A channel's variance is of x − pivot, less rest²: the pivot is the channel's first element, or, where that is further
// from the mean than 4 deviations, the mean.
extern "C" __global__ void __launch_bounds__(LARGEST, 1)
    batch_norm(const real* x, const real* weight, const real* bias, const real* mean, const real* variance,
        real momentum, real eps, real* y, real* statistics, real* new_mean, real* new_variance, int has_weight,
        int has_bias, int training, int moving, int relu, long long n, long long channels, long long spatial) {
    Channel mine(n, channels, spatial);
    long long channel = mine.index;
    real pivot = training ? x[channel * spatial] : mean[channel], rest = 0, spread = 0, size = real(n * spatial);
    bool far = training;
    for (int round = 0; training && round < 2; round++) {
        if (far) pivot += rest;
        Pair sums;
        auto add = [&](const Pack* packs, long long) {
            FOR_EACH_OF_A_PACK(e) {
                real d = packs[0].at[e] - pivot;
                sums = sums + Pair{d, d * d};
            }
        };
        mine.along(add, x);
        sums = mine.sum(sums);
        rest = sums.a / size;
        spread = sums.b / size - rest * rest;
        if (spread < 0) spread = 0;  // by rounding, where all are equal
        far = rest * rest > 16 * spread;
        if (!__syncthreads_or(far)) break;  // the block's other channels would find the same again
    }
    if (!training) spread = variance[channel];
    real scale = real(1) / sqrt(spread + eps);
    if (mine.writes) {
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
    mine.along(make, x);
}

extern "C" __global__ void __launch_bounds__(LARGEST, 1)
    batch_norm_backward(const real* grad, const real* x, const real* weight, const real* bias, const real* statistics,
        real* grad_x, real* grad_weight, real* grad_bias, int has_weight, int has_bias, int training, int wants_weight,
        int wants_bias, int relu, long long n, long long channels, long long spatial) {
    Channel mine(n, channels, spatial);
    long long channel = mine.index;
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
    mine.along(add, grad, x);
    sums = mine.sum(sums);
    if (mine.writes) {
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
    mine.along(make, grad, x);
}
