// The smooth activations of one number. The twin of formulas.py, line for line.
#pragma once

#include "activations/formulas.cuh"

namespace act {

constexpr real SELU_SCALE = real(1.0507009873554805), SELU_SLOPE = real(1.7580993408473766);  // λ and λ α

__device__ inline real elu(real v, real alpha) { return v > 0 ? v : alpha * expm1(v); }
__device__ inline real elu_backward(real g, real v, real alpha) { return v <= 0 ? g * alpha * exp(v) : g; }

__device__ inline real celu(real v, real alpha) { return v > 0 ? v : alpha * expm1(v / alpha); }
__device__ inline real celu_backward(real g, real v, real alpha) { return v <= 0 ? g * exp(v / alpha) : g; }

__device__ inline real selu(real v) { return v > 0 ? SELU_SCALE * v : SELU_SLOPE * expm1(v); }
__device__ inline real selu_backward(real g, real v) { return v <= 0 ? g * SELU_SLOPE * exp(v) : g * SELU_SCALE; }

__device__ inline real silu(real v) { return v * sigmoid(v); }
__device__ inline real silu_backward(real g, real v) {
    real s = sigmoid(v);
    return g * (s * (real(1) + v * (real(1) - s)));
}

// tanh(log(1 + e)), with e = exp(x), is n / (n + 2) with n = e (e + 2). Beyond 20 it is 1, and its slope too small to
// count; but ∞ · 0 shall be NaN, as in PyTorch.
__device__ inline real mish(real v) {
    real e = exp(v > 20 ? real(20) : v), n = e * (e + 2);
    return v * (n / (n + 2));
}
__device__ inline real mish_backward(real g, real v) {
    real e = exp(v > 20 ? real(20) : v), n = e * (e + 2);
    real slope = 4 * e * (e + 1) / ((n + 2) * (n + 2));
    return g * (v * (v > 20 ? real(0) : slope) + n / (n + 2));
}

__device__ inline real softplus(real v, real beta, real threshold) {
    real u = beta * v;
    return u > threshold ? v : log1p(exp(u)) / beta;
}
__device__ inline real softplus_backward(real g, real v, real beta, real threshold) {
    real u = beta * v;
    return u > threshold ? g : g * sigmoid(u);
}

__device__ inline real logsigmoid(real v) { return (v > 0 ? real(0) : v) - log1p(exp(-fabs(v))); }
__device__ inline real logsigmoid_backward(real g, real v) { return g * sigmoid(-v); }

__device__ inline real softsign(real v) { return v / (1 + fabs(v)); }
__device__ inline real softsign_backward(real g, real v) {
    real d = 1 + fabs(v);
    return g / d / d + 0 * v;  // 0 · ∞ is NaN
}

__device__ inline real tanhshrink(real v) { return v - ::tanh(v); }
__device__ inline real tanhshrink_backward(real g, real v) {
    real t = ::tanh(v);
    return g * t * t;
}

__device__ inline real exponential(real v) { return exp(v); }
__device__ inline real exponential_backward(real g, real y) { return g * y; }

// With r = √(x² + b), (r − |x|) / 2 = b / (2 (r + |x|)), which loses nothing where r and |x| are almost the same.
__device__ inline real squareplus(real v, real b) {
    real small = real(0.5) * b / (sqrt(v * v + b) + fabs(v));
    return v > 0 ? v + small : small;
}
__device__ inline real squareplus_backward(real g, real v, real b) {
    real r = sqrt(v * v + b), small = real(0.5) * b / (r + fabs(v)) / r;
    return g * (v > 0 ? 1 - small : small);
}

}  // namespace act
