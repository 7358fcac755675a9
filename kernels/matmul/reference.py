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


def parameter_gradients(g, x):
    """A dense layer's: gᵀ x, and the sums of g's columns."""
    return np.matmul(g.T, x), g.sum(axis=0)


def product_through(a, b, activation, y):
    """The gradient a b, taken through the activation that made y."""
    return _BACKWARD[activation](np.matmul(a, b), y)


def through_product(a, b, bias, residual, activation, grad):
    """The gradient before an activation whose slope depends on what went in: the product is made again."""
    before = matmul(a, b, bias, residual, 0)
    return _BACKWARD[activation](grad.reshape(before.shape), before)


def through_output(grad, y, activation):
    """The gradient before an activation whose slope the output tells, and its sums over the rows."""
    g = _BACKWARD[activation](grad, y)
    return g, g.sum(axis=0)
