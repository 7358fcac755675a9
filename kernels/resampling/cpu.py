"""Resampling on the CPU. x is (planes, depth, height, width); tables.py says what a table is.

A row of the result is made in two steps: the rows of x that it is made of are summed with their weights, in vectors;
then along the row, where all that is only moved is copied in vectors, too.
"""

import numpy as np

from ..jit import inline, kernel, task
from ..share import enough, share
from ..simd import full, lanes, load, load_first, store, store_first


@kernel(
    "in real[:, :, :, ::1], in int64[::1], in int64[::1], in real[::1], real, int64, int64, int64, int64, int64, "
    "out real[:, :, :, ::1]"
)
def resample(x, pointers, places, weights, value, d, h, begin, end, shift, y, threads):
    planes, _, _, w = y.shape
    rows = planes * d * h if w else 0
    share(_rows, rows, enough(threads, x.size + y.size), x, (pointers, places, weights), value, (begin, end, shift), y)


@task
def _rows(first, last, x, table, value, run, y):
    _, d, h, w = y.shape
    pointers, _, _ = table
    begin, end, shift = run
    mixed, flat = np.empty(x.shape[3] + lanes(x), x.dtype), y.reshape(y.size)
    for row in range(first, last):
        plane, z, r = row // (d * h), row // h % d, d + row % h
        start = row * w
        if pointers[z] == pointers[z + 1] or pointers[r] == pointers[r + 1]:
            for j in range(0, w, lanes(y)):
                store_first(y, start + j, w - j, full(y, value))
            continue
        _mix(x, plane, z, r, table, mixed)
        _gather(mixed, 0, begin, d + h, table, value, flat, start)
        for j in range(begin, end, lanes(y)):
            store_first(y, start + j, end - j, load(mixed, j + shift))
        _gather(mixed, end, w, d + h, table, value, flat, start)


@inline
def _mix(x, plane, z, r, table, mixed):
    """The weighted sum of rows of x."""
    pointers, places, weights = table
    _, depth, height, width = x.shape
    for j in range(0, width, lanes(x)):
        total, begun = full(x, 0), False
        for a in range(pointers[z], pointers[z + 1]):
            for b in range(pointers[r], pointers[r + 1]):
                at = ((plane * depth + places[a]) * height + places[b]) * width + j
                part = load_first(x, at, width - j, 0) * (weights[a] * weights[b])
                total = total + part if begun else part  # not 0 + part: that would make −0 a 0
                begun = True
        store(mixed, j, total)


@inline
def _gather(mixed, begin, end, first, table, value, y, start):
    """Places begin … end − 1 of the result, one by one."""
    pointers, places, weights = table
    for j in range(begin, end):
        entry, stop = pointers[first + j], pointers[first + j + 1]
        total = value
        if entry < stop:
            total = weights[entry] * mixed[places[entry]]
            for k in range(entry + 1, stop):
                total += weights[k] * mixed[places[k]]
        y[start + j] = total
