"""Losses on the CPU: the loss and, if its array isn't empty, the gradient, in one pass.

A total is made of the sums of fixed pieces, added up in their order: the same for any number of threads.
Cross-entropy allows no reordering: log_sum − (x − top), regrouped, would lose log_sum beside a large top.
"""

import math

import numpy as np
from numba import prange

from ..activations.formulas import sigmoid
from ..jit import inline, kernel

PIECE = 4096


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]", reorder=True)
def mse_loss(input, target, scale, loss, gradient, total):
    twice = scale + scale
    sums = np.zeros((input.size + PIECE - 1) // PIECE)
    for piece in prange(sums.size):
        first, last = piece * PIECE, min((piece + 1) * PIECE, input.size)
        for i in range(first, last):
            difference = input[i] - target[i]
            sums[piece] += difference * difference
            if loss.size:
                loss[i] = difference * difference
            if gradient.size:
                gradient[i] = twice * difference
    total[0] = scale * _in_order(sums)


@kernel(
    "in real[::1], in real[::1], in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]",
    reorder=True,
)
def binary_cross_entropy_with_logits(input, target, weight, pos_weight, scale, loss, gradient, total):
    zero, one = input.dtype.type(0), input.dtype.type(1)
    sums = np.zeros((input.size + PIECE - 1) // PIECE)
    for piece in prange(sums.size):
        first, last = piece * PIECE, min((piece + 1) * PIECE, input.size)
        for i in range(first, last):
            x, t = input[i], target[i]
            w = weight[i] if weight.size else one
            p = pos_weight[i] if pos_weight.size else one
            slope = one + (p - one) * t
            log_1_exp = math.log1p(math.exp(-abs(x))) + (-x if x < 0 else zero)
            value = w * ((one - t) * x + slope * log_1_exp)
            sums[piece] += value
            if loss.size:
                loss[i] = value
            if gradient.size:
                gradient[i] = scale * w * (slope * sigmoid(x) - p * t)
    total[0] = scale * _in_order(sums)


@kernel(
    "in real[:, :, ::1], in int64[:, ::1], in real[::1], int64, real, bool, "
    "out real[:, ::1], out real[:, :, ::1], out real[::1]"
)
def cross_entropy_indices(logits, target, weight, ignore_index, smoothing, mean, loss, gradient, total):
    outer, classes, inner = logits.shape
    real = logits.dtype.type
    divisor, all_weights = 1.0, float(classes)
    if mean:
        divisor = 0.0
        for row in range(outer * inner):
            label = target[row // inner, row % inner]
            if label != ignore_index and 0 <= label < classes:
                divisor += weight[label] if weight.size else 1.0
        if divisor == 0:
            divisor = np.nan  # a mean over nothing, of which nothing can be known
    if weight.size:
        all_weights = _in_order(weight)
    spread = smoothing / real(classes)  # what each class gets of every label
    for row in prange(outer * inner):
        o, i = row // inner, row % inner
        label = target[o, i]
        ignored, known = label == ignore_index, 0 <= label < classes
        if ignored or not known:
            loss[o, i] = real(0) if ignored else real(np.nan)
            if gradient.size:
                _, log_sum = _log_sum_exp(logits, o, i)
                for c in range(classes):
                    gradient[o, c, i] = loss[o, i] * log_sum  # 0, but a NaN among the logits passes
            continue
        top, log_sum = _log_sum_exp(logits, o, i)
        w = (weight[label] if weight.size else real(1)) * (real(1) - smoothing)
        value = w * (log_sum - (logits[o, label, i] - top))
        if spread != 0:
            for c in range(classes):
                wc = weight[c] if weight.size else real(1)
                value += spread * wc * (log_sum - (logits[o, c, i] - top))
        loss[o, i] = value
        if gradient.size:
            share = w + spread * real(all_weights)
            scale = real(1 / divisor)
            for c in range(classes):
                wanted = spread * (weight[c] if weight.size else real(1)) + (w if c == label else real(0))
                gradient[o, c, i] = scale * (math.exp((logits[o, c, i] - top) - log_sum) * share - wanted)
    total[0] = _in_order(loss.reshape(loss.size)) / divisor


@kernel(
    "in real[:, :, ::1], in real[:, :, ::1], in real[::1], real, real, "
    "out real[:, ::1], out real[:, :, ::1], out real[::1]"
)
def cross_entropy_probabilities(logits, target, weight, smoothing, scale, loss, gradient, total):
    outer, classes, inner = logits.shape
    real = logits.dtype.type
    kept, spread = real(1) - smoothing, smoothing / real(classes)
    for row in prange(outer * inner):
        o, i = row // inner, row % inner
        top, log_sum = _log_sum_exp(logits, o, i)
        value, share = real(0), real(0)
        for c in range(classes):
            wanted = (weight[c] if weight.size else real(1)) * (kept * target[o, c, i] + spread)
            share += wanted
            value += wanted * (log_sum - (logits[o, c, i] - top))
        loss[o, i] = value
        if gradient.size:
            for c in range(classes):
                wanted = (weight[c] if weight.size else real(1)) * (kept * target[o, c, i] + spread)
                gradient[o, c, i] = scale * (math.exp((logits[o, c, i] - top) - log_sum) * share - wanted)
    total[0] = scale * _in_order(loss.reshape(loss.size))


@inline
def _log_sum_exp(logits, o, i):
    """The largest logit m of a row, and log Σ exp(x − m)."""
    top = logits[o, 0, i]
    for c in range(1, logits.shape[1]):
        top = max(logits[o, c, i], top)
    total = 0.0
    for c in range(logits.shape[1]):
        total += math.exp(logits[o, c, i] - top)
    return top, type(top)(math.log(total))


@inline
def _in_order(values):
    """Their sum in double precision, from the first to the last."""
    total = 0.0
    for value in values:
        total += value
    return total
