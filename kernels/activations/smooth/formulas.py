"""The smooth activations on vectors (simd.py). At NaN each condition is false: the NaN passes, or the gradient does."""

from ...jit import inline
from ...simd import absolute, fma, smaller, sqrt, where
from ...vector_math import exp, expm1, sigmoid, tanh
from ...vector_math import softplus as log1p_exp

SELU_SCALE, SELU_SLOPE = 1.0507009873554805, 1.7580993408473766  # λ and λ α


@inline
def elu(v, alpha):
    return where(v > 0, v, alpha * expm1(v))


@inline
def elu_backward(g, v, alpha):
    return where(v <= 0, g * alpha * exp(v), g)


@inline
def celu(v, alpha):
    return where(v > 0, v, alpha * expm1(v / alpha))


@inline
def celu_backward(g, v, alpha):
    return where(v <= 0, g * exp(v / alpha), g)


@inline
def selu(v):
    return where(v > 0, SELU_SCALE * v, SELU_SLOPE * expm1(v))


@inline
def selu_backward(g, v):
    return where(v <= 0, g * SELU_SLOPE * exp(v), g * SELU_SCALE)


@inline
def silu(v):
    return v * sigmoid(v)


@inline
def silu_backward(g, v):
    s = sigmoid(v)
    return g * (s * fma(v, 1 - s, 1))


# tanh(log(1 + e)), with e = exp(x), is n / (n + 2) with n = e (e + 2). Beyond 20 it is 1, and its slope too small to
# count; but ∞ · 0 shall be NaN, as in PyTorch.


@inline
def mish(v):
    e = exp(smaller(20, v))
    n = e * (e + 2)
    return v * (n / (n + 2))


@inline
def mish_backward(g, v):
    e = exp(smaller(20, v))
    n = e * (e + 2)
    slope = 4 * e * (e + 1) / ((n + 2) * (n + 2))
    return g * fma(v, where(v > 20, 0, slope), n / (n + 2))


@inline
def softplus(v, beta, threshold):
    u = beta * v
    return where(u > threshold, v, log1p_exp(u) / beta)


@inline
def softplus_backward(g, v, beta, threshold):
    u = beta * v
    return where(u > threshold, g, g * sigmoid(u))


@inline
def logsigmoid(v):
    return -log1p_exp(-v)


@inline
def logsigmoid_backward(g, v):
    return g * sigmoid(-v)


@inline
def softsign(v):
    return v / (1 + absolute(v))


@inline
def softsign_backward(g, v):
    d = 1 + absolute(v)
    return g / d / d + 0 * v  # 0 · ∞ is NaN


@inline
def tanhshrink(v):
    return v - tanh(v)


@inline
def tanhshrink_backward(g, v):
    t = tanh(v)
    return g * t * t


@inline
def exponential(v):
    return exp(v)


@inline
def exponential_backward(g, y):
    return g * y


# With r = √(x² + b), (r − |x|) / 2 = b / (2 (r + |x|)), which loses nothing where r and |x| are almost the same.


@inline
def squareplus(v, b):
    r, a = sqrt(fma(v, v, b)), absolute(v)
    small = 0.5 * b / (r + a)
    return where(v > 0, v + small, small)


@inline
def squareplus_backward(g, v, b):
    r, a = sqrt(fma(v, v, b)), absolute(v)
    small = 0.5 * b / (r + a) / r
    return g * where(v > 0, 1 - small, small)
