"""Matrix products in NumPy: their definition."""

import numpy as np

from ..activations import reference as act

_ACTIVATIONS = (lambda x: x, act.relu, act.sigmoid, act.tanh, act.gelu, act.gelu_tanh)


def matmul(a, b, bias, residual, activation):
    y = np.matmul(a, b)
    if bias.size:
        y = y + bias
    if residual.size:
        y = y + residual.reshape(y.shape)
    return _ACTIVATIONS[activation](y)


def column_sum(x):
    return x.sum(axis=0)
