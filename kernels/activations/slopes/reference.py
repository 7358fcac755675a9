"""Slopes from an array, in NumPy: their definition. x is (outer, n, inner)."""

import numpy as np


def prelu(x, weight):
    return np.where(x > 0, x, weight[:, None] * x)


def prelu_backward(grad, x, weight):
    return np.where(x > 0, grad, weight[:, None] * grad), np.where(x > 0, 0, grad * x)
