"""Softmax on the CPU. Arrays are (outer, n, inner), the sums run along n.

A row is read from memory once: it's still in the cache when it is gone through again; rows.py says how. x − top −
lost, regrouped, would lose the small `lost` beside a large top.
"""

import math

from ..jit import kernel, task
from ..rows import combined, groups, largest, walk
from ..share import enough, share
from ..simd import any_lane, full, load_first, store_first, where
from ..vector_math import exp, log


@kernel("in real[:, :, ::1], out real[:, :, ::1]")
def softmax(x, y, threads):
    share(_softmax, groups(x), enough(threads, 4 * x.size), x, y)


@kernel("in real[:, :, ::1], out real[:, :, ::1]")
def log_softmax(x, y, threads):
    share(_log_softmax, groups(x), enough(threads, 4 * x.size), x, y)


@kernel("in real[:, :, ::1], in real[:, :, ::1], out real[:, :, ::1]")
def softmax_backward(grad, y, grad_x, threads):
    share(_softmax_backward, groups(y), enough(threads, y.size), grad, y, grad_x)


@kernel("in real[:, :, ::1], in real[:, :, ::1], out real[:, :, ::1]")
def log_softmax_backward(grad, y, grad_x, threads):
    share(_log_softmax_backward, groups(y), enough(threads, 4 * y.size), grad, y, grad_x)


@task
def _softmax(first, last, x, y):
    for group in range(first, last):
        start, end, step, count = walk(x, group)
        top, total = largest(x, start, end, step, count), full(x, 0)
        for i in range(start, end, step):
            n = min(count, end - i)
            e = exp(load_first(x, i, n, -math.inf) - top)
            store_first(y, i, n, e)
            total += e
        scale = 1 / combined(x, total)
        for i in range(start, end, step):
            n = min(count, end - i)
            store_first(y, i, n, load_first(y, i, n, 0) * scale)


@task
def _log_softmax(first, last, x, y):
    for group in range(first, last):
        start, end, step, count = walk(x, group)
        top, total = largest(x, start, end, step, count), full(x, 0)
        for i in range(start, end, step):
            total += exp(load_first(x, i, min(count, end - i), -math.inf) - top)
        lost = log(combined(x, total))
        for i in range(start, end, step):
            n = min(count, end - i)
            store_first(y, i, n, (load_first(x, i, n, 0) - top) - lost)


@task
def _softmax_backward(first, last, grad, y, grad_x):
    for group in range(first, last):
        start, end, step, count = walk(y, group)
        total = full(y, 0)
        for i in range(start, end, step):
            n = min(count, end - i)
            total += load_first(grad, i, n, 0) * load_first(y, i, n, 0)
        total = combined(y, total)
        for i in range(start, end, step):
            n = min(count, end - i)
            store_first(grad_x, i, n, load_first(y, i, n, 0) * (load_first(grad, i, n, 0) - total))


@task
def _log_softmax_backward(first, last, grad, y, grad_x):
    for group in range(first, last):
        start, end, step, count = walk(y, group)
        total = full(y, 0)
        for i in range(start, end, step):
            total += load_first(grad, i, min(count, end - i), 0)
        total = combined(y, total)
        for i in range(start, end, step):
            n = min(count, end - i)
            store_first(grad_x, i, n, load_first(grad, i, n, 0) - exp(load_first(y, i, n, 0)) * total)


@kernel("in real[:, :, ::1], out real[:, :, ::1]")
def sparsemax(x, y, threads):
    share(_sparsemax, groups(x), enough(threads, 4 * x.size), x, y)


@kernel("in real[:, :, ::1], in real[:, :, ::1], out real[:, :, ::1]")
def sparsemax_backward(grad, y, grad_x, threads):
    share(_sparsemax_backward, groups(y), enough(threads, y.size), grad, y, grad_x)


@task
def _sparsemax(first, last, x, y):
    for group in range(first, last):
        start, end, step, count = walk(x, group)
        top = largest(x, start, end, step, count)
        zero, one = full(x, 0), full(x, 1)
        tau, before = -one, full(x, math.inf)
        while True:
            total, kept = zero, zero
            for i in range(start, end, step):
                z = load_first(x, i, min(count, end - i), -math.inf) - top
                below = z <= tau  # never a NaN, which so makes τ one
                total += where(below, zero, z)
                kept += where(below, zero, one)
            total, kept = combined(x, total), combined(x, kept)
            if not any_lane(kept < before):
                break
            before = kept
            next_tau = (total - 1) / kept
            tau = where(next_tau <= tau, tau, next_tau)  # only ever up, whatever is rounded: so this ends
        for i in range(start, end, step):
            n = min(count, end - i)
            z = load_first(x, i, n, 0) - top
            store_first(y, i, n, where(z <= tau, 0, z - tau))


@task
def _sparsemax_backward(first, last, grad, y, grad_x):
    for group in range(first, last):
        start, end, step, count = walk(y, group)
        zero, one = full(y, 0), full(y, 1)
        total, kept = zero, zero
        for i in range(start, end, step):
            n = min(count, end - i)
            v = load_first(y, i, n, 0)
            total += where(v <= 0, zero, load_first(grad, i, n, 0) + 0 * v)
            kept += where(v <= 0, zero, one)
        mean = combined(y, total) / combined(y, kept)
        for i in range(start, end, step):
            n = min(count, end - i)
            store_first(grad_x, i, n, where(load_first(y, i, n, 0) <= 0, 0, load_first(grad, i, n, 0) - mean))
