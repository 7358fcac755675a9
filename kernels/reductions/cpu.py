"""Reductions on the CPU. Arrays are (outer, n, inner), reduced along n to (outer, inner).

The n elements are cut into chunks, the same for any number of threads:

    n     ░░░░░░░░ ░░░░░░░░ ░░░░░░░░ ░░░░    a chunk becomes one number, or one row of `inner` numbers;
             ▼        ▼        ▼       ▼
             ▒        ▒        ▒       ▒     what that leaves is reduced in the same way, until there is one

Within a chunk, too, runs of RUN terms are summed before they are added to the chunk's sum. So a number takes part in
few additions to a large sum, and 10 million terms lose no more than a few roundings.

Where n is the last axis (inner = 1) vectors lie along it; elsewhere along `inner`, so that memory is read in order.
"""

import math

import numpy as np

from ..jit import inline, kernel, task
from ..share import enough, share
from ..simd import (
    add_lanes,
    any_lane,
    full,
    lanes,
    largest_lane,
    load,
    load_all,
    load_first,
    maximum,
    minimum,
    smallest_lane,
    store,
    store_first,
    where,
)

ALONG, DOWN = 16384, 256  # elements of a chunk, for inner = 1 and for other arrays
RUN = 16
PIECE = 4096  # elements that a thread takes together, where they are worked on one by one


@kernel("in real[:, :, ::1], real, out real[:, ::1]")
def sum(x, divisor, out, threads):
    _reduce(_add, _total, 0.0, x, divisor, out, threads)


@kernel("in real[:, :, ::1], out real[:, ::1]")
def amax(x, out, threads):
    _reduce(_larger, _largest, -math.inf, x, x.dtype.type(1), out, threads)


@kernel("in real[:, :, ::1], out real[:, ::1]")
def amin(x, out, threads):
    _reduce(_smaller, _smallest, math.inf, x, x.dtype.type(1), out, threads)


@kernel("in real[:, ::1], int64, real, out real[:, :, ::1]")
def spread(grad, n, divisor, grad_x, threads):
    pieces, height = _pieces(grad_x)
    share(_spread, pieces, enough(threads, grad_x.size // 4), height, grad, divisor, grad_x)


@kernel("in real[:, ::1], in real[:, ::1], in real[:, :, ::1], out real[:, :, ::1]")
def share_among_equals(grad, y, x, grad_x, threads):
    pieces, height = _pieces(x)
    count = np.empty(y.shape, x.dtype)
    share(_mark, pieces, enough(threads, x.size // 4), height, y, x, grad_x)
    _reduce(_add, _total, 0.0, grad_x, x.dtype.type(1), count, threads)
    share(_scale, pieces, enough(threads, x.size // 4), height, grad, count, grad_x)


# How two vectors are combined, and then the lanes of one.


@inline
def _add(x, y):
    return x + y


@inline
def _larger(x, y):
    return maximum(x, y)


@inline
def _smaller(x, y):
    return minimum(x, y)


@inline
def _total(x):
    return add_lanes(x)


@inline
def _largest(x):
    return add_lanes(x) if any_lane(x != x) else largest_lane(x)  # NaN if any is


@inline
def _smallest(x):
    return add_lanes(x) if any_lane(x != x) else smallest_lane(x)


@inline
def _reduce(f, ends, start, x, divisor, out, threads):
    """out = f over n, then over the lanes by `ends`; begun with `start`, divided by `divisor`."""
    outer, n, inner = x.shape
    chunk, one = ALONG if inner == 1 else DOWN, x.dtype.type(1)
    last = out.reshape((outer, 1, inner))
    if n <= chunk:
        _step(f, ends, start, x, divisor, last, threads)
        return
    y = np.empty((outer, (n + chunk - 1) // chunk, inner), x.dtype)
    _step(f, ends, start, x, one, y, threads)
    while y.shape[1] > chunk:
        z = np.empty((outer, (y.shape[1] + chunk - 1) // chunk, inner), x.dtype)
        _step(f, ends, start, y, one, z, threads)
        y = z
    _step(f, ends, start, y, divisor, last, threads)


@inline
def _step(f, ends, start, x, divisor, y, threads):
    """Every chunk of x to one of y's n."""
    outer, chunks, inner = y.shape
    threads = enough(threads, x.size // 4)
    if inner == 1:
        share(_along, outer * chunks, threads, f, ends, start, x, divisor, y)
    else:
        width = 4 * lanes(x)
        share(_down, outer * chunks * ((inner + width - 1) // width), threads, f, start, x, divisor, y)


@task
def _along(first, last, f, ends, start, x, divisor, y):
    """Chunks of neighbouring elements."""
    n, chunks, w = x.shape[1], y.shape[1], lanes(x)
    for piece in range(first, last):
        o, c = piece // chunks, piece % chunks
        i, end = o * n + c * ALONG, o * n + min((c + 1) * ALONG, n)
        total = full(x, start)
        while i + 4 * w <= end:
            v0, v1, v2, v3 = load(x, i), load(x, i + w), load(x, i + 2 * w), load(x, i + 3 * w)
            stop = min(i + RUN * 4 * w, end)
            i += 4 * w
            while i + 4 * w <= stop:
                v0, v1 = f(v0, load(x, i)), f(v1, load(x, i + w))
                v2, v3 = f(v2, load(x, i + 2 * w)), f(v3, load(x, i + 3 * w))
                i += 4 * w
            total = f(total, f(f(v0, v1), f(v2, v3)))
        while i < end:
            total = f(total, load_first(x, i, min(w, end - i), start))
            i += w
        y[o, c, 0] = ends(total) / divisor


@task
def _down(first, last, f, start, x, divisor, y):
    """Chunks of rows of `inner` elements; a piece is four vectors wide."""
    n, chunks, inner, w = x.shape[1], y.shape[1], x.shape[2], lanes(x)
    width = 4 * w
    parts = (inner + width - 1) // width
    for piece in range(first, last):
        o, c, left = piece // parts // chunks, piece // parts % chunks, piece % parts * width
        top, bottom = c * DOWN, min((c + 1) * DOWN, n)
        i, to = (o * n + top) * inner + left, (o * chunks + c) * inner + left
        if left + width <= inner:
            t0, t1, t2, t3 = full(x, start), full(x, start), full(x, start), full(x, start)
            for run in range(top, bottom, RUN):
                v0, v1, v2, v3 = load(x, i), load(x, i + w), load(x, i + 2 * w), load(x, i + 3 * w)
                i += inner
                for _ in range(run + 1, min(run + RUN, bottom)):
                    v0, v1 = f(v0, load(x, i)), f(v1, load(x, i + w))
                    v2, v3 = f(v2, load(x, i + 2 * w)), f(v3, load(x, i + 3 * w))
                    i += inner
                t0, t1, t2, t3 = f(t0, v0), f(t1, v1), f(t2, v2), f(t3, v3)
            store(y, to, t0 / divisor)
            store(y, to + w, t1 / divisor)
            store(y, to + 2 * w, t2 / divisor)
            store(y, to + 3 * w, t3 / divisor)
        else:
            for k in range(0, inner - left, w):
                count, at = min(w, inner - left - k), i + k
                total = full(x, start)
                for run in range(top, bottom, RUN):
                    v = load_first(x, at, count, start)
                    at += inner
                    for _ in range(run + 1, min(run + RUN, bottom)):
                        v = f(v, load_first(x, at, count, start))
                        at += inner
                    total = f(total, v)
                store_first(y, to + k, count, total / divisor)


# Element by element: a piece is `height` of the n, of one of outer. Where inner = 1, its elements share one number of
# the reduced array; elsewhere each column has its own.


@inline
def _pieces(x):
    """How many pieces there are, and their height."""
    outer, n, inner = x.shape
    height = max(1, PIECE // max(inner, 1))
    return outer * ((n + height - 1) // height) if inner else 0, height


@inline
def _where(piece, height, x):
    """A piece's place: in outer, where it begins and ends in x."""
    _, n, inner = x.shape
    across = (n + height - 1) // height
    o, top = piece // across, piece % across * height
    return o, (o * n + top) * inner, (o * n + min(top + height, n)) * inner


@task
def _spread(first, last, height, grad, divisor, grad_x):
    inner, w = grad.shape[1], lanes(grad)
    for piece in range(first, last):
        o, start, end = _where(piece, height, grad_x)
        if inner == 1:
            g = load_all(grad, o) / divisor
            for i in range(start, end, w):
                store_first(grad_x, i, end - i, g)
        else:
            for i in range(start, end, inner):
                for k in range(0, inner, w):
                    n = inner - k
                    store_first(grad_x, i + k, n, load_first(grad, o * inner + k, n, 0) / divisor)


@task
def _mark(first, last, height, y, x, equal):
    """1 where x is what it was reduced to, else 0."""
    inner, w = y.shape[1], lanes(y)
    for piece in range(first, last):
        o, start, end = _where(piece, height, x)
        if inner == 1:
            wanted = load_all(y, o)
            for i in range(start, end, w):
                store_first(equal, i, end - i, where(load_first(x, i, end - i, 0) == wanted, full(x, 1), full(x, 0)))
        else:
            for i in range(start, end, inner):
                for k in range(0, inner, w):
                    n = inner - k
                    same = load_first(x, i + k, n, 0) == load_first(y, o * inner + k, n, 0)
                    store_first(equal, i + k, n, where(same, full(x, 1), full(x, 0)))


@task
def _scale(first, last, height, grad, count, equal):
    """What was 1 becomes its share of the gradient."""
    inner, w = grad.shape[1], lanes(grad)
    for piece in range(first, last):
        o, start, end = _where(piece, height, equal)
        if inner == 1:
            g, many = load_all(grad, o), load_all(count, o)
            for i in range(start, end, w):
                store_first(equal, i, end - i, load_first(equal, i, end - i, 0) * g / many)
        else:
            for i in range(start, end, inner):
                for k in range(0, inner, w):
                    n, place = inner - k, o * inner + k
                    g, many = load_first(grad, place, n, 0), load_first(count, place, n, 1)
                    store_first(equal, i + k, n, load_first(equal, i + k, n, 0) * g / many)
