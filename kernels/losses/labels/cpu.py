"""Losses of class labels on the CPU, a row of classes at a time."""

import math

import numpy as np

from ...jit import inline, kernel, task
from ...rows import combined, groups, largest, place, walk
from ...share import enough, share
from ...simd import (
    add_lanes,
    first_lanes,
    full,
    lanes,
    larger,
    largest_lane,
    load,
    load_first,
    store,
    store_first,
    where,
)
from ...vector_math import exp, log
from ..sums import in_order, label_weights


@kernel(
    "in real[:, :, ::1], in int64[:, ::1], in real[::1], int64, bool, "
    "out real[:, ::1], out real[:, :, ::1], out real[::1]"
)
def nll_loss(x, target, weight, ignore_index, mean, loss, gradient, total, threads):
    divisor = label_weights(target, weight, ignore_index) if mean else 1.0
    threads = enough(threads, gradient.size + loss.size)
    share(_nll, x.shape[0], threads, x, target, weight, ignore_index, x.dtype.type(1 / divisor), loss, gradient)
    total[0] = in_order(loss.reshape(loss.size)) / divisor


@task
def _nll(first, last, x, target, weight, ignore_index, scale, loss, gradient):
    for o in range(first, last):
        if gradient.size:
            _clear(gradient, o, x.shape[1] * x.shape[2])
        for i in range(x.shape[2]):
            label = target[o, i]
            loss[o, i] = 0
            if label != ignore_index:
                w = weight[label] if weight.size else x.dtype.type(1)
                loss[o, i] = -w * x[o, label, i]
                if gradient.size:
                    gradient[o, label, i] = -w * scale


@inline
def _clear(x, row, n):
    """Zeros for x[row …], a row being n numbers."""
    for i in range(row * n, (row + 1) * n, lanes(x)):
        store_first(x, i, (row + 1) * n - i, full(x, 0))


@kernel("in real[:, ::1], in int64[::1], real, real, out real[::1], out real[:, ::1], out real[::1]")
def categorical_generalized_cross_entropy(x, target, q, scale, loss, gradient, total, threads):
    count = (x.shape[0] + lanes(x) - 1) // lanes(x)
    share(_generalized, count, enough(threads, gradient.size + 16 * loss.size), x, target, q, scale, loss, gradient)
    total[0] = scale * in_order(loss)


@task
def _generalized(first, last, x, target, q, scale, loss, gradient):
    """So many rows together as a vector has lanes: each gives it one number, and gets one slope."""
    w = lanes(x)
    p = np.ones(w, x.dtype)
    for group in range(first, last):
        start = group * w
        count = min(w, x.shape[0] - start)
        for row in range(start, start + count):
            p[row - start] = x[row, target[row]]
        of_label = load(p, 0)
        store_first(loss, start, count, (1 - exp(q * log(of_label))) / q)
        if gradient.size:
            store(p, 0, -scale * exp((q - 1) * log(of_label)))
            for row in range(start, start + count):
                _clear(gradient, row, x.shape[1])
                gradient[row, target[row]] = p[row - start]


@kernel(
    "in real[:, ::1], in int64[::1], in real[::1], int64, real, real, out real[::1], out real[:, ::1], out real[::1]"
)
def multi_margin_loss(x, target, weight, p, margin, scale, loss, gradient, total, threads):
    share(_multi_margin, x.shape[0], enough(threads, x.size), x, target, weight, p, margin, scale, loss, gradient)
    total[0] = scale * in_order(loss)


@task
def _multi_margin(first, last, x, target, weight, p, margin, scale, loss, gradient):
    n, w, real = x.shape[1], lanes(x), x.dtype.type
    for row in range(first, last):
        label, end = target[row], (row + 1) * n
        factor = (weight[label] if weight.size else real(1)) / real(n)
        above = margin - x[row, label]
        value, slopes = full(x, 0), full(x, 0)
        for i in range(row * n, end, w):
            place = label - (i - row * n)  # the label's lane, which doesn't count
            v = load_first(x, i, end - i, 0) + above
            counts = (v > 0) & first_lanes(x, end - i) & ~(first_lanes(x, place + 1) & ~first_lanes(x, place))
            v = where(counts, v, 0)
            slope = where(counts, 1, 0 * v)
            if p == 2:
                v, slope = v * v, 2 * v
            value, slopes = value + v, slopes + slope
            if gradient.size:
                store_first(gradient, i, end - i, scale * factor * slope)
        loss[row] = factor * add_lanes(value)
        if gradient.size:
            gradient[row, label] = -scale * factor * add_lanes(slopes)


@kernel("in real[:, ::1], in int64[:, ::1], real, out real[::1], out real[:, ::1], out real[::1]")
def multilabel_margin_loss(x, target, scale, loss, gradient, total, threads):
    threads = enough(threads, 4 * x.size)
    share(_multilabel_margin, x.shape[0], threads, x, target, scale, loss, gradient)
    total[0] = scale * in_order(loss)


@task
def _multilabel_margin(first, last, x, target, scale, loss, gradient):
    n, w, real = x.shape[1], lanes(x), x.dtype.type
    others = np.empty(n, real)  # 1 for a class that is no label
    for row in range(first, last):
        others[:] = 1
        labels = 0
        while labels < n and target[row, labels] >= 0:
            others[target[row, labels]] = 0
            labels += 1
        if gradient.size:
            _clear(gradient, row, n)
        value = full(x, 0)
        for k in range(labels):
            label, slopes = target[row, k], full(x, 0)
            for j in range(0, n, w):
                v = 1 - x[row, label] + load_first(x, row * n + j, n - j, 0)
                slope = where(v > 0, load_first(others, j, n - j, 0), 0)
                value += where(slope > 0, v, 0)
                slopes += slope
                if gradient.size:
                    g = load_first(gradient, row * n + j, n - j, 0) + scale / real(n) * slope
                    store_first(gradient, row * n + j, n - j, g)
            if gradient.size:
                gradient[row, label] -= scale / real(n) * add_lanes(slopes)
        loss[row] = add_lanes(value) / real(n)


@kernel("in real[:, ::1], in real[:, ::1], real, out real[::1], out real[:, ::1], out real[::1]")
def categorical_hinge_loss(x, target, scale, loss, gradient, total, threads):
    share(_categorical_hinge, x.shape[0], enough(threads, x.size), x, target, scale, loss, gradient)
    total[0] = scale * in_order(loss)


@task
def _categorical_hinge(first, last, x, target, scale, loss, gradient):
    n, w = x.shape[1], lanes(x)
    for row in range(first, last):
        end, right, wrong = (row + 1) * n, full(x, 0), full(x, -math.inf)
        for i in range(row * n, end, w):
            v, t = load_first(x, i, end - i, -math.inf), load_first(target, i, end - i, 0)
            right += where(first_lanes(x, end - i), t * v, 0)
            wrong = larger((1 - t) * v, wrong)
        top = largest_lane(wrong)
        left = top - add_lanes(right) + 1
        loss[row] = 0 if left < 0 else left
        if gradient.size == 0:
            continue
        ties = full(x, 0)
        for i in range(row * n, end, w):
            v, t = load_first(x, i, end - i, -math.inf), load_first(target, i, end - i, 0)
            ties += where((1 - t) * v == top, 1, 0 * t)
        slope = scale if left > 0 else 0 * scale
        shared = slope / add_lanes(ties)
        for i in range(row * n, end, w):
            v, t = load_first(x, i, end - i, -math.inf), load_first(target, i, end - i, 0)
            store_first(gradient, i, end - i, where((1 - t) * v == top, shared * (1 - t), 0) - slope * t)


@kernel(
    "in real[:, :, ::1], in real[:, :, ::1], real, real, bool, real, real, "
    "out real[:, ::1], out real[:, :, ::1], out real[::1]"
)
def categorical_focal_crossentropy(x, target, alpha, gamma, logits, smoothing, scale, loss, gradient, total, threads):
    parameters = alpha, gamma, logits, smoothing, smoothing / x.dtype.type(x.shape[1])
    share(_focal, groups(x), enough(threads, 16 * x.size), x, target, parameters, scale, loss, gradient)
    total[0] = scale * in_order(loss.reshape(loss.size))


@task
def _focal(first, last, x, target, parameters, scale, loss, gradient):
    alpha, gamma, logits, smoothing, spread = parameters
    for group in range(first, last):
        start, end, step, count = walk(x, group)
        top, total = full(x, 0), full(x, 0)
        if logits:
            top = largest(x, start, end, step, count)
        for i in range(start, end, step):
            total += _numerator(x, i, min(count, end - i), top, logits)
        inverse = 1 / combined(x, total)
        value, mean_slope = full(x, 0), full(x, 0)
        for i in range(start, end, step):
            n = min(count, end - i)
            p = _numerator(x, i, n, top, logits) * inverse
            t = alpha * (load_first(target, i, n, 0) * (1 - smoothing) + spread)
            q, safe = larger(1e-7, 1 - p), larger(1e-7, p)
            entropy, power = log(safe), exp((gamma - 1) * log(q))
            value += where(first_lanes(x, n), -t * (power * q * entropy), 0)
            slope = t * power * (gamma * entropy - q / safe)
            slope = where(p < 1e-7, 0, where(1 - p < 1e-7, 0, slope))
            mean_slope += where(first_lanes(x, n), slope * p, 0)
            if gradient.size:
                store_first(gradient, i, n, slope)
        o, left, columns = place(x, group)
        store_first(loss, o * x.shape[2] + left, columns, combined(x, value))
        mean_slope = combined(x, mean_slope)
        if gradient.size:
            for i in range(start, end, step):
                n = min(count, end - i)
                p = _numerator(x, i, n, top, logits) * inverse
                slope = scale * (load_first(gradient, i, n, 0) - mean_slope)
                store_first(gradient, i, n, slope * (p if logits else inverse))


@inline
def _numerator(x, i, n, top, logits):
    """Of the probabilities: eˣ⁻ᵐ of logits, else x; 0 beyond the end."""
    if logits:
        return exp(load_first(x, i, n, -math.inf) - top)
    return load_first(x, i, n, 0)
