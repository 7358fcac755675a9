"""The activations of one number, for Numba; any kernel that fuses an activation calls these.

`real = type(v)` keeps the arithmetic in the caller's precision: a bare 0.5 would make it float64.
"""

import math

from ..jit import inline


@inline
def relu(v):
    return type(v)(0) if v < 0 else v  # a NaN is not < 0: it passes


@inline
def relu_backward(g, v):
    return type(v)(0) if v <= 0 else g


@inline
def leaky_relu(v, slope):
    return v if v > 0 else v * slope


@inline
def leaky_relu_backward(g, v, slope):
    return g if v > 0 else g * slope


@inline
def sigmoid(v):
    one = type(v)(1)
    return one / (one + math.exp(-v))  # exp overflows to infinity, and 1/∞ is the right 0


@inline
def sigmoid_backward(g, y):
    return g * y * (type(y)(1) - y)


@inline
def tanh(v):
    return math.tanh(v)


@inline
def tanh_backward(g, y):
    return g * (type(y)(1) - y * y)


@inline
def gelu(v):
    real = type(v)
    return real(0.5) * v * (real(1) + math.erf(v * real(0.7071067811865476)))


@inline
def gelu_backward(g, v):
    real = type(v)
    cdf = real(0.5) * (real(1) + math.erf(v * real(0.7071067811865476)))
    density = real(0.3989422804014327) * math.exp(real(-0.5) * v * v)  # 1/√(2π)
    return g * (cdf + v * density)


@inline
def gelu_tanh(v):
    real = type(v)
    inner = real(0.7978845608028654) * (v + real(0.044715) * v * v * v)  # √(2/π)
    return real(0.5) * v * (real(1) + math.tanh(inner))


@inline
def gelu_tanh_backward(g, v):
    real = type(v)
    one, half = real(1), real(0.5)
    inner = real(0.7978845608028654) * (v + real(0.044715) * v * v * v)
    slope = real(0.7978845608028654) * (one + real(0.134145) * v * v)
    t = math.tanh(inner)
    return g * (half * (one + t) + half * v * (one - t * t) * slope)
