"""Batch norm on the CPU. x is (n, channels, spatial); a parameter that there isn't is empty.

A thread takes a channel through sums and results, while it lies in the cache; where spatial is 1, and neighbours are of
different channels, it takes images instead, first for the sums, then for the results (walks.py).
"""

import math

import numpy as np

from ...jit import inline, kernel, task
from ...share import enough, share
from ..walks import (
    FAR,
    GROUP,
    apply_columns,
    apply_rows,
    moments_of_rows,
    spread,
    sum_groups,
    sums_of_columns,
    sums_of_rows,
)


@kernel(
    "in real[:, :, ::1], in real[::1], in real[::1], in real[::1], in real[::1], bool, real, real, bool, "
    "out real[:, :, ::1], out real[:, ::1], out real[::1], out real[::1]"
)
def batch_norm(
    x, weight, bias, mean, variance, training, momentum, eps, relu, y, statistics, new_mean, new_variance, threads
):
    n, channels, spatial = x.shape
    none, coefficients = np.empty((0, 0, 0), x.dtype), np.empty((6, channels), x.dtype)
    parameters, new = (weight, bias, eps), (mean, variance, momentum, new_mean, new_variance)
    threads = enough(threads, x.size)
    if training and spatial > 1:
        share(_forward, channels, threads, none, x, parameters, new, relu, y, statistics, coefficients)
        return
    _begin(x, mean, variance, training, statistics)
    if training:
        first = training  # true; written so that Numba takes it for any bool, and compiles one version
        while _spread_columns(x, _columns(none, x, statistics, threads, False), statistics, first):
            first = not first
    _settle(np.int64(0), channels, x, parameters, new, statistics, coefficients)
    if spatial > 1:
        share(apply_rows, n * channels, threads, 1, none, x, coefficients, y, relu, False)
    else:
        share(apply_columns, n, threads, none, x, coefficients, y, relu, False)


@kernel(
    "in real[:, :, ::1], in real[:, :, ::1], in real[::1], in real[::1], in real[:, ::1], bool, bool, "
    "out real[:, :, ::1], out real[::1], out real[::1]"
)
def batch_norm_backward(grad, x, weight, bias, statistics, training, relu, grad_x, grad_weight, grad_bias, threads):
    n, channels, spatial = x.shape
    coefficients, results = np.empty((6, channels), x.dtype), (grad_weight, grad_bias)
    threads = enough(threads, 2 * x.size)
    for channel in range(channels):
        _set_line(channel, weight, bias, statistics, coefficients)
    if spatial > 1:
        share(_backward, channels, threads, grad, x, statistics, training, relu, grad_x, results, coefficients)
        return
    sums = _columns(grad, x, coefficients, threads, relu)
    _settle_backward(np.int64(0), channels, x, statistics, training, sums, results, coefficients)
    share(apply_columns, n, threads, grad, x, coefficients, grad_x, relu, not training)


@task
def _forward(first, last, none, x, parameters, new, relu, y, statistics, coefficients):
    n, channels, spatial = x.shape
    size = x.dtype.type(n * spatial)
    for channel in range(first, last):
        found = moments_of_rows(none, x, channel, size)
        statistics[0, channel], statistics[1, channel], statistics[2, channel] = found
        _settle(channel, channel + 1, x, parameters, new, statistics, coefficients)
        apply_rows(channel, n * channels, channels, none, x, coefficients, y, relu)


@task
def _backward(first, last, grad, x, statistics, training, relu, grad_x, results, coefficients):
    n, channels, _ = x.shape
    sums = np.empty(2 * channels, x.dtype)
    for channel in range(first, last):
        pivot, slope, shift = coefficients[0, channel], coefficients[1, channel], coefficients[2, channel]
        sums[channel], sums[channels + channel] = sums_of_rows(grad, x, channel, pivot, relu, slope, shift)
        _settle_backward(channel, channel + 1, x, statistics, training, sums, results, coefficients)
        apply_rows(channel, n * channels, channels, grad, x, coefficients, grad_x, relu, not training)


@inline
def _columns(grad, x, coefficients, threads, relu):
    """Both sums of all channels, where spatial is 1: in groups of images, then over the groups, in their order."""
    groups = (x.shape[0] + GROUP - 1) // GROUP
    parts, sums = np.zeros((groups, 2 * x.shape[1]), x.dtype), np.empty(2 * x.shape[1], x.dtype)
    share(sums_of_columns, groups, threads, grad, x, coefficients, parts, relu)
    sum_groups(parts, sums)
    return sums


@task
def _begin(x, mean, variance, training, statistics):
    """The first pivots, or the statistics of inference."""
    for channel in range(x.shape[1]):
        statistics[0, channel] = x[0, channel, 0] if training else mean[channel]
        statistics[1, channel] = 0
        if not training:
            statistics[2, channel] = variance[channel]


@task
def _spread_columns(x, sums, statistics, first):
    """All channels' moments; those whose first pivot is far from the mean get another. Whether there are any."""
    channels, size, far = x.shape[1], x.dtype.type(x.shape[0]), False
    for channel in range(channels):
        rest, variance = spread(sums[channel], sums[channels + channel], size)
        statistics[1, channel], statistics[2, channel] = rest, variance
        if first and rest * rest > FAR * variance:
            statistics[0, channel] += rest
            far = True
    return far


@task
def _settle(first, last, x, parameters, new, statistics, coefficients):
    """What follows from channels' moments: coefficients, running statistics; and scales in the place of variances."""
    weight, bias, eps = parameters
    mean, variance, momentum, new_mean, new_variance = new
    size = x.dtype.type(x.shape[0] * x.shape[2])
    for channel in range(first, last):
        pivot, rest, spread = statistics[0, channel], statistics[1, channel], statistics[2, channel]
        if new_mean.size:
            new_mean[channel] = mean[channel] + momentum * (pivot - mean[channel] + rest)
            unbiased = spread * (size / (size - 1))
            new_variance[channel] = variance[channel] + momentum * (unbiased - variance[channel])
        statistics[2, channel] = 1 / math.sqrt(spread + eps)
        _set_line(channel, weight, bias, statistics, coefficients)


@task
def _set_line(channel, weight, bias, statistics, coefficients):
    """The way from x to y, in both directions the same to the last bit: on the way back the sign of y hangs on it."""
    pivot, rest, scale = statistics[0, channel], statistics[1, channel], statistics[2, channel]
    slope = scale * weight[channel] if weight.size else scale
    coefficients[0, channel], coefficients[1, channel] = pivot, slope
    coefficients[2, channel] = (bias[channel] if bias.size else 0) - rest * slope


@task
def _settle_backward(first, last, x, statistics, training, sums, results, coefficients):
    """What follows from the sums of grad and of grad · (x − pivot). The gradient is

    factor · (grad − slope / size − normal · along / size), with normal = ((x − pivot) − rest) · scale.
    """
    grad_weight, grad_bias = results
    channels, size = x.shape[1], x.dtype.type(x.shape[0] * x.shape[2])
    for channel in range(first, last):
        rest, scale, factor = statistics[1, channel], statistics[2, channel], coefficients[1, channel]
        slope = sums[channel]
        along = (sums[channels + channel] - rest * slope) * scale
        if grad_weight.size:
            grad_weight[channel] = along
        if grad_bias.size:
            grad_bias[channel] = slope
        tilt = level = x.dtype.type(0)
        if training:
            tilt = -factor * scale * along / size
            level = -factor * slope / size - tilt * rest
        coefficients[3, channel], coefficients[4, channel], coefficients[5, channel] = factor, tilt, level
