"""Matrix products in NumPy: their definition."""

import numpy as np

from ..activations import reference as act
from .fused import ACTIVATIONS

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


_BACKWARD = [name and getattr(act, f"{name}_backward") for name in ACTIVATIONS]


def through_product(a, b, bias, residual, activation, grad):
    """The gradient before an activation whose slope depends on what went in: the product is made again."""
    before = matmul(a, b, bias, residual, 0)
    return _BACKWARD[activation](grad.reshape(before.shape), before)


def through_output(grad, y, activation):
    """The gradient before an activation whose slope the output tells, and its sums over the rows."""
    g = _BACKWARD[activation](grad, y)
    return g, g.sum(axis=0)
