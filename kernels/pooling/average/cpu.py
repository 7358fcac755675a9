"""Means of windows on the CPU. x is (planes, depth, height, width); windows.py says what a table is.

A row of results is made in two steps: the rows of x in its windows are summed, column by column; then neighbouring
columns. The gradient goes back in the same two steps: along a row, then into all rows of the window.
"""

import numpy as np

from ...jit import inline, kernel, task
from ...share import enough, share
from ...simd import add_lanes, full, lanes, load, load_every, load_first, store_first


@kernel("in real[:, :, :, ::1], in int64[:, ::1], int64, int64, int64, int64, int64, out real[:, :, :, ::1]")
def pool(x, windows, d, h, stride, taps, left, y, threads):
    planes, _, _, w = y.shape
    share(_rows, planes * d * h if w else 0, enough(threads, x.size), x, windows, (stride, taps, left), y)


@kernel("in real[:, :, :, ::1], in int64[:, ::1], in int64[:, ::1], int64, int64, out real[:, :, :, ::1]")
def spread(grad, windows, covers, depth, height, grad_x, threads):
    share(_spread, grad_x.shape[0], enough(threads, 2 * grad_x.size), grad, windows, grad_x)


@task
def _rows(first, last, x, windows, across, y):
    width, (_, d, h, w) = x.shape[3], y.shape
    stride, taps, left = across
    # Long windows are summed along themselves; short ones side by side.
    alone = stride == 0 or (stride > 2 and taps >= lanes(x))
    n = left + width + (0 if alone else (w + lanes(x)) * stride + taps) + 2 * lanes(x)
    sums, divisors = np.zeros(n, x.dtype), np.ones(w + lanes(x), x.dtype)
    for j in range(w):
        divisors[j] = windows[d + h + j, 2]
    for row in range(first, last):
        plane, z, r = row // (d * h), row // h % d, d + row % h
        depths, rows = (windows[z, 0], windows[z, 1]), (windows[r, 0], windows[r, 1])
        area = x.dtype.type(windows[z, 2] * windows[r, 2])
        _columns(x, plane, depths, rows, left, sums)
        if alone:
            for j in range(w):
                k = d + h + j
                y[plane, z, row % h, j] = _total(sums, left + windows[k, 0], left + windows[k, 1]) / (
                    area * divisors[j]
                )
        else:
            for j in range(0, w, lanes(x)):
                total = load_every(sums, j * stride, stride)
                for tap in range(1, taps):
                    total += load_every(sums, j * stride + tap, stride)
                store_first(y, row * w + j, w - j, total / (load(divisors, j) * area))


@inline
def _columns(x, plane, depths, rows, left, sums):
    """The sum of each column of the windows."""
    _, depth, height, width = x.shape
    for j in range(0, width, lanes(x)):
        n, total = width - j, full(x, 0)
        for z in range(depths[0], depths[1]):
            for r in range(rows[0], rows[1]):
                total += load_first(x, ((plane * depth + z) * height + r) * width + j, n, 0)
        store_first(sums, left + j, n, total)


@inline
def _total(x, begin, end):
    total = full(x, 0)
    for i in range(begin, end, lanes(x)):
        total += load_first(x, i, end - i, 0)
    return add_lanes(total)


@task
def _spread(first, last, grad, windows, grad_x):
    _, depth, height, width = grad_x.shape
    _, d, h, w = grad.shape
    size = depth * height * width
    row = np.empty(width + lanes(grad), grad.dtype)
    for plane in range(first, last):
        for i in range(0, size, lanes(grad)):
            store_first(grad_x, plane * size + i, size - i, full(grad, 0))
        for z in range(d):
            for r in range(h):
                area = grad.dtype.type(windows[z, 2] * windows[d + r, 2])
                row[:] = 0
                for j in range(w):
                    k = d + h + j
                    g = grad[plane, z, r, j] / (area * grad.dtype.type(windows[k, 2]))
                    for i in range(windows[k, 0], windows[k, 1]):
                        row[i] += g
                for zz in range(windows[z, 0], windows[z, 1]):
                    for rr in range(windows[d + r, 0], windows[d + r, 1]):
                        start = ((plane * depth + zz) * height + rr) * width
                        for i in range(0, width, lanes(grad)):
                            v = load_first(grad_x, start + i, width - i, 0) + load(row, i)
                            store_first(grad_x, start + i, width - i, v)
