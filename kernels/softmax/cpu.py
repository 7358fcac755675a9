"""Softmax on the CPU. Arrays are (outer, n, inner), the sums run along n.

Where n is the last axis (inner = 1) a row lies in one piece, and a thread takes whole rows. Elsewhere a thread takes
64 neighbouring columns together and walks down them row by row, so that memory is read in order.

The forward kernels allow no reordering: x − top − lost, regrouped, would lose the small `lost` beside a large top, and
a sum would depend on whether y is x.
"""

import math

import numpy as np
from numba import prange

from ..jit import inline, kernel

WIDTH = 64


@kernel("in real[:, :, ::1], out real[:, :, ::1]")
def softmax(x, y):
    outer, n, inner = x.shape
    if inner == 1:
        xs, ys = x.reshape((outer, n)), y.reshape((outer, n))
        for o in prange(outer if n else 0):
            top, total = _largest(xs[o]), x.dtype.type(0)
            for j in range(n):
                ys[o, j] = math.exp(xs[o, j] - top)
                total += ys[o, j]
            for j in range(n):
                ys[o, j] /= total
    else:
        parts = (inner + WIDTH - 1) // WIDTH
        for part in prange(outer * parts if n else 0):
            o, first = part // parts, part % parts * WIDTH
            last = min(first + WIDTH, inner)
            top = _largest_of_columns(x, o, first, last)
            total = np.zeros(WIDTH, x.dtype)
            for j in range(n):
                for i in range(first, last):
                    y[o, j, i] = math.exp(x[o, j, i] - top[i - first])
                    total[i - first] += y[o, j, i]
            for j in range(n):
                for i in range(first, last):
                    y[o, j, i] /= total[i - first]


@kernel("in real[:, :, ::1], out real[:, :, ::1]")
def log_softmax(x, y):
    outer, n, inner = x.shape
    if inner == 1:
        xs, ys = x.reshape((outer, n)), y.reshape((outer, n))
        for o in prange(outer if n else 0):
            top, total = _largest(xs[o]), x.dtype.type(0)
            for j in range(n):
                total += math.exp(xs[o, j] - top)
            lost = math.log(total)
            for j in range(n):
                ys[o, j] = (xs[o, j] - top) - lost
    else:
        parts = (inner + WIDTH - 1) // WIDTH
        for part in prange(outer * parts if n else 0):
            o, first = part // parts, part % parts * WIDTH
            last = min(first + WIDTH, inner)
            top = _largest_of_columns(x, o, first, last)
            total = np.zeros(WIDTH, x.dtype)
            for j in range(n):
                for i in range(first, last):
                    total[i - first] += math.exp(x[o, j, i] - top[i - first])
            for i in range(last - first):
                total[i] = math.log(total[i])
            for j in range(n):
                for i in range(first, last):
                    y[o, j, i] = (x[o, j, i] - top[i - first]) - total[i - first]


@kernel("in real[:, :, ::1], in real[:, :, ::1], out real[:, :, ::1]", reorder=True)
def softmax_backward(grad, y, grad_x):
    outer, n, inner = y.shape
    if inner == 1:
        gs, ys, out = grad.reshape((outer, n)), y.reshape((outer, n)), grad_x.reshape((outer, n))
        for o in prange(outer):
            total = y.dtype.type(0)
            for j in range(n):
                total += gs[o, j] * ys[o, j]
            for j in range(n):
                out[o, j] = ys[o, j] * (gs[o, j] - total)
    else:
        parts = (inner + WIDTH - 1) // WIDTH
        for part in prange(outer * parts):
            o, first = part // parts, part % parts * WIDTH
            last = min(first + WIDTH, inner)
            total = np.zeros(WIDTH, y.dtype)
            for j in range(n):
                for i in range(first, last):
                    total[i - first] += grad[o, j, i] * y[o, j, i]
            for j in range(n):
                for i in range(first, last):
                    grad_x[o, j, i] = y[o, j, i] * (grad[o, j, i] - total[i - first])


@kernel("in real[:, :, ::1], in real[:, :, ::1], out real[:, :, ::1]", reorder=True)
def log_softmax_backward(grad, y, grad_x):
    outer, n, inner = y.shape
    if inner == 1:
        gs, ys, out = grad.reshape((outer, n)), y.reshape((outer, n)), grad_x.reshape((outer, n))
        for o in prange(outer):
            total = y.dtype.type(0)
            for j in range(n):
                total += gs[o, j]
            for j in range(n):
                out[o, j] = gs[o, j] - math.exp(ys[o, j]) * total
    else:
        parts = (inner + WIDTH - 1) // WIDTH
        for part in prange(outer * parts):
            o, first = part // parts, part % parts * WIDTH
            last = min(first + WIDTH, inner)
            total = np.zeros(WIDTH, y.dtype)
            for j in range(n):
                for i in range(first, last):
                    total[i - first] += grad[o, j, i]
            for j in range(n):
                for i in range(first, last):
                    grad_x[o, j, i] = grad[o, j, i] - math.exp(y[o, j, i]) * total[i - first]


@inline
def _largest(row):
    """A NaN may be passed over here: it makes the sum of the exponentials NaN."""
    top = row[0]
    for value in row:
        top = max(value, top)
    return top


@inline
def _largest_of_columns(x, o, first, last):
    top = x[o, 0, first:last].copy()
    for j in range(1, x.shape[1]):
        for i in range(first, last):
            top[i - first] = max(x[o, j, i], top[i - first])
    return top
