"""Maxima of windows in NumPy: their definition. x is (planes, depth, height, width), tables are those of windows.py."""

import itertools

import numpy as np


def pool(x, windows, d, h, dilation_d, dilation_h, dilation_w, stride, taps, left):
    """The largest number of each window, and where it lies in its plane: the first of equals; of NaNs, the last."""
    planes, depth, height, width = x.shape
    shape = d, h, len(windows) - d - h
    y, indices = np.empty((planes, *shape), x.dtype), np.empty((planes, *shape), np.int64)
    places = np.arange(depth * height * width).reshape(depth, height, width)
    for i, j, k in itertools.product(*map(range, shape)):
        window = tuple(
            slice(windows[row, 0], windows[row, 1], step)
            for row, step in zip((i, d + j, d + h + k), (dilation_d, dilation_h, dilation_w))
        )
        where = places[window].ravel()
        numbers = x[:, *window].reshape(planes, where.size)
        chosen = np.argmax(numbers, axis=1)
        nan = np.isnan(numbers)
        chosen = np.where(nan.any(axis=1), nan.shape[1] - 1 - np.argmax(nan[:, ::-1], axis=1), chosen)
        y[:, i, j, k] = np.take_along_axis(numbers, chosen[:, None], 1)[:, 0]
        indices[:, i, j, k] = where[chosen]
    return y, indices


def send_back(grad, indices, covers, depth, height):
    """Every number of x gets the gradients of all windows whose largest it is."""
    planes, width = len(grad), len(covers) - depth - height
    grad_x = np.zeros((planes, depth * height * width), grad.dtype)
    for plane in range(planes):
        np.add.at(grad_x[plane], indices[plane].ravel(), grad[plane].ravel())
    return grad_x.reshape(planes, depth, height, width)
