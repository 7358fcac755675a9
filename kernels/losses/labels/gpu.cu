// Losses of class labels on the GPU.

#include "elementwise.cuh"
#include "losses/classification/labels.cuh"

// What is lost by a row r: x is (outer, classes, inner), r / inner of outer and r % inner of inner.
struct Nll {
    const real* x;
    const long long* target;
    const real* weight;
    long long ignore_index;
    int has_weight;
    long long classes, inner;

    __device__ real loss(long long r) const {
        long long label = target[r];
        bool known = is_class(label, classes);
        real w = known && has_weight ? weight[label] : real(1);
        real lost = known ? -w * x[(r / inner * classes + label) * inner + r % inner] : real(0) / real(0);
        return label == ignore_index ? real(0) : lost;
    }
    // By the number at i of x.
    __device__ real slope(long long i) const {
        long long c = i / inner % classes, label = target[i / inner / classes * inner + i % inner];
        return c == label && label != ignore_index ? (has_weight ? -weight[c] : real(-1)) : real(0);
    }
};

extern "C" __global__ void nll_loss(const real* x, const long long* target, const real* weight, long long ignore_index,
                                    real* loss, int has_weight, long long classes, long long inner, long long rows) {
    Nll nll = {x, target, weight, ignore_index, has_weight, classes, inner};
    FOR_EACH_ELEMENT(r, rows) loss[r] = nll.loss(r);
}

extern "C" __global__ void nll_gradient(const long long* target, const real* weight, const real* divisor,
                                        long long ignore_index, real* gradient, int has_weight, int has_divisor,
                                        long long classes, long long inner, long long n) {
    Nll nll = {nullptr, target, weight, ignore_index, has_weight, classes, inner};
    FOR_EACH_ELEMENT(i, n) gradient[i] = nll.slope(i) / (has_divisor ? divisor[0] : real(1));
}

// Both, what a mean is divided by, and the total: four launches in one, by one block, of a small input. Of 128 × 10 the
// simulator counts 422 sectors, for 480.
extern "C" __global__ void nll_alone(const real* x, const long long* target, const real* weight, long long ignore_index,
                                     real* loss, real* gradient, real* total, int has_weight, int is_mean,
                                     int wants_gradient, long long classes, long long inner, long long rows) {
    Nll nll = {x, target, weight, ignore_index, has_weight, classes, inner};
    real divisor = is_mean ? sum_of_weights(target, weight, ignore_index, classes, has_weight, rows) : real(1);
    double lost = 0;
    FOR_EACH_ELEMENT(r, rows) {
        loss[r] = nll.loss(r);
        lost += loss[r];
    }
    lost = block_sum(lost);
    if (threadIdx.x == 0) total[0] = lost / divisor;
    if (!wants_gradient) return;
    long long n = rows * classes;
    FOR_EACH_ELEMENT(i, n) gradient[i] = nll.slope(i) / divisor;
}

extern "C" __global__ void generalized(const real* x, const long long* target, real q, real* loss, long long classes,
                                       long long rows) {
    FOR_EACH_ELEMENT(r, rows) {
        bool known = is_class(target[r], classes);
        loss[r] = known ? (real(1) - exp(q * log(x[r * classes + target[r]]))) / q : real(0) / real(0);
    }
}

extern "C" __global__ void generalized_gradient(const real* x, const long long* target, real q, real scale,
                                                real* gradient, long long classes, long long n) {
    FOR_EACH_ELEMENT(i, n) {
        bool counts = i % classes == target[i / classes];
        gradient[i] = counts ? -scale * exp((q - real(1)) * log(x[i])) : real(0);
    }
}

// A block a row from here on.

extern "C" __global__ void multi_margin_loss(const real* inputs, const long long* target, const real* weight, int p,
                                             real margin, real scale, real* loss, real* gradient, int has_weight,
                                             int wants_gradient, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real* x = inputs + row * n;
        long long label = target[row];
        bool known = is_class(label, n);
        real factor = known ? (has_weight ? weight[label] : real(1)) / n : real(0) / real(0);
        real above = margin - (known ? x[label] : real(0)), value = 0, slopes = 0;
        ALONG_THE_ROW(j, n) {
            real v = x[j] + above;
            v = v > 0 && j != label ? v : real(0);
            real slope = p == 2 ? 2 * v : v > 0 ? real(1) : real(0);
            value += p == 2 ? v * v : v;
            slopes += slope;
            if (wants_gradient && j != label) gradient[row * n + j] = scale * factor * slope;
        }
        value = block_sum(value), slopes = block_sum(slopes);
        if (threadIdx.x == 0) {
            loss[row] = factor * value;
            if (wants_gradient && known) gradient[row * n + label] = -scale * factor * slopes;
        }
    }
}

// `times`, of the inputs' shape, is scratch memory: how often each class is a label.
extern "C" __global__ void multilabel_margin_loss(const real* inputs, const long long* target, real scale, real* times,
                                                  real* loss, real* gradient, int wants_gradient, long long rows,
                                                  long long n) {
    FOR_EACH_ROW(row, rows) {
        const real* x = inputs + row * n;
        const long long* labels = target + row * n;
        real* is_label = times + row * n;
        ALONG_THE_ROW(j, n) {
            is_label[j] = 0;
            for (long long k = 0; k < n; k++) {
                if (labels[k] < 0) break;
                is_label[j] += labels[k] == j ? real(1) : real(0);
            }
        }
        __syncthreads();
        real value = 0;
        ALONG_THE_ROW(j, n) {
            real slope = 0;
            for (long long i = 0; i < n; i++) {  // j and i: the one a label, the other not
                if ((is_label[i] > 0) == (is_label[j] > 0)) continue;
                real v = is_label[i] > 0 ? real(1) - x[i] + x[j] : real(1) - x[j] + x[i];
                real many = v > 0 ? is_label[i] + is_label[j] : real(0);  // one of them is 0
                slope += is_label[i] > 0 ? many : -many;
                if (is_label[i] > 0 && v > 0) value += many * v;
            }
            if (wants_gradient) gradient[row * n + j] = scale / n * slope;
        }
        value = block_sum(value);
        if (threadIdx.x == 0) loss[row] = value / n;
    }
}

extern "C" __global__ void categorical_hinge_loss(const real* inputs, const real* target, real scale, real* loss,
                                                  real* gradient, int wants_gradient, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real *x = inputs + row * n, *t = target + row * n;
        real right = 0, wrong = (real(1) - t[0]) * x[0], ties = 0;
        ALONG_THE_ROW(j, n) {
            real v = (real(1) - t[j]) * x[j];
            right += t[j] * x[j];
            wrong = v > wrong ? v : wrong;
        }
        right = block_sum(right), wrong = block_max(wrong);
        ALONG_THE_ROW(j, n) ties += (real(1) - t[j]) * x[j] == wrong ? real(1) : real(0);
        ties = block_sum(ties);
        real left = wrong - right + real(1), slope = left > 0 ? scale : real(0);
        if (threadIdx.x == 0) loss[row] = left < 0 ? real(0) : left;
        if (wants_gradient) ALONG_THE_ROW(j, n) {
            real u = real(1) - t[j];
            gradient[row * n + j] = (u * x[j] == wrong ? slope / ties * u : real(0)) - slope * t[j];
        }
    }
}

extern "C" __global__ void categorical_focal_crossentropy(const real* inputs, const real* target, real alpha,
                                                          real gamma, int logits, real smoothing, real scale,
                                                          real* loss, real* gradient, int wants_gradient,
                                                          long long rows, long long n, long long inner) {
    real tiny = real(1e-7);
    FOR_EACH_ROW(row, rows) {
        long long start = row / inner * n * inner + row % inner;
        real top = logits ? inputs[start] : real(0), total = 0;
        if (logits) {
            ALONG_THE_ROW(j, n) top = inputs[start + j * inner] > top ? inputs[start + j * inner] : top;
            top = block_max(top);
        }
        ALONG_THE_ROW(j, n) total += logits ? exp(inputs[start + j * inner] - top) : inputs[start + j * inner];
        real inverse = real(1) / block_sum(total);
        auto probability = [=](long long i) { return inverse * (logits ? exp(inputs[i] - top) : inputs[i]); };
        auto weight = [=](long long i) { return alpha * (target[i] * (real(1) - smoothing) + smoothing / n); };
        auto slope = [=](long long i) {  // by the probability
            real p = probability(i), q = real(1) - p;
            if (p < tiny || q < tiny) return real(0);
            return weight(i) * exp((gamma - real(1)) * log(q)) * (gamma * log(p) - q / p);
        };
        real value = 0, mean_slope = 0;
        ALONG_THE_ROW(j, n) {
            long long i = start + j * inner;
            real p = probability(i), q = tiny > real(1) - p ? tiny : real(1) - p;
            value -= weight(i) * (exp(gamma * log(q)) * log(tiny > p ? tiny : p));
            mean_slope += slope(i) * p;
        }
        value = block_sum(value), mean_slope = block_sum(mean_slope);
        if (threadIdx.x == 0) loss[row] = value;
        if (wants_gradient) ALONG_THE_ROW(j, n) {
            long long i = start + j * inner;
            gradient[i] = scale * (slope(i) - mean_slope) * (logits ? probability(i) : inverse);
        }
    }
}
