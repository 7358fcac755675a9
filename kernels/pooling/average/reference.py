"""Means of windows in NumPy: their definition. x is (planes, depth, height, width), tables are those of windows.py."""

import itertools

import numpy as np


def _each(windows, d, h):
    """Every place in the result, its window in x, and what the window's sum is divided by."""
    w = len(windows) - d - h
    for i, j, k in itertools.product(range(d), range(h), range(w)):
        rows = windows[[i, d + j, d + h + k]]
        yield (slice(None), i, j, k), (slice(None), *(slice(begin, end) for begin, end, _ in rows)), rows[:, 2].prod()


def pool(x, windows, d, h, stride, taps, left):
    y = np.empty((len(x), d, h, len(windows) - d - h), x.dtype)
    for place, window, divisor in _each(windows, d, h):
        y[place] = x[window].sum(axis=(1, 2, 3)) / divisor
    return y


def spread(grad, windows, covers, depth, height):
    grad_x = np.zeros((len(grad), depth, height, len(covers) - depth - height), grad.dtype)
    for place, window, divisor in _each(windows, *grad.shape[1:3]):
        grad_x[window] += grad[place][:, None, None, None] / divisor
    return grad_x
