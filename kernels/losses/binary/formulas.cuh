// Losses of a yes or no: {the loss, its slope by x}. The twin of formulas.py, line for line.
#pragma once

#include "activations/formulas.cuh"
#include "losses/sums.cuh"

// log(1 + eˣ), with no exponential of a positive number.
__device__ inline real softplus(real x) { return log1p(exp(-fabs(x))) + (x < 0 ? real(0) : x); }

// x where x > least, else least; NaN passes.
__device__ inline real at_least(real least, real x) { return least > x ? least : x; }

// No logarithm counts as less than −100; an x that is no probability gives NaN.
__device__ inline Value bce(real x, real t, real w) {
    real yes = log(x), no = log1p(-x);
    real loss = t * at_least(-100, yes) + (real(1) - t) * at_least(-100, no);
    return {-w * loss, w * (x - t) / at_least(real(9.999999960041972e-13), x * (real(1) - x))};
}

__device__ inline Value soft_margin(real x, real t) { return {softplus(-t * x), -t * act::sigmoid(-t * x)}; }

__device__ inline Value hinge_embedding(real x, real t, real margin) {
    bool near = t != -1, far = t != 1;
    real left = margin - x;
    real loss = (near ? x : real(0)) + (far ? at_least(0, left) : real(0));
    return {loss, real(near) - real(far && left >= 0)};
}

// A target of 0 means −1, as in Keras.
__device__ inline Value hinge(real x, real t) {
    t = t == 0 ? real(-1) : t;
    real left = real(1) - t * x;
    return {at_least(0, left), left > 0 ? -t : real(0)};
}

__device__ inline Value squared_hinge(real x, real t) {
    t = t == 0 ? real(-1) : t;
    real left = at_least(0, real(1) - t * x);
    return {left * left, -2 * t * left};
}

// Of a weight that goes from weight_0 for no to weight_1 for yes.
__device__ inline Value focal(real x, real t, real gamma, real smoothing, real weight_0, real weight_1, real logits) {
    real p = logits ? act::sigmoid(x) : x, q = logits ? act::sigmoid(-x) : real(1) - x, tiny = real(1e-7);
    t = t * (real(1) - smoothing) + real(0.5) * smoothing;
    real u = real(1) - t, w = weight_0 + (weight_1 - weight_0) * t;
    real entropy = -(t * log(at_least(tiny, p)) + u * log(at_least(tiny, q)));
    real slope = (q < tiny ? real(0) : u / q) - (p < tiny ? real(0) : t / p);
    real missed = at_least(real(1e-30), t * q + u * p);
    real power = exp((gamma - real(1)) * log(missed));
    slope = w * power * (gamma * (u - t) * entropy + missed * slope);
    return {w * (power * missed) * entropy, logits ? slope * (p * q) : slope};
}
