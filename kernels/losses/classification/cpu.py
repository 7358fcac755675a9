"""Cross-entropy on the CPU: the loss and, if its array isn't empty, the gradient, in one pass.

A total is the sum of the samples' losses in their order: the same for any number of threads.
Cross-entropy mustn't be regrouped: log_sum − (x − top) would lose log_sum beside a large top.
"""

import math

import numpy as np

from ...jit import inline, kernel, task
from ...rows import combined, groups, largest, place, walk
from ...share import enough, share
from ...simd import (
    first_lane,
    first_lanes,
    full,
    lanes,
    load,
    load_all,
    load_first,
    store,
    store_first,
    where,
)
from ...vector_math import exp, log
from ..sums import in_order, label_weights


@kernel(
    "in real[:, :, ::1], in int64[:, ::1], in real[::1], int64, real, bool, "
    "out real[:, ::1], out real[:, :, ::1], out real[::1]"
)
def cross_entropy_indices(logits, target, weight, ignore_index, smoothing, mean, loss, gradient, total, threads):
    classes, real = logits.shape[1], logits.dtype.type
    all_weights = float(classes)
    divisor = label_weights(target, weight, ignore_index) if mean else 1.0
    if weight.size:
        all_weights = in_order(weight)
    spread = smoothing / real(classes)  # what each class gets of every label
    threads = enough(threads, 8 * logits.size)
    constants = real(1) - smoothing, spread, spread * real(all_weights), real(1 / divisor)
    share(_indices, groups(logits), threads, logits, target, weight, ignore_index, constants, loss, gradient)
    total[0] = in_order(loss.reshape(loss.size)) / divisor


@task
def _indices(first, last, logits, target, weight, ignore_index, constants, loss, gradient):
    kept, spread, shared, scale = constants
    _, classes, inner = logits.shape
    w, real = lanes(logits), logits.dtype.type
    tops, logs, smooth, factors, spreads = (np.empty(w, real), np.empty(w, real), np.empty(w, real),
                                            np.empty(w, real), np.empty(w, real))  # fmt: skip
    for group in range(first, last):
        start, end, step, count = walk(logits, group)
        o, left, columns = place(logits, group)  # each column in a lane of its own
        top, sum_exp, log_sum = _log_sum_exp(logits, gradient, group)
        store(tops, 0, top)
        store(logs, 0, log_sum)
        if spread != 0:
            value = full(logits, 0)
            for i in range(start, end, step):
                n = min(count, end - i)
                wanted = _weights(logits, weight, (i - start) // inner, n)
                lost = log_sum - (load_first(logits, i, n, 0) - top)
                value += where(first_lanes(logits, n), wanted * lost, 0)
            store(smooth, 0, spread * combined(logits, value))
        for lane in range(columns):
            i = left + lane
            label = target[o, i]
            factors[lane], spreads[lane] = 0, 0
            if 0 <= label < classes and label != ignore_index:
                of_label = kept * (weight[label] if weight.size else real(1))
                loss[o, i] = of_label * (logs[lane] - (logits[o, label, i] - tops[lane]))
                if spread != 0:
                    loss[o, i] += smooth[lane]
                factors[lane], spreads[lane] = scale * (of_label + shared), scale * spread
            elif label == ignore_index:
                loss[o, i] = 0
            else:
                loss[o, i], factors[lane] = np.nan, np.nan
        if gradient.size:
            of_row, smoothed = load(factors, 0) / sum_exp, load(spreads, 0)
            if inner == 1:
                of_row, smoothed = full(logits, first_lane(of_row)), full(logits, first_lane(smoothed))
            for i in range(start, end, step):
                n = min(count, end - i)
                g = load_first(gradient, i, n, 0) * of_row  # exp(x − top), which is there, over its sum
                if spread != 0:
                    g = g - smoothed * _weights(logits, weight, (i - start) // inner, n)
                store_first(gradient, i, n, g)
            for lane in range(columns):
                label = target[o, left + lane]
                if 0 <= label < classes and label != ignore_index:
                    gradient[o, label, left + lane] -= scale * kept * (weight[label] if weight.size else real(1))


@kernel(
    "in real[:, :, ::1], in real[:, :, ::1], in real[::1], real, real, "
    "out real[:, ::1], out real[:, :, ::1], out real[::1]"
)
def cross_entropy_probabilities(logits, target, weight, smoothing, scale, loss, gradient, total, threads):
    real = logits.dtype.type
    constants = real(1) - smoothing, smoothing / real(logits.shape[1]), scale
    threads = enough(threads, 8 * logits.size)
    share(_probabilities, groups(logits), threads, logits, target, weight, constants, loss, gradient)
    total[0] = scale * in_order(loss.reshape(loss.size))


@task
def _probabilities(first, last, logits, target, weight, constants, loss, gradient):
    kept, spread, scale = constants
    inner = logits.shape[2]
    for group in range(first, last):
        start, end, step, count = walk(logits, group)
        top, sum_exp, log_sum = _log_sum_exp(logits, gradient, group)
        value, shared = full(logits, 0), full(logits, 0)
        for i in range(start, end, step):
            n = min(count, end - i)
            wanted = _weights(logits, weight, (i - start) // inner, n) * (kept * load_first(target, i, n, 0) + spread)
            lost = log_sum - (load_first(logits, i, n, 0) - top)
            shared += where(first_lanes(logits, n), wanted, 0)
            value += where(first_lanes(logits, n), wanted * lost, 0)
        value, shared = combined(logits, value), combined(logits, shared)
        o, left, columns = place(logits, group)
        store_first(loss, o * inner + left, columns, value)
        if gradient.size:
            factor = scale * shared / sum_exp
            for i in range(start, end, step):
                n = min(count, end - i)
                weights = _weights(logits, weight, (i - start) // inner, n)
                wanted = scale * weights * (kept * load_first(target, i, n, 0) + spread)
                store_first(gradient, i, n, load_first(gradient, i, n, 0) * factor - wanted)


@inline
def _log_sum_exp(logits, gradient, group):
    """Of each row: the largest logit m, Σ exp(x − m) and its logarithm. exp(x − m) is left in the gradient's array."""
    start, end, step, count = walk(logits, group)
    top, total = largest(logits, start, end, step, count), full(logits, 0)
    for i in range(start, end, step):
        n = min(count, end - i)
        e = exp(load_first(logits, i, n, -math.inf) - top)
        if gradient.size:
            store_first(gradient, i, n, e)
        total += e
    total = combined(logits, total)
    return top, total, log(total)


@inline
def _weights(logits, weight, c, n):
    """The weights of n classes from c on, or of class c in all lanes; 1 without any."""
    if weight.size == 0:
        return full(logits, 1)
    return load_first(weight, c, n, 0) if logits.shape[2] == 1 else load_all(weight, c)
