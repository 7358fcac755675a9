"""Normalisation on the CPU. Arrays are (rows, n); a weight or bias that there isn't is empty, as is its gradient.

Every element becomes (x − mean) · scale + shift, where shift = −rest · scale and `rest` is what rounding left of the
mean: beside a large mean, x − mean is exact where mean + rest would not be.

The gradients of weight and bias sum over rows: in groups of GROUP rows, then over the groups, in their order, the same
for any number of threads.
"""

import math

import numpy as np

from ..jit import inline, kernel, task
from ..rows import sum_rows
from ..share import enough, share
from ..simd import add_lanes, fma, full, lanes, load, load_first, store_first

GROUP = 32  # rows


@kernel("in real[:, ::1], in real[::1], in real[::1], real, out real[:, ::1], out real[:, ::1]")
def layer_norm(x, weight, bias, eps, y, statistics, threads):
    share(_layer_rows, x.shape[0], enough(threads, x.size), x, weight, bias, eps, y, statistics)


@kernel("in real[:, ::1], in real[::1], real, out real[:, ::1]")
def rms_norm(x, weight, eps, y, threads):
    share(_rms_rows, x.shape[0], enough(threads, x.size), x, weight, eps, y)


@kernel(
    "in real[:, ::1], in real[:, ::1], in real[::1], real, in real[:, ::1], "
    "out real[:, ::1], out real[::1], out real[::1]"
)
def layer_norm_backward(grad, x, weight, eps, statistics, grad_x, grad_weight, grad_bias, threads):
    groups = (x.shape[0] + GROUP - 1) // GROUP
    for_weight = np.zeros((groups, grad_weight.size), x.dtype)
    for_bias = np.zeros((groups, grad_bias.size), x.dtype)
    threads = enough(threads, 2 * x.size)
    share(_layer_groups, groups, threads, grad, x, weight, eps, statistics, grad_x, for_weight, for_bias)
    sum_rows(for_weight, 0, groups, grad_weight, 0)
    sum_rows(for_bias, 0, groups, grad_bias, 0)


@kernel("in real[:, ::1], in real[:, ::1], in real[::1], real, out real[:, ::1], out real[::1]")
def rms_norm_backward(grad, x, weight, eps, grad_x, grad_weight, threads):
    groups = (x.shape[0] + GROUP - 1) // GROUP
    for_weight = np.zeros((groups, grad_weight.size), x.dtype)
    share(_rms_groups, groups, enough(threads, 2 * x.size), grad, x, weight, eps, grad_x, for_weight)
    sum_rows(for_weight, 0, groups, grad_weight, 0)


@task
def _layer_rows(first, last, x, weight, bias, eps, y, statistics):
    n, w = x.shape[1], lanes(x)
    for i in range(first, last):
        mean, rest, scale = _centre(x, i, eps)
        if statistics.size:
            statistics[i, 0], statistics[i, 1], statistics[i, 2] = mean, rest, scale
        start, shift = i * n, -rest * scale
        for j in range(0, n, w):
            m = n - j
            v = fma(load_first(x, start + j, m, 0) - mean, scale, shift)
            if weight.size:
                v = v * load_first(weight, j, m, 0)
            if bias.size:
                v = v + load_first(bias, j, m, 0)
            store_first(y, start + j, m, v)


@task
def _rms_rows(first, last, x, weight, eps, y):
    n, w = x.shape[1], lanes(x)
    for i in range(first, last):
        scale, start = _level(x, i, eps), i * n
        for j in range(0, n, w):
            m = n - j
            v = load_first(x, start + j, m, 0) * scale
            if weight.size:
                v = v * load_first(weight, j, m, 0)
            store_first(y, start + j, m, v)


@task
def _layer_groups(first, last, grad, x, weight, eps, statistics, grad_x, for_weight, for_bias):
    rows = x.shape[0]
    for group in range(first, last):
        for i in range(group * GROUP, min((group + 1) * GROUP, rows)):
            if statistics.size:
                mean, rest, scale = statistics[i, 0], statistics[i, 1], statistics[i, 2]
            else:
                mean, rest, scale = _centre(x, i, eps)
            shift = -rest * scale
            slope, along = _slopes(grad, x, i, mean, shift, scale, weight, for_weight, for_bias, group)
            _turn_back(grad, x, i, mean, shift, scale, weight, slope, along, grad_x)


@task
def _rms_groups(first, last, grad, x, weight, eps, grad_x, for_weight):
    rows, zero = x.shape[0], x.dtype.type(0)
    none = np.empty((0, 0), x.dtype)
    for group in range(first, last):
        for i in range(group * GROUP, min((group + 1) * GROUP, rows)):
            scale = _level(x, i, eps)
            _, along = _slopes(grad, x, i, zero, zero, scale, weight, for_weight, none, group)
            _turn_back(grad, x, i, zero, zero, scale, weight, zero, along, grad_x)


@inline
def _slopes(grad, x, i, mean, shift, scale, weight, for_weight, for_bias, group):
    """The means of g and of g · normal along row i, g being grad · weight and normal the normalised x; and what the
    row adds to the gradients of weight and bias."""
    n, w = x.shape[1], lanes(x)
    start, sums = i * n, group * n
    slope, along = full(x, 0), full(x, 0)
    for j in range(0, n, w):
        m = n - j
        g = load_first(grad, start + j, m, 0)
        normal = fma(load_first(x, start + j, m, 0) - mean, scale, shift)
        if for_weight.size:
            store_first(for_weight, sums + j, m, fma(g, normal, load_first(for_weight, sums + j, m, 0)))
        if for_bias.size:
            store_first(for_bias, sums + j, m, load_first(for_bias, sums + j, m, 0) + g)
        if weight.size:
            g = g * load_first(weight, j, m, 0)
        slope += g
        along = fma(g, normal, along)  # g is 0 beyond the end
    size = x.dtype.type(n)
    return add_lanes(slope) / size, add_lanes(along) / size


@inline
def _turn_back(grad, x, i, mean, shift, scale, weight, slope, along, grad_x):
    """The gradient of row i: scale · (g − slope − normal · along)."""
    n, w = x.shape[1], lanes(x)
    start = i * n
    for j in range(0, n, w):
        m = n - j
        g = load_first(grad, start + j, m, 0)
        if weight.size:
            g = g * load_first(weight, j, m, 0)
        normal = fma(load_first(x, start + j, m, 0) - mean, scale, shift)
        store_first(grad_x, start + j, m, scale * ((g - slope) - normal * along))


@inline
def _centre(x, i, eps):
    """(mean, rest, scale) of row i.

    The variance is of x − mean, in a pass of its own: a difference of sums of squares would lose it beside a large
    mean.
    """
    n, start = x.shape[1], i * x.shape[1]
    whole = n - n % lanes(x)
    total = load_first(x, start + whole, n - whole, 0)
    for j in range(start, start + whole, lanes(x)):
        total += load(x, j)
    size = x.dtype.type(n)
    mean = add_lanes(total) / size
    d = load_first(x, start + whole, n - whole, mean) - mean
    total, squares = d, d * d
    for j in range(start, start + whole, lanes(x)):
        d = load(x, j) - mean
        total += d
        squares = fma(d, d, squares)
    rest = add_lanes(total) / size
    variance = add_lanes(squares) / size - rest * rest
    if variance < 0:  # by rounding, where all are equal
        variance = x.dtype.type(0)
    scale = x.dtype.type(1) / math.sqrt(variance + eps)
    return mean, rest, scale


@inline
def _level(x, i, eps):
    """The scale of row i: 1 / its root mean square."""
    n, start = x.shape[1], i * x.shape[1]
    whole = n - n % lanes(x)
    last = load_first(x, start + whole, n - whole, 0)
    squares = last * last
    for j in range(start, start + whole, lanes(x)):
        squares = fma(load(x, j), load(x, j), squares)
    return x.dtype.type(1) / math.sqrt(add_lanes(squares) / x.dtype.type(n) + eps)
