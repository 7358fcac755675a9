"""Losses of one prediction x and its target t: (the loss, its slope by x), on vectors (simd.py).

The twin of formulas.cuh, line for line.
"""

from ...jit import inline
from ...simd import absolute, copysign, larger, maximum, where
from ...vector_math import exp, log, softplus, tanh


@inline
def sign(d):
    """−1, 0 or 1; 0 for NaN, as in PyTorch."""
    return where(absolute(d) > 0, copysign(1, d), 0)


@inline
def l1(x, t):
    d = x - t
    return absolute(d), sign(d)


@inline
def squared(x, t):
    d = x - t
    return d * d, 2 * d


@inline
def huber(x, t, delta):
    d = x - t
    a = absolute(d)
    return where(a <= delta, 0.5 * d * d, delta * (a - 0.5 * delta)), where(a > delta, copysign(delta, d), d)


@inline
def smooth_l1(x, t, beta):
    d = x - t
    a = absolute(d)
    return where(a < beta, 0.5 * d * d / beta, a - 0.5 * beta), where(a >= beta, sign(d), d / beta)


@inline
def stirling(value, t, full):
    """And log t!, approximately, for counts t above 1."""
    if full:
        value = value + where(t > 1, t * log(t) - t + 0.5 * log(6.283185307179586 * t), 0)
    return value


@inline
def poisson_log(x, t, full):
    e = exp(x)
    return stirling(e - t * x, t, full), e - t


@inline
def poisson(x, t, full, eps):
    y = x + eps
    return stirling(x - t * log(y), t, full), 1 - t / y


@inline
def gaussian(x, t, var, constant, eps):
    """Two slopes: by x and by the variance, which passes through its lower limit."""
    d, v = x - t, maximum(var, eps)
    return 0.5 * (log(v) + d * d / v) + constant, d / v, 0.5 * (1 - d * d / v) / v


@inline
def kl(x, t):
    return where(t == 0, 0, t * log(t)) - t * x, -t


@inline
def kl_log(x, t):
    p = exp(t)
    return p * (t - x), -p


@inline
def log_cosh(x, t):
    d = x - t
    a = absolute(d)
    return a + softplus(-2 * a) - 0.6931471805599453, tanh(d)


@inline
def percentage(x, t):
    d, size = x - t, larger(1e-7, absolute(t))
    return 100 * (absolute(d) / size), 100 * (sign(d) / size)


@inline
def logarithmic(x, t):
    d = log(larger(1e-7, x) + 1) - log(larger(1e-7, t) + 1)
    return d * d, where(x <= 1e-7, 0, 2 * d / (x + 1))
