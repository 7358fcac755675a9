// Losses on the GPU: the loss and, if wanted, the gradient, in one pass. An array that isn't wanted is announced by
// its flag, and its pointer never followed.
//
// Totals are made without atomics, so they are the same in every run: each block sums its part, then one block
// (the kernel `total`) sums the blocks' sums.

#include "activations/formulas.cuh"
#include "elementwise.cuh"
#include "softmax/reduce.cuh"

extern "C" __global__ void mse_loss(const real* input, const real* target, real scale, real* loss, real* gradient,
                                    real* sums, int wants_loss, int wants_gradient, long long n) {
    real sum = 0;
    FOR_EACH_ELEMENT(i, n) {
        real difference = input[i] - target[i];
        sum += difference * difference;
        if (wants_loss) loss[i] = difference * difference;
        if (wants_gradient) gradient[i] = 2 * scale * difference;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

extern "C" __global__ void binary_cross_entropy_with_logits(const real* input, const real* target, const real* weight,
                                                            const real* pos_weight, real scale, real* loss,
                                                            real* gradient, real* sums, int has_weight,
                                                            int has_pos_weight, int wants_loss, int wants_gradient,
                                                            long long n) {
    real sum = 0;
    FOR_EACH_ELEMENT(i, n) {
        real x = input[i], t = target[i];
        real w = has_weight ? weight[i] : real(1), p = has_pos_weight ? pos_weight[i] : real(1);
        real slope = real(1) + (p - real(1)) * t;
        real log_1_exp = log1p(exp(-fabs(x))) + (x < 0 ? -x : real(0));
        real value = w * ((real(1) - t) * x + slope * log_1_exp);
        sum += value;
        if (wants_loss) loss[i] = value;
        if (wants_gradient) gradient[i] = scale * w * (slope * act::sigmoid(x) - p * t);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// out = scale · Σ values, divided by *divisor if there is one. One block.
extern "C" __global__ void total(const real* values, real scale, const real* divisor, real* out, int has_divisor,
                                 long long n) {
    double sum = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) sum += values[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = has_divisor ? sum / divisor[0] : scale * sum;
}

// The summed weights of the labels' classes, by which a mean is divided; NaN for a mean over nothing. One block.
extern "C" __global__ void label_weights(const long long* target, const real* weight, real* out,
                                         long long ignore_index, long long classes, int has_weight, long long n) {
    double sum = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) {
        long long label = target[i];
        if (label != ignore_index && 0 <= label && label < classes) sum += has_weight ? weight[label] : real(1);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = sum != 0 ? sum : 0.0 / 0.0;
}

// A row of logits: `classes` numbers, `inner` apart. Row r is r / inner of outer, r % inner of inner.
struct Row {
    const real* x;
    long long start, classes, inner;
    real top, log_sum;

    __device__ Row(const real* logits, long long row, long long classes, long long inner)
        : x(logits), start(row / inner * classes * inner + row % inner), classes(classes), inner(inner) {
        top = x[start];
        for (long long c = threadIdx.x; c < classes; c += blockDim.x) top = x[at(c)] > top ? x[at(c)] : top;
        top = block_max(top);
        real sum = 0;
        for (long long c = threadIdx.x; c < classes; c += blockDim.x) sum += exp(x[at(c)] - top);
        log_sum = log(block_sum(sum));
    }
    __device__ long long at(long long c) const { return start + c * inner; }
    __device__ real minus_log(long long c) const { return log_sum - (x[at(c)] - top); }
};

// A block a row. Cross-entropy with class numbers.
extern "C" __global__ void cross_entropy_indices(const real* logits, const long long* target, const real* weight,
                                                 const real* divisor, long long ignore_index, real smoothing,
                                                 real* loss, real* gradient, int has_weight, int has_divisor,
                                                 int wants_gradient, long long rows, long long classes,
                                                 long long inner) {
    real spread = smoothing / classes;
    real scale = has_divisor ? real(1) / divisor[0] : real(1);
    for (long long r = blockIdx.x; r < rows; r += gridDim.x) {
        Row row(logits, r, classes, inner);
        long long label = target[r];
        bool ignored = label == ignore_index, known = 0 <= label && label < classes;
        if (ignored || !known) {  // the same for the whole block
            real nothing = ignored ? real(0) : real(0) / real(0);
            if (threadIdx.x == 0) loss[r] = nothing;
            nothing *= row.log_sum;  // a NaN among the logits passes
            if (wants_gradient)
                for (long long c = threadIdx.x; c < classes; c += blockDim.x) gradient[row.at(c)] = nothing;
            continue;
        }
        real w = (has_weight ? weight[label] : real(1)) * (real(1) - smoothing);
        real share = 0, value = 0;  // of the smoothing: Σ spread·w, and its loss
        if (spread != 0)
            for (long long c = threadIdx.x; c < classes; c += blockDim.x) {
                real wc = spread * (has_weight ? weight[c] : real(1));
                share += wc;
                value += wc * row.minus_log(c);
            }
        share = w + block_sum(share);
        value = block_sum(value) + w * row.minus_log(label);
        if (threadIdx.x == 0) loss[r] = value;
        if (wants_gradient)
            for (long long c = threadIdx.x; c < classes; c += blockDim.x) {
                real wanted = spread * (has_weight ? weight[c] : real(1)) + (c == label ? w : real(0));
                gradient[row.at(c)] = scale * (exp(-row.minus_log(c)) * share - wanted);
            }
    }
}

// A block a row. Cross-entropy with class probabilities.
extern "C" __global__ void cross_entropy_probabilities(const real* logits, const real* target, const real* weight,
                                                       real smoothing, real scale, real* loss, real* gradient,
                                                       int has_weight, int wants_gradient, long long rows,
                                                       long long classes, long long inner) {
    real kept = real(1) - smoothing, spread = smoothing / classes;
    for (long long r = blockIdx.x; r < rows; r += gridDim.x) {
        Row row(logits, r, classes, inner);
        real share = 0, value = 0;
        for (long long c = threadIdx.x; c < classes; c += blockDim.x) {
            real wanted = (has_weight ? weight[c] : real(1)) * (kept * target[row.at(c)] + spread);
            share += wanted;
            value += wanted * row.minus_log(c);
        }
        share = block_sum(share);
        value = block_sum(value);
        if (threadIdx.x == 0) loss[r] = value;
        if (wants_gradient)
            for (long long c = threadIdx.x; c < classes; c += blockDim.x) {
                real wanted = (has_weight ? weight[c] : real(1)) * (kept * target[row.at(c)] + spread);
                gradient[row.at(c)] = scale * (exp(-row.minus_log(c)) * share - wanted);
            }
    }
}
