"""Maxima of windows on the CPU. x is (planes, depth, height, width); windows.py says what a table is.

A row of results is made in two steps, both of vectors:

    rows of x in the windows   ▒▒▒▒▒▒▒▒▒▒▒▒     1. the largest of each column, and where it lies in the plane
                               ▒▒▒▒▒▒▒▒▒▒▒▒
                               ────────────
    a row of columns        −∞ █▌█▌█▌█▌█▌█▌ −∞  2. the largest of `taps` neighbours; windows begin `stride` apart
                               └─┘ └─┘ └─┘

Where columns tie, the one whose place comes first in the plane has the first of equals. Of NaNs the last is wanted.
"""

import math

import numpy as np

from ...jit import inline, kernel, task
from ...share import enough, share
from ...simd import (
    bits,
    from_bits,
    full,
    lane_numbers,
    lanes,
    load_every,
    load_first,
    store_first,
    store_integers,
    where,
)


@kernel(
    "in real[:, :, :, ::1], in int64[:, ::1], int64, int64, int64, int64, int64, int64, int64, int64, "
    "out real[:, :, :, ::1], out int64[::1]"
)
def pool(x, windows, d, h, dilation_d, dilation_h, dilation_w, stride, taps, left, y, indices, threads):
    planes, _, _, w = y.shape
    across = (dilation_w, stride, taps, left)
    rows = planes * d * h if w else 0
    share(_rows, rows, enough(threads, x.size), x, windows, (dilation_d, dilation_h), across, y, indices)


@kernel("in real[:, :, :, ::1], in int64[:, :, :, ::1], in int64[:, ::1], int64, int64, out real[:, :, :, ::1]")
def send_back(grad, indices, covers, depth, height, grad_x, threads):
    planes = grad_x.shape[0]
    share(_send_back, planes, enough(threads, 2 * grad_x.size), grad.reshape(grad.size), indices.reshape(indices.size),
          grad_x.reshape(grad_x.size), planes)  # fmt: skip


@task
def _rows(first, last, x, windows, downwards, across, y, indices):
    _, depth, height, width = x.shape
    _, d, h, w = y.shape
    dilation_d, dilation_h = downwards
    dilation_w, stride, taps, left = across
    n = left + width + (w + lanes(x)) * stride + taps * dilation_w + 2 * lanes(x)
    numbers = np.empty(width, np.int64)
    values, places = np.empty(n, x.dtype), np.empty(n, x.dtype)  # a row of columns; beyond it −∞, nowhere
    for j in range(n):
        values[j], places[j] = -math.inf, math.inf  # whose bits, as an integer, are beyond all places
    for row in range(first, last):
        plane, z, r = row // (d * h), row // h % d, d + row % h
        window = windows[z, 0], windows[z, 1], dilation_d, windows[r, 0], windows[r, 1], dilation_h
        start = plane * depth * height * width
        _columns(x, start, window, left, values, places, numbers, stride == 0)
        if stride:
            _neighbours(values, places, row * w, w, stride, taps, dilation_w, y, indices)
        else:
            for j in range(w):
                k = d + h + j
                _alone(values, numbers, windows[k, 0], windows[k, 1], dilation_w, row * w + j, y, indices)


@inline
def _columns(x, start, window, left, values, places, numbers, apart):
    """The largest of each column of the window, and its place in the plane: among `numbers` for windows `apart`."""
    top, bottom, step_z, upper, lower, step_y = window
    height, width = x.shape[2], x.shape[3]
    for j in range(0, width, lanes(x)):
        n, at = width - j, (top * height + upper) * width + j
        best, place = load_first(x, start + at, n, -math.inf), lane_numbers(x) + at
        for z in range(top, bottom, step_z):
            for r in range(upper, lower, step_y):
                at = (z * height + r) * width + j
                v = load_first(x, start + at, n, -math.inf)
                taken = (v > best) | (v != v)
                best, place = where(taken, v, best), where(taken, lane_numbers(x) + at, place)
        store_first(values, left + j, n, best)
        if apart:
            store_integers(numbers, j, n, place)
        else:
            store_first(places, left + j, n, from_bits(place))


@inline
def _neighbours(values, places, to, w, stride, taps, dilation, y, indices):
    for j in range(0, w, lanes(y)):
        best, place = load_every(values, j * stride, stride), bits(load_every(places, j * stride, stride))
        for tap in range(1, taps):
            at = j * stride + tap * dilation
            v, p = load_every(values, at, stride), bits(load_every(places, at, stride))
            taken = (v > best) | ((v == best) & (p < place)) | ((v != v) & ((best == best) | (p > place)))
            best, place = where(taken, v, best), where(taken, p, place)
        store_first(y, to + j, w - j, best)
        if indices.size:
            store_integers(indices, to + j, w - j, place)


@inline
def _alone(values, numbers, begin, end, step, to, y, indices):
    """One window, one column after another: for windows that differ in length from one to the next."""
    best, place = values[begin], numbers[begin]
    for i in range(begin + step, end, step):
        v, p = values[i], numbers[i]
        if v > best or (v == best and p < place) or (v != v and (best == best or p > place)):
            best, place = v, p
    y.reshape(y.size)[to] = best
    if indices.size:
        indices[to] = place


@task
def _send_back(first, last, grad, indices, grad_x, planes):
    n, size = grad.size // planes, grad_x.size // planes
    for plane in range(first, last):
        start = plane * size
        zero = full(grad_x, 0)
        for i in range(0, size, lanes(grad_x)):
            store_first(grad_x, start + i, size - i, zero)
        for o in range(plane * n, (plane + 1) * n):
            place = indices[o]
            if 0 <= place < size:  # whatever the caller handed over, nothing else is touched
                grad_x[start + place] += grad[o]
