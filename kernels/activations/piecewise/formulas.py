"""The activations of straight pieces on vectors (simd.py). What a NaN becomes is PyTorch's (Keras's) choice."""

from ...jit import inline
from ...simd import where


@inline
def clamp(v, low, high):
    return where(v < low, low, where(v > high, high, v))


@inline
def hardshrink(v, limit):
    return where(v > limit, v, where(v < -limit, v, where(v == v, 0, v)))


@inline
def hardshrink_backward(g, v, limit):
    return where(v <= limit, where(v >= -limit, 0, g), g)


@inline
def softshrink(v, limit):
    return where(v > limit, v - limit, where(v < -limit, v + limit, 0 * v))


@inline
def hardsigmoid(v):
    return clamp(v + 3, 0, 6) / 6


@inline
def hardsigmoid_backward(g, v):
    return where(v > -3, where(v < 3, g / 6, 0), 0)


@inline
def hardswish(v):
    return v * clamp(v + 3, 0, 6) / 6


@inline
def hardswish_backward(g, v):
    return where(v <= -3, 0, where(v < 3, g * (v / 3 + 0.5), g))


@inline
def hardtanh_backward(g, v, low, high):
    return where(v <= low, 0, where(v >= high, 0, g))


@inline
def threshold(v, limit, value):
    return where(v <= limit, value, v)


@inline
def threshold_backward(g, v, limit):
    return where(v <= limit, 0, g)


@inline
def relu_squared(v):
    return where(v < 0, 0, v * v)


@inline
def relu_squared_backward(g, v):
    return where(v <= 0, 0, 2 * g * v)


@inline
def sparse_plus(v):
    return where(v <= -1, 0, where(v < 1, 0.25 * (v + 1) * (v + 1), v))


@inline
def sparse_plus_backward(g, v):
    return where(v <= -1, 0, where(v < 1, 0.5 * (v + 1) * g, g))


@inline
def sparse_sigmoid(v):
    return where(v <= -1, 0, where(v >= 1, 1, 0.5 * (v + 1)))


@inline
def sparse_sigmoid_backward(g, v):
    return where(v > -1, where(v < 1, 0.5 * g, 0), 0)
