"""Losses of a yes or no on the CPU: each is its formula, summed over the elements."""

import numpy as np

from ...elementwise import PIECE, pieces
from ...jit import kernel, task
from ...share import enough, share
from ...simd import add_lanes, first_lanes, full, lanes, load_first, store_first, where
from ..sums import in_order, sum_of_three, sum_of_two
from . import formulas as f


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def soft_margin_loss(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.soft_margin, 8, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, real, out real[::1], out real[::1], out real[::1]")
def hinge_embedding_loss(input, target, margin, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.hinge_embedding, 2, input, target, (margin,), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def hinge_loss(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.hinge, 1, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def squared_hinge_loss(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.squared_hinge, 1, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, real, real, real, bool, real, out real[::1], out real[::1], out real[::1]")
def binary_focal_crossentropy(
    input, target, gamma, smoothing, weight_0, weight_1, logits, scale, loss, gradient, total, threads
):
    parameters = gamma, smoothing, weight_0, weight_1, logits
    total[0] = sum_of_two(f.focal, 16, input, target, parameters, scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def binary_cross_entropy(input, target, weight, scale, loss, gradient, total, threads):
    none = gradient[:0]
    total[0] = sum_of_three(f.bce, 8, input, target, weight, (), scale, loss, gradient, none, threads)


@kernel(
    "in real[::1], in real[::1], in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]",
)
def binary_cross_entropy_with_logits(input, target, weight, pos_weight, scale, loss, gradient, total, threads):
    sums = np.zeros(pieces(input))
    threads = enough(threads, 8 * input.size)
    share(_bce, pieces(input), threads, input, target, weight, pos_weight, scale, loss, gradient, sums)
    total[0] = scale * in_order(sums)


@task
def _bce(first, last, input, target, weight, pos_weight, scale, loss, gradient, sums):
    w = lanes(input)
    for piece in range(first, last):
        total, end = full(input, 0), min((piece + 1) * PIECE, input.size)
        for i in range(piece * PIECE, end, w):
            n = min(w, end - i)
            x, t = load_first(input, i, n, 0), load_first(target, i, n, 0)
            weights, p = full(input, 1), full(input, 1)
            if weight.size:
                weights = load_first(weight, i, n, 0)
            if pos_weight.size:
                p = load_first(pos_weight, i, n, 0)
            slope = 1 + (p - 1) * t
            value = weights * ((1 - t) * x + slope * f.softplus(-x))
            total += where(first_lanes(input, n), value, 0)
            if loss.size:
                store_first(loss, i, n, value)
            if gradient.size:
                store_first(gradient, i, n, scale * weights * (slope * f.sigmoid(x) - p * t))
        sums[piece] = add_lanes(total)
