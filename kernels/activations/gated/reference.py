"""Gated activations in NumPy: their definition. x is (outer, 2n)."""

import numpy as np

from ..reference import gelu, gelu_backward, relu, relu_backward, sigmoid
from ..smooth.reference import silu, silu_backward


def glu(x):
    a, b = np.split(x, 2, axis=1)
    return a * sigmoid(b)


def glu_backward(grad, x):
    a, b = np.split(x, 2, axis=1)
    return np.concatenate([grad * sigmoid(b), grad * a * sigmoid(b) * (1 - sigmoid(b))], axis=1)


def swiglu(x):
    a, b = np.split(x, 2, axis=1)
    return a * silu(b)


def swiglu_backward(grad, x):
    a, b = np.split(x, 2, axis=1)
    return np.concatenate([grad * silu(b), silu_backward(grad * a, b)], axis=1)


def geglu(x):
    a, b = np.split(x, 2, axis=1)
    return a * gelu(b)


def geglu_backward(grad, x):
    a, b = np.split(x, 2, axis=1)
    return np.concatenate([grad * gelu(b), gelu_backward(grad * a, b)], axis=1)


def reglu(x):
    a, b = np.split(x, 2, axis=1)
    return a * relu(b)


def reglu_backward(grad, x):
    a, b = np.split(x, 2, axis=1)
    return np.concatenate([grad * relu(b), relu_backward(grad * a, b)], axis=1)
