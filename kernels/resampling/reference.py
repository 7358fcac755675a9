"""Resampling in NumPy: its definition. x is (planes, depth, height, width); tables.py says what a table is."""

import numpy as np


def resample(x, pointers, places, weights, value, d, h, begin, end, shift):
    w = len(pointers) - 1 - d - h
    filled = []
    for axis, (first, size) in enumerate(((0, d), (d, h), (d + h, w)), 1):
        x = np.moveaxis(x, axis, 0)
        y = np.zeros((size, *x.shape[1:]), x.dtype)
        for o in range(size):
            for entry in range(pointers[first + o], pointers[first + o + 1]):
                y[o] += weights[entry] * x[places[entry]]
        x = np.moveaxis(y, 0, axis)
        filled.append(pointers[first + 1 : first + size + 1] == pointers[first : first + size])
    x[:, filled[0][:, None, None] | filled[1][:, None] | filled[2]] = value
    return x
