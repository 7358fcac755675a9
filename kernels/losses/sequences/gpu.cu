// CTC on the GPU: a block a sequence, a thread a state (or several); see cpu.py for the states.

#include "softmax/reduce.cuh"

__device__ inline bool is_class(long long label, long long classes) { return 0 <= label && label < classes; }

// log(eᵃ + eᵇ + eᶜ)
__device__ inline real log_sum(real a, real b, real c) {
    real top = a > b ? a : b;
    top = top > c ? top : c;
    if (top == -(real(1) / real(0))) top = 0;
    return top + log(exp(a - top) + exp(b - top) + exp(c - top));
}

// A sequence: its states' labels and what they emit.
struct Sequence {
    const real* log_probs;
    const long long* target;
    long long stride, states, blank, classes;  // stride: from one time to the next

    __device__ long long label(long long s) const { return s % 2 ? target[s / 2] : blank; }
    __device__ real emitted(long long t, long long s) const {  // a label that is no class has no path
        long long l = label(s);
        return is_class(l, classes) ? log_probs[t * stride + l] : -(real(1) / real(0));
    }
    __device__ bool skips(long long s) const { return s % 2 && s > 1 && s < states && label(s) != label(s - 2); }
};

// alphas (sequences, times, most states) and betas (sequences, 2, most states) are scratch memory.
extern "C" __global__ void ctc_loss(const real* log_probs, const long long* targets, const long long* input_lengths,
                                    const long long* target_lengths, long long blank, real* alphas, real* betas,
                                    real* loss, real* scaled, real* gradient, int mean, int zero_infinity,
                                    int wants_gradient, long long all_times, long long rows, long long classes,
                                    long long longest) {
    real none = -(real(1) / real(0));
    long long most = 2 * longest + 1;
    FOR_EACH_ROW(row, rows) {
        long long times = input_lengths[row], n = 2 * target_lengths[row] + 1;
        Sequence of{log_probs + row * classes, targets + row * longest, rows * classes, n, blank, classes};
        real *alpha = alphas + row * all_times * most, *beta = betas + row * 2 * most;
        for (long long t = 0; t < times; t++) {
            real *now = alpha + t * most, *before = now - most;
            ALONG_THE_ROW(s, n) {
                if (t == 0)
                    now[s] = s < 2 ? of.emitted(0, s) : none;
                else
                    now[s] = of.emitted(t, s) + log_sum(before[s], s ? before[s - 1] : none,
                                                        of.skips(s) ? before[s - 2] : none);
            }
            __syncthreads();
        }
        real likelihood = n == 1 ? real(0) : none;
        if (times) {
            const real* end = alpha + (times - 1) * most + n;
            likelihood = log_sum(end[-1], n > 1 ? end[-2] : none, none);
        }
        bool lost = likelihood == none;
        real scale = mean ? real(1) / (rows * (n > 1 ? n / 2 : 1)) : real(1);
        real value = lost && zero_infinity ? real(0) : -likelihood;
        if (threadIdx.x == 0) {
            loss[row] = value;
            scaled[row] = scale * value;
        }
        if (!wants_gradient) continue;
        real nothing = lost && !zero_infinity ? real(0) / real(0) : real(0);
        for (long long t = 0; t < all_times; t++)
            ALONG_THE_ROW(c, classes) gradient[(t * rows + row) * classes + c] = t < times ? nothing : real(0);
        __syncthreads();  // all have read the likelihood, and all classes are 0
        if (lost) continue;
        for (long long t = times - 1; t >= 0; t--) {
            real *now = beta + t % 2 * most, *after = beta + (t + 1) % 2 * most, *share = alpha + t * most;
            ALONG_THE_ROW(s, n) {
                real e = of.emitted(t, s);
                if (t == times - 1)
                    now[s] = s + 2 >= n ? e : none;
                else
                    now[s] = e + log_sum(after[s], s + 1 < n ? after[s + 1] : none,
                                         of.skips(s + 2) ? after[s + 2] : none);
                real both = share[s] + now[s];
                share[s] = both == none ? real(0) : exp(both - e - likelihood);
            }
            __syncthreads();
            // The first state of each label adds up all states of it.
            ALONG_THE_ROW(s, n) {
                long long label = of.label(s);
                bool first = s < 2 && is_class(label, classes);
                if (s % 2 && s > 2 && is_class(label, classes)) {
                    first = true;
                    for (long long other = 1; other < s; other += 2) first = first && of.label(other) != label;
                }
                if (!first) continue;
                real sum = 0;
                for (long long other = s; other < n; other += 2) sum += of.label(other) == label ? share[other] : real(0);
                gradient[(t * rows + row) * classes + label] = -scale * sum;
            }
        }
    }
}
