"""Reductions in NumPy: their definition. Arrays are (outer, n, inner), reduced along n to (outer, inner)."""

import numpy as np


def sum(x, divisor):
    return x.sum(axis=1) / divisor


def amax(x):
    return x.max(axis=1)


def amin(x):
    return x.min(axis=1)


def spread(grad, n, divisor):
    return np.repeat(grad[:, None, :], n, axis=1) / divisor


def share_among_equals(grad, y, x):
    equal = x == y[:, None, :]
    return equal * grad[:, None, :] / equal.sum(axis=1, keepdims=True, dtype=grad.dtype)
