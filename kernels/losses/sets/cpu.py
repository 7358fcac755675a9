"""Losses of whole sets on the CPU. A set's sums are those of its pieces, in their order; then come the gradients."""

import math

import numpy as np

from ...elementwise import PIECE
from ...jit import kernel, task
from ...share import enough, share
from ...simd import (
    add_lanes,
    full,
    lanes,
    larger,
    largest_lane,
    load_first,
    store_first,
    where,
)
from ...vector_math import exp
from ..sums import in_order


@kernel(
    "in real[:, ::1], in real[:, ::1], real, real, real, real, real, real, "
    "out real[::1], out real[:, ::1], out real[::1]"
)
def overlap(x, t, factor, both, of_x, of_t, eps, scale, loss, gradient, total, threads):
    """1 − (factor I + eps) / (both I + of_x Σ x + of_t Σ t + eps) of each row, where I = Σ t x."""
    rows, n = x.shape
    parts = (n + PIECE - 1) // PIECE
    sums = np.zeros((rows, parts, 3))
    share(_sums, rows * parts, enough(threads, x.size), x, t, parts, sums)
    slopes = np.empty((rows, 2), x.dtype)  # of a row's loss: by x, −(slopes[0] t − slopes[1])
    for row in range(rows):
        shared, all_x, all_t = in_order(sums[row, :, 0]), in_order(sums[row, :, 1]), in_order(sums[row, :, 2])
        above, below = factor * shared + eps, both * shared + of_x * all_x + of_t * all_t + eps
        loss[row] = 1 - above / below
        slopes[row, 0] = scale * (factor * below - both * above) / below**2
        slopes[row, 1] = scale * of_x * above / below**2
    if gradient.size:
        share(_slopes, rows * parts, enough(threads, x.size), t, parts, slopes, gradient)
    total[0] = scale * in_order(loss)


@task
def _sums(first, last, x, t, parts, sums):
    for piece in range(first, last):
        row, part = piece // parts, piece % parts
        shared, all_x, all_t = full(x, 0), full(x, 0), full(x, 0)
        end = min((part + 1) * PIECE, x.shape[1]) + row * x.shape[1]
        for i in range(row * x.shape[1] + part * PIECE, end, lanes(x)):
            a, b = load_first(x, i, end - i, 0), load_first(t, i, end - i, 0)
            shared, all_x, all_t = shared + a * b, all_x + a, all_t + b
        sums[row, part, 0], sums[row, part, 1] = add_lanes(shared), add_lanes(all_x)
        sums[row, part, 2] = add_lanes(all_t)


@task
def _slopes(first, last, t, parts, slopes, gradient):
    for piece in range(first, last):
        row, part = piece // parts, piece % parts
        end = min((part + 1) * PIECE, t.shape[1]) + row * t.shape[1]
        for i in range(row * t.shape[1] + part * PIECE, end, lanes(t)):
            store_first(gradient, i, end - i, slopes[row, 1] - slopes[row, 0] * load_first(t, i, end - i, 0))


@kernel(
    "in real[:, ::1], in int64[::1], in int64[::1], bool, real, real, real, "
    "out real[::1], out real[:, ::1], out real[::1]"
)
def circle(similarity, labels, of_columns, itself, gamma, margin, scale, loss, gradient, total, threads):
    parameters = itself, gamma, margin, scale
    threads = enough(threads, 16 * similarity.size)
    share(_circle, loss.size, threads, similarity, labels, of_columns, parameters, loss, gradient)
    total[0] = scale * in_order(loss)


@task
def _circle(first, last, similarity, labels, of_columns, parameters, loss, gradient):
    itself, gamma, margin, scale = parameters
    columns, w = similarity.shape[1], lanes(similarity)
    kind = np.empty((1, columns), similarity.dtype)  # of a column: 1 the same label, −1 another, 0 doesn't count
    logits = np.empty((1, columns), similarity.dtype)
    for row in range(first, last):
        for j in range(columns):
            kind[0, j] = 1 if labels[row] == of_columns[j] else -1
        if not itself and row < columns:
            kind[0, row] = 0
        top, other_top = full(similarity, -math.inf), full(similarity, -math.inf)
        for j in range(0, columns, w):
            n = columns - j
            s, k = load_first(similarity, row * columns + j, n, 0), load_first(kind, j, n, 0)
            d = larger(0, 1 - s)
            z = where(k > 0, -gamma * (margin + d) * (margin - d),
                      gamma * larger(0, 1 + margin - d) * (1 - margin - d))  # fmt: skip
            store_first(logits, j, n, z)
            top, other_top = larger(where(k > 0, z, top), top), larger(where(k < 0, z, other_top), other_top)
        same, differ = largest_lane(top), largest_lane(other_top)
        sum_same, sum_differ = full(similarity, 0), full(similarity, 0)
        for j in range(0, columns, w):
            z, k = load_first(logits, j, columns - j, 0), load_first(kind, j, columns - j, 0)
            sum_same += where(k > 0, exp(z - same), 0)
            sum_differ += where(k < 0, exp(z - differ), 0)
        total_same, total_differ = add_lanes(sum_same), add_lanes(sum_differ)
        both = -math.inf
        if total_same > 0 and total_differ > 0:
            both = same + math.log(total_same) + differ + math.log(total_differ)
        loss[row] = max(both, 0) + math.log1p(math.exp(-abs(both))) if both > -math.inf else 0
        if gradient.size == 0:
            continue
        slope = scale / (1 + math.exp(-both)) if both > -math.inf else 0 * scale
        for j in range(0, columns, w):
            n = columns - j
            s, k = load_first(similarity, row * columns + j, n, 0), load_first(kind, j, n, 0)
            z, d = load_first(logits, j, n, 0), larger(0, 1 - s)
            share = where(k > 0, exp(z - same) / total_same, exp(z - differ) / total_differ)
            by_d = where(k > 0, 2 * gamma * d, where(1 + margin - d > 0, gamma * (2 * d - 2), 0))
            g = where(k == 0, 0, -slope * share * by_d)
            store_first(gradient, row * columns + j, n, where(s > 1, 0, g))
