"""Resampling on the CPU. x is (planes, depth, height, width); tables.py says what a table is.

A row of the result is made in two steps: the rows of x that it is made of are summed with their weights, in vectors;
then along the row, where what is only moved is copied, and all else fetched number by number, but multiplied and added
in vectors.
"""

import numpy as np

from ..jit import inline, kernel, task
from ..share import enough, share
from ..simd import full, lanes, load, load_at, load_first, store, store_first, where


@kernel(
    "in real[:, :, :, ::1], in int64[::1], in int64[::1], in real[::1], real, int64, int64, int64, int64, int64, "
    "out real[:, :, :, ::1]"
)
def resample(x, pointers, places, weights, value, d, h, begin, end, shift, y, threads):
    planes, _, _, w = y.shape
    rows = planes * d * h if w else 0
    first, most = pointers.size - 1 - w, 0
    for j in range(first, first + w):
        most = max(most, pointers[j + 1] - pointers[j])
    # The entries of the places along a row, those that are first ones side by side, then the second ones, …
    pitch = w + lanes(y)
    sources, factors = np.zeros((most, pitch), np.int64), np.zeros((most, pitch), y.dtype)
    counts = np.zeros(pitch, y.dtype)
    for j in range(w):
        start = pointers[first + j]
        counts[j] = pointers[first + j + 1] - start
        for k in range(pointers[first + j + 1] - start):
            sources[k, j], factors[k, j] = places[start + k], weights[start + k]
    table, along = (pointers, places, weights), (sources, factors, counts)
    share(_rows, rows, enough(threads, x.size + y.size), x, table, along, value, (begin, end, shift), y)


@task
def _rows(first, last, x, table, along, value, run, y):
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
        _gather(mixed, 0, begin, along, value, flat, start)
        for j in range(begin, end, lanes(y)):
            store_first(y, start + j, end - j, load(mixed, j + shift))
        _gather(mixed, end, w, along, value, flat, start)


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
def _gather(mixed, begin, end, along, value, y, start):
    """Places begin … end − 1 of the result."""
    sources, factors, counts = along
    most, pitch = sources.shape
    for j in range(begin, end, lanes(y)):
        count, total = load(counts, j), full(y, value)
        for k in range(most):
            at = k * pitch + j
            part = load_at(mixed, sources, at) * load(factors, at)
            total = where(count > k, part if k == 0 else total + part, total)  # not 0 + part: that would make −0 a 0
        store_first(y, start + j, end - j, total)
