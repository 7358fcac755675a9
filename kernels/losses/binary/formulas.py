"""Losses of a yes or no: (the loss, its slope by x), on vectors (simd.py). The twin of formulas.cuh, line for line."""

from ...jit import inline
from ...simd import larger, where
from ...vector_math import exp, log, log1p, sigmoid, softplus


@inline
def bce(x, t, w):
    """No logarithm counts as less than −100; an x that is no probability gives NaN."""
    yes, no = log(x), log1p(-x)
    loss = t * where(yes < -100, -100, yes) + (1 - t) * where(no < -100, -100, no)
    slope = w * (x - t) / larger(9.999999960041972e-13, x * (1 - x))  # 10⁻¹² in float32, as in PyTorch
    return -w * loss, slope, slope


@inline
def soft_margin(x, t):
    return softplus(-t * x), -t * sigmoid(-t * x)


@inline
def hinge_embedding(x, t, margin):
    near, left = t != -1, margin - x
    loss = where(near, x, 0) + where(t != 1, where(left < 0, 0, left), 0)
    return loss, where(near, 1, 0 * t) - where((t != 1) & (left >= 0), 1, 0 * t)


@inline
def hinge(x, t):
    """A target of 0 means −1, as in Keras."""
    t = where(t == 0, -1, t)
    left = 1 - t * x
    return where(left < 0, 0, left), where(left > 0, -t, 0)


@inline
def squared_hinge(x, t):
    t = where(t == 0, -1, t)
    left = 1 - t * x
    left = where(left < 0, 0, left)
    return left * left, -2 * t * left


@inline
def focal(x, t, gamma, smoothing, weight_0, weight_1, logits):
    """Of a weight that goes from weight_0 for no to weight_1 for yes."""
    p, q = x, 1 - x
    if logits:
        p, q = sigmoid(x), sigmoid(-x)
    t = t * (1 - smoothing) + 0.5 * smoothing
    u, w = 1 - t, weight_0 + (weight_1 - weight_0) * t
    entropy = -(t * log(larger(1e-7, p)) + u * log(larger(1e-7, q)))
    slope = where(q < 1e-7, 0, u / q) - where(p < 1e-7, 0, t / p)
    missed = larger(1e-30, t * q + u * p)
    power = exp((gamma - 1) * log(missed))
    slope = w * power * (gamma * (u - t) * entropy + missed * slope)
    if logits:
        slope = slope * (p * q)
    return w * (power * missed) * entropy, slope
