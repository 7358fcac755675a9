"""The activations on vectors (simd.py); any kernel that fuses an activation calls these.

A number beside a vector takes its type: 0.5 is float32 where v is.
"""

from ..jit import inline
from ..simd import fma, where
from ..vector_math import erf, exp, sigmoid, tanh

__all__ = ["sigmoid", "tanh"]


@inline
def relu(v):
    return where(v < 0, 0, v)  # a NaN is not < 0: it passes


@inline
def relu_backward(g, v):
    return where(v <= 0, 0, g)


@inline
def leaky_relu(v, slope):
    return where(v > 0, v, v * slope)


@inline
def leaky_relu_backward(g, v, slope):
    return where(v > 0, g, g * slope)


@inline
def sigmoid_backward(g, y):
    return g * y * (1 - y)


@inline
def tanh_backward(g, y):
    return g * (1 - y * y)


@inline
def gelu(v):
    return 0.5 * v * (1 + erf(v * 0.7071067811865476))


@inline
def gelu_backward(g, v):
    cdf = 0.5 * (1 + erf(v * 0.7071067811865476))
    density = 0.3989422804014327 * exp(-0.5 * v * v)  # 1/√(2π)
    return g * fma(v, density, cdf)


@inline
def gelu_tanh(v):
    # ½ (1 + tanh u) = σ(2u)
    return v * sigmoid(1.5957691216057308 * fma(0.044715 * v * v, v, v))  # 2 √(2/π)


@inline
def gelu_tanh_backward(g, v):
    square = v * v
    y = sigmoid(1.5957691216057308 * v * fma(0.044715, square, 1))
    slope = 1.5957691216057308 * fma(0.134145, square, 1)
    return g * (y + v * (y * (1 - y)) * slope)
