"""Losses of elements on the CPU: a formula that gives value and slope, run over whole arrays.

A total is made of the sums of fixed pieces, added up in their order: the same for any number of threads.
"""

import numpy as np

from ..elementwise import PIECE, pieces
from ..jit import inline, task
from ..share import enough, share
from ..simd import add_lanes, first_lanes, full, lanes, load_first, store_first, where


@inline
def in_order(values):
    """Their sum in double precision, from the first to the last."""
    total = 0.0
    for value in values:
        total += value
    return total


@inline
def label_weights(target, weight, ignore_index):
    """The summed weights of the labels' classes, by which a mean is divided; NaN for a mean over nothing."""
    total = 0.0
    for label in target.reshape(target.size):
        if label != ignore_index:
            total += weight[label] if weight.size else 1.0
    return total if total != 0 else np.nan


@inline
def sum_of_two(f, work, input, target, parameters, scale, loss, gradient, threads):
    """Σ scale · f(input, target, *parameters)[0]; the values and scaled slopes go to `loss` and `gradient`.

    `work` is the cost of an element, as `enough` counts it.
    """
    sums = np.zeros(pieces(input))
    threads = enough(threads, work * input.size)
    share(_two, pieces(input), threads, f, input, target, parameters, scale, loss, gradient, sums)
    return scale * in_order(sums)


@task
def _two(first, last, f, input, target, parameters, scale, loss, gradient, sums):
    w = lanes(input)
    for piece in range(first, last):
        total, end = full(input, 0), min((piece + 1) * PIECE, input.size)
        for i in range(piece * PIECE, end, w):
            n = min(w, end - i)
            value, slope = f(load_first(input, i, n, 0), load_first(target, i, n, 0), *parameters)
            total += where(first_lanes(input, n), value, 0)
            if loss.size:
                store_first(loss, i, n, value)
            if gradient.size:
                store_first(gradient, i, n, scale * slope)
        sums[piece] = add_lanes(total)


@inline
def sum_of_three(f, work, a, b, c, parameters, scale, loss, gradient_a, gradient_b, threads):
    """The same of three arrays, f giving the value and two slopes; an empty c stands for ones."""
    sums = np.zeros(pieces(a))
    threads = enough(threads, work * a.size)
    share(_three, pieces(a), threads, f, a, b, c, parameters, scale, loss, gradient_a, gradient_b, sums)
    return scale * in_order(sums)


@task
def _three(first, last, f, a, b, c, parameters, scale, loss, gradient_a, gradient_b, sums):
    w = lanes(a)
    for piece in range(first, last):
        total, end = full(a, 0), min((piece + 1) * PIECE, a.size)
        for i in range(piece * PIECE, end, w):
            n, third = min(w, end - i), full(a, 1)
            if c.size:
                third = load_first(c, i, n, 1)
            value, slope_a, slope_b = f(load_first(a, i, n, 0), load_first(b, i, n, 0), third, *parameters)
            total += where(first_lanes(a, n), value, 0)
            if loss.size:
                store_first(loss, i, n, value)
            if gradient_a.size:
                store_first(gradient_a, i, n, scale * slope_a)
            if gradient_b.size:
                store_first(gradient_b, i, n, scale * slope_b)
        sums[piece] = add_lanes(total)
