"""The smooth activations in NumPy: their definition."""

import numpy as np

from ..reference import sigmoid

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_backward(grad, x, alpha):
    return np.where(x <= 0, grad * alpha * np.exp(np.minimum(x, 0)), grad)


def celu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def celu_backward(grad, x, alpha):
    return np.where(x <= 0, grad * np.exp(np.minimum(x, 0) / alpha), grad)


def selu(x):
    return SELU_SCALE * elu(x, SELU_ALPHA)


def selu_backward(grad, x):
    return SELU_SCALE * elu_backward(grad, x, SELU_ALPHA)


def silu(x):
    return x * sigmoid(x)


def silu_backward(grad, x):
    y = sigmoid(x)
    return grad * (y * (1 + x * (1 - y)))


def mish(x):
    return x * np.tanh(np.logaddexp(0, x))


def mish_backward(grad, x):
    t = np.tanh(np.logaddexp(0, x))
    return grad * (t + x * ((1 - t * t) * sigmoid(x)))


def softplus(x, beta, threshold):
    return np.where(beta * x > threshold, x, np.logaddexp(0, beta * x) / beta)


def softplus_backward(grad, x, beta, threshold):
    return np.where(beta * x > threshold, grad, grad * sigmoid(beta * x))


def logsigmoid(x):
    return -np.logaddexp(0, -x)


def logsigmoid_backward(grad, x):
    return grad * sigmoid(-x)


def softsign(x):
    return x / (1 + np.abs(x))


def softsign_backward(grad, x):
    return np.where(np.isinf(x), np.nan, grad / (1 + np.abs(x)) ** 2)  # PyTorch's is NaN there


def tanhshrink(x):
    return x - np.tanh(x)


def tanhshrink_backward(grad, x):
    return grad * np.tanh(x) ** 2


def exponential(x):
    return np.exp(x)


def exponential_backward(grad, y):
    return grad * y


def squareplus(x, b):
    r = np.sqrt(x * x + b)
    return np.where(x > 0, x + r, b / (r - x)) / 2  # (r + x) (r − x) = b: below 0, r + x would lose its digits


def squareplus_backward(grad, x, b):
    """1 + x / r is 2 y / r, and from the other side 2 − 2 (y − x) / r."""
    small = squareplus(-np.abs(x), b) / np.sqrt(x * x + b)
    return grad * np.where(x > 0, 1 - small, small)
