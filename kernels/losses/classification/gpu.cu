// Losses of class predictions on the GPU: the loss and, if wanted, the gradient, in one pass. An array that isn't
// wanted is announced by its flag, and its pointer never followed.

#include "softmax/reduce.cuh"

// The labels haven't been looked at: one that is no class has the loss NaN.
__device__ inline bool is_class(long long label, long long classes) { return 0 <= label && label < classes; }

// The summed weights of the labels' classes, by which a mean is divided; NaN for a mean over nothing. One block.
extern "C" __global__ void label_weights(const long long* target, const real* weight, real* out,
                                         long long ignore_index, long long classes, int has_weight, long long n) {
    double sum = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) {
        long long label = target[i];
        if (label != ignore_index && is_class(label, classes)) sum += has_weight ? weight[label] : real(1);
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
        bool ignored = label == ignore_index, known = is_class(label, classes);
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
