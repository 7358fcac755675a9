// Losses of several predictions on the GPU: a block a row, which sums along it, then makes the gradients.

#include "losses/pairs/formulas.cuh"

LOSS_OF_THREE(margin_ranking_loss, real margin) { SUM_OF_THREE(margin_ranking(x, t, u, margin)); }

struct Gradients {
    real* by_a;
    real* by_b;
    int a_is, b_is;
};

template <typename Formula>
__device__ void of_angles(Formula formula, const real* a, const real* b, real scale, real* loss, Gradients wanted,
                          long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real *x = a + row * n, *y = b + row * n;
        real dot = 0, xx = 0, yy = 0;
        ALONG_THE_ROW(j, n) dot += x[j] * y[j], xx += x[j] * x[j], yy += y[j] * y[j];
        dot = block_sum(dot), xx = block_sum(xx), yy = block_sum(yy);
        Angle found = formula(row, dot, xx, yy);
        if (threadIdx.x == 0) loss[row] = found.value;
        if (wanted.a_is) ALONG_THE_ROW(j, n) {
            wanted.by_a[row * n + j] = scale * (found.across * y[j] - found.along_x * x[j]);
            if (wanted.b_is) wanted.by_b[row * n + j] = scale * (found.across * x[j] - found.along_y * y[j]);
        }
    }
}

extern "C" __global__ void cosine_embedding_loss(const real* a, const real* b, const real* target, real margin,
                                                 real scale, real* loss, real* by_a, real* by_b, int wants_gradients,
                                                 long long rows, long long n) {
    auto formula = [=](long long row, real dot, real xx, real yy) {
        return embedding(dot, xx, yy, target[row], margin);
    };
    of_angles(formula, a, b, scale, loss, Gradients{by_a, by_b, wants_gradients, 1}, rows, n);
}

extern "C" __global__ void cosine_similarity_loss(const real* a, const real* b, real scale, real* loss, real* by_a,
                                                  int wants_gradient, long long rows, long long n) {
    auto formula = [=](long long, real dot, real xx, real yy) { return similarity(dot, xx, yy); };
    of_angles(formula, a, b, scale, loss, Gradients{by_a, nullptr, wants_gradient, 0}, rows, n);
}

// |v|ᵖ
__device__ inline real power(real v, real p) { return p == 2 ? v * v : p == 1 ? fabs(v) : pow(fabs(v), p); }

// Of the distance by v: sign(v) (|v| / distance)ᵖ⁻¹; 0 where v is.
__device__ inline real slope_of(real v, real distance, real p) {
    if (v == 0) return 0;
    return p == 2 ? v / distance : copysign(p == 1 ? real(1) : pow(fabs(v) / distance, p - real(1)), v);
}

// (Σ |x − y + eps|ᵖ)^(1/p), by a whole block.
__device__ real distance(const real* x, const real* y, real p, real eps, long long n) {
    real sum = 0;
    ALONG_THE_ROW(j, n) sum += power(x[j] - y[j] + eps, p);
    sum = block_sum(sum);
    return p == 2 ? sqrt(sum) : pow(sum, real(1) / p);
}

extern "C" __global__ void triplet_margin_loss(const real* anchor, const real* positive, const real* negative,
                                               real margin, real p, real eps, int swap, real scale, real* loss,
                                               real* by_anchor, real* by_positive, real* by_negative,
                                               int wants_gradients, long long rows, long long n) {
    FOR_EACH_ROW(row, rows) {
        const real *a = anchor + row * n, *b = positive + row * n, *c = negative + row * n;
        real near = distance(a, b, p, eps, n), far = distance(a, c, p, eps, n);
        real other = swap ? distance(b, c, p, eps, n) : far;
        bool swapped = other < far;
        if (swapped) far = other;
        real left = margin + near - far;
        if (threadIdx.x == 0) loss[row] = left < 0 ? real(0) : left;
        real slope = left >= 0 ? scale : real(0);
        if (wants_gradients) ALONG_THE_ROW(j, n) {
            real pull = slope_of(a[j] - b[j] + eps, near, p);
            real push = slope_of((swapped ? b[j] : a[j]) - c[j] + eps, far, p);
            by_anchor[row * n + j] = slope * (swapped ? pull : pull - push);
            by_positive[row * n + j] = -slope * (swapped ? pull + push : pull);
            by_negative[row * n + j] = slope * push;
        }
    }
}
