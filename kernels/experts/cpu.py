"""Mixtures of experts on the CPU.

Sorting is the counting sort of embeddings, rows are gathered and added up by their kernel `sums`, and the product of
each group is one of `matmul`'s, shared out among the threads there.
"""

import math
from itertools import pairwise

import numpy as np

from ..embedding.cpu import sorted_by_index, sums
from ..jit import inline, kernel, task
from ..matmul.cpu import matmul
from ..share import enough, share
from ..simd import (
    add_lanes,
    full,
    lane_numbers,
    lanes,
    larger,
    largest_lane,
    load_first,
    smaller,
    smallest_lane,
    store_first,
    to_real,
    where,
)
from ..vector_math import exp

_NONE = np.empty(0, np.int64)


def top_k_gates(x, k, over_all, gates, chosen):
    _top_k(x, over_all, gates, chosen)


def expert_routing(chosen, experts, capacity, order, starts, places, offsets, counts):
    _place(*sorted_by_index(chosen, experts, -1), capacity, order, starts, places, offsets, counts)


def expert_dispatch(x, factors, order, starts, owners, rows):
    sums(x, starts, order, owners, factors, -1, False, rows)


def expert_combine(rows, factors, places, begins, out):
    sums(rows, begins, _NONE, places, factors, -1, False, out)


def grouped_matmul(x, weight, bias, offsets, out):
    columns, nothing = out.shape[1], np.empty(0, x.dtype)
    for expert, (begin, end) in enumerate(pairwise(offsets.tolist())):
        if begin < end:
            after = bias[expert * columns : (expert + 1) * columns], nothing, 0
            matmul(x[None, begin:end], weight[expert : expert + 1], *after, out[None, begin:end])
    out[offsets[-1] :] = 0


def grouped_weight_gradient(x, grad, offsets, grad_weight):
    nothing = np.empty(0, x.dtype)
    for expert, (begin, end) in enumerate(pairwise(offsets.tolist())):
        one = grad_weight[expert : expert + 1]
        matmul(x[begin:end].T[None], grad[None, begin:end], nothing, nothing, 0, one)


@kernel("in real[:, ::1], bool, out real[:, ::1], out int64[:, ::1]")
def _top_k(x, over_all, gates, chosen, threads):
    share(_choose, x.shape[0], enough(threads, 4 * x.size * gates.shape[1]), x, over_all, gates, chosen)


@inline
def _scores(x, start, i, n, score, place):
    """x[start + i …] with +∞ for NaN, their places, and a mask of those behind the last one chosen, which had that
    score and place: they are smaller, or equal and further on."""
    v = load_first(x, start + i, n - i, -math.inf)
    v = where(v != v, math.inf, v)
    here = to_real(lane_numbers(x) + i)
    return v, here, (v < score) | ((v == score) & (here > place))


@task
def _choose(first, last, x, over_all, gates, chosen):
    w, n, k = lanes(x), x.shape[1], gates.shape[1]
    for row in range(first, last):
        start, score, place = row * n, x.dtype.type(math.inf), x.dtype.type(-1)
        for choice in range(k):
            top, nearest = full(x, -math.inf), full(x, math.inf)
            for i in range(0, n, w):
                v, _, behind = _scores(x, start, i, n, score, place)
                top = larger(where(behind, v, -math.inf), top)
            best = largest_lane(top)
            for i in range(0, n, w):
                v, here, behind = _scores(x, start, i, n, score, place)
                nearest = smaller(where(behind & (v == best), here, math.inf), nearest)
            score, place = best, smallest_lane(nearest)
            chosen[row, choice] = int(place)
            gates[row, choice] = x[row, int(place)]
        top, total = gates[row, 0], full(x, 0)
        for j in range(0, k, w):
            e = exp(load_first(gates, row * k + j, k - j, -math.inf) - top)
            store_first(gates, row * k + j, k - j, e)
            total += e
        if over_all:
            total = full(x, 0)
            for i in range(0, n, w):
                total += exp(load_first(x, start + i, n - i, -math.inf) - top)
        scale = 1 / add_lanes(total)
        for j in range(0, k, w):
            store_first(gates, row * k + j, k - j, scale * load_first(gates, row * k + j, k - j, 0))


@kernel("in real[:, ::1], in real[:, ::1], in real[:, ::1], in int64[:, ::1], bool, out real[:, ::1]")
def top_k_gates_backward(grad, x, y, chosen, over_all, out, threads):
    share(_spread_slopes, x.shape[0], enough(threads, 2 * x.size), grad, x, y, chosen, over_all, out)


@task
def _spread_slopes(first, last, grad, x, y, chosen, over_all, out):
    w, n, k = lanes(x), x.shape[1], y.shape[1]
    for row in range(first, last):
        total = full(x, 0)
        for j in range(0, k, w):
            total += load_first(grad, row * k + j, k - j, 0) * load_first(y, row * k + j, k - j, 0)
        mean, top = add_lanes(total), x[row, chosen[row, 0]]
        for i in range(0, n, w):
            slope = full(x, 0)
            if over_all:
                slope = -mean * (y[row, 0] * exp(load_first(x, row * n + i, n - i, 0) - top))
            store_first(out, row * n + i, n - i, slope)
        for j in range(k):
            g = grad[row, j] if over_all else grad[row, j] - mean
            out[row, chosen[row, j]] += y[row, j] * g


@kernel("in int64[::1], in int64[::1], int64, out int64[::1], out int64[::1], out int64[::1], out int64[::1], "
        "out int64[::1]")  # fmt: skip
def _place(by_expert, begins, capacity, order, starts, places, offsets, counts, threads):
    """Routing of the sorted assignments."""
    row, offsets[0] = 0, 0
    for expert in range(counts.size):
        counts[expert] = begins[expert + 1] - begins[expert]
        for i in range(counts[expert]):
            assignment = by_expert[begins[expert] + i]
            places[assignment] = row if i < capacity else -1
            if i < capacity:
                order[row], starts[row] = assignment, row
                row += 1
        offsets[expert + 1] = row
    for i in range(row, order.size):
        order[i] = -1
    for i in range(row, starts.size):
        starts[i] = row
