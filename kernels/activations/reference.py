"""The activations in NumPy: their definition."""

import math

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])


def relu(x):
    return np.maximum(x, 0)  # a NaN stays one


def relu_backward(grad, x):
    return np.where(x <= 0, x.dtype.type(0), grad)


def leaky_relu(x, negative_slope):
    return np.where(x > 0, x, x * negative_slope)


def leaky_relu_backward(grad, x, negative_slope):
    return np.where(x > 0, grad, grad * negative_slope)


def sigmoid(x):
    with np.errstate(over="ignore"):  # exp may become infinite: 1/∞ is the right 0
        return 1 / (1 + np.exp(-x))


def sigmoid_backward(grad, y):
    return grad * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(grad, y):
    return grad * (1 - y * y)


def gelu(x):
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)).astype(x.dtype))


def gelu_backward(grad, x):
    cdf = 0.5 * (1 + _erf(x / math.sqrt(2)).astype(x.dtype))
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return grad * (cdf + x * density)


def gelu_tanh(x):
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1 + np.tanh(inner))


def gelu_tanh_backward(grad, x):
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    t = np.tanh(inner)
    return grad * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)
