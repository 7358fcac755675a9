"""Losses of several predictions on the CPU, a row at a time: sums along the row, then the gradients from them."""

import math

import numpy as np

from ...jit import inline, kernel, task
from ...share import enough, share
from ...simd import absolute, add_lanes, copysign, first_lanes, full, lanes, load_first, store_first, where
from ...vector_math import exp, log
from ..sums import in_order, sum_of_three
from . import formulas as f


@kernel(
    "in real[::1], in real[::1], in real[::1], real, real, out real[::1], out real[::1], out real[::1], out real[::1]"
)
def margin_ranking_loss(input1, input2, target, margin, scale, loss, gradient1, gradient2, total, threads):
    parameters = (margin,)
    total[0] = sum_of_three(
        f.margin_ranking, 1, input1, input2, target, parameters, scale, loss, gradient1, gradient2, threads
    )


@kernel(
    "in real[:, ::1], in real[:, ::1], in real[::1], real, real, "
    "out real[::1], out real[:, ::1], out real[:, ::1], out real[::1]"
)
def cosine_embedding_loss(a, b, target, margin, scale, loss, gradient_a, gradient_b, total, threads):
    threads = enough(threads, a.size)
    share(_cosine, a.shape[0], threads, f.embedding, a, b, target, margin, scale, loss, gradient_a, gradient_b)
    total[0] = scale * in_order(loss)


@kernel("in real[:, ::1], in real[:, ::1], real, out real[::1], out real[:, ::1], out real[::1]")
def cosine_similarity_loss(a, b, scale, loss, gradient, total, threads):
    none, threads = gradient[:0], enough(threads, a.size)
    share(_cosine, a.shape[0], threads, f.similarity, a, b, none[0:0, 0], scale, scale, loss, gradient, none)
    total[0] = scale * in_order(loss)


@task
def _cosine(first, last, f, a, b, target, margin, scale, loss, gradient_a, gradient_b):
    n, w = a.shape[1], lanes(a)
    for row in range(first, last):
        dot, square_a, square_b = full(a, 0), full(a, 0), full(a, 0)
        for i in range(row * n, (row + 1) * n, w):
            x, y = load_first(a, i, (row + 1) * n - i, 0), load_first(b, i, (row + 1) * n - i, 0)
            dot, square_a, square_b = dot + x * y, square_a + x * x, square_b + y * y
        wanted = target[row] if target.size else 1.0
        sums = add_lanes(dot), add_lanes(square_a), add_lanes(square_b)
        value, across, along_a, along_b = f(*sums, wanted, margin)
        loss[row] = value
        across, along_a, along_b = scale * across, scale * along_a, scale * along_b
        if gradient_a.size == 0:
            continue
        for i in range(row * n, (row + 1) * n, w):
            count = (row + 1) * n - i
            x, y = load_first(a, i, count, 0), load_first(b, i, count, 0)
            store_first(gradient_a, i, count, across * y - along_a * x)
            if gradient_b.size:
                store_first(gradient_b, i, count, across * x - along_b * y)


@kernel(
    "in real[:, ::1], in real[:, ::1], in real[:, ::1], real, real, real, bool, real, "
    "out real[::1], out real[:, ::1], out real[:, ::1], out real[:, ::1], out real[::1]"
)
def triplet_margin_loss(a, b, c, margin, p, eps, swap, scale, loss, gradient_a, gradient_b, gradient_c, total, threads):
    gradients = gradient_a, gradient_b, gradient_c
    threads = enough(threads, a.size if p == 2 else 16 * a.size)
    share(_triplet, a.shape[0], threads, a, b, c, (margin, p, eps, swap), scale, loss, gradients)
    total[0] = scale * in_order(loss)


@task
def _triplet(first, last, anchor, positive, negative, parameters, scale, loss, gradients):
    margin, p, eps, swap = parameters
    by_anchor, by_positive, by_negative = gradients
    n, w, real = anchor.shape[1], lanes(anchor), anchor.dtype.type
    distances = np.empty(3, real)  # anchor to positive, anchor to negative, positive to negative
    for row in range(first, last):
        start, end = row * n, (row + 1) * n
        for k in range(3 if swap else 2):
            x, y = positive if k == 2 else anchor, negative if k else positive
            distances[k] = _distance(x, y, start, end, p, eps)
        swapped = swap and distances[2] < distances[1]
        near, far = distances[0], distances[2 if swapped else 1]
        left = margin + near - far
        loss[row] = 0 if left < 0 else left
        if by_anchor.size == 0:
            continue
        slope = scale if left >= 0 else real(0)
        of_anchor, of_positive = (real(0), slope) if swapped else (slope, real(0))
        from_here = positive if swapped else anchor
        for i in range(start, end, w):
            count = end - i
            a, b = load_first(anchor, i, count, 0), load_first(positive, i, count, 0)
            pull = _slope(a - b + eps, near, p)
            push = _slope(load_first(from_here, i, count, 0) - load_first(negative, i, count, 0) + eps, far, p)
            store_first(by_anchor, i, count, slope * pull - of_anchor * push)
            store_first(by_positive, i, count, -slope * pull - of_positive * push)
            store_first(by_negative, i, count, slope * push)


@inline
def _distance(a, b, start, end, p, eps):
    """(Σ |a − b + eps|ᵖ)^(1/p) of elements start … end − 1."""
    total = full(a, 0)
    for i in range(start, end, lanes(a)):
        v = load_first(a, i, end - i, 0) - load_first(b, i, end - i, 0) + eps
        v = v * v if p == 2 else where(v == 0, 0, exp(p * log(absolute(v))))
        total += where(first_lanes(a, end - i), v, 0)
    found = add_lanes(total)
    if p == 2:
        return math.sqrt(found)
    return found ** (1 / p)


@inline
def _slope(v, distance, p):
    """Of the distance by v: sign(v) (|v| / distance)ᵖ⁻¹; 0 where v is."""
    u = v / distance
    return where(v == 0, 0, u if p == 2 else copysign(exp((p - 1) * log(absolute(u))), v))
