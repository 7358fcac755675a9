// Losses of one prediction x and its target t: {the loss, its slope by x}. The twin of formulas.py, line for line.
#pragma once

#include "losses/sums.cuh"

// −1, 0 or 1; 0 for NaN, as in PyTorch.
__device__ inline real sign(real d) { return d > 0 ? real(1) : d < 0 ? real(-1) : real(0); }

__device__ inline Value l1(real x, real t) {
    real d = x - t;
    return {fabs(d), sign(d)};
}

__device__ inline Value squared(real x, real t) {
    real d = x - t;
    return {d * d, 2 * d};
}

__device__ inline Value huber(real x, real t, real delta) {
    real d = x - t, a = fabs(d);
    return {a <= delta ? real(0.5) * d * d : delta * (a - real(0.5) * delta), a > delta ? copysign(delta, d) : d};
}

__device__ inline Value smooth_l1(real x, real t, real beta) {
    real d = x - t, a = fabs(d);
    return {a < beta ? real(0.5) * d * d / beta : a - real(0.5) * beta, a >= beta ? sign(d) : d / beta};
}

// And log t!, approximately, for counts t above 1.
__device__ inline real stirling(real value, real t, real full) {
    return full != 0 && t > 1 ? value + (t * log(t) - t + real(0.5) * log(real(6.283185307179586) * t)) : value;
}

__device__ inline Value poisson_log(real x, real t, real full) {
    real e = exp(x);
    return {stirling(e - t * x, t, full), e - t};
}

__device__ inline Value poisson(real x, real t, real full, real eps) {
    real y = x + eps;
    return {stirling(x - t * log(y), t, full), real(1) - t / y};
}

// Two slopes: by x and by the variance, which passes through its lower limit.
__device__ inline Value gaussian(real x, real t, real var, real constant, real eps) {
    real d = x - t, v = var < eps ? eps : var;
    return {real(0.5) * (log(v) + d * d / v) + constant, d / v, real(0.5) * (real(1) - d * d / v) / v};
}

__device__ inline Value kl(real x, real t) { return {(t == 0 ? real(0) : t * log(t)) - t * x, -t}; }

__device__ inline Value kl_log(real x, real t) {
    real p = exp(t);
    return {p * (t - x), -p};
}

__device__ inline Value log_cosh(real x, real t) {
    real d = x - t, a = fabs(d);
    return {a + log1p(exp(-2 * a)) - real(0.6931471805599453), tanh(d)};
}

__device__ inline Value percentage(real x, real t) {
    real d = x - t, size = real(1e-7) > fabs(t) ? real(1e-7) : fabs(t);
    return {100 * (fabs(d) / size), 100 * (sign(d) / size)};
}

__device__ inline Value logarithmic(real x, real t) {
    real least = real(1e-7);
    real d = log((least > x ? least : x) + real(1)) - log((least > t ? least : t) + real(1));
    return {d * d, x <= least ? real(0) : 2 * d / (x + real(1))};
}
