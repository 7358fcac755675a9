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
    "in real[:, :, ::1], in real[::1], in real[::1], in real[::1], in real[::1], bool, real, real, "
    "out real[:, :, ::1], out real[:, ::1], out real[::1], out real[::1]"
)
def batch_norm(
    x, weight, bias, mean, variance, training, momentum, eps, y, statistics, new_mean, new_variance, threads
):
    n, channels, spatial = x.shape
    none, coefficients = np.empty((0, 0, 0), x.dtype), np.empty((4, channels), x.dtype)
    parameters, new = (weight, bias, eps), (mean, variance, momentum, new_mean, new_variance)
    threads = enough(threads, x.size)
    if training and spatial > 1:
        share(_forward, channels, threads, none, x, parameters, new, y, statistics, coefficients)
        return
    _begin(x, mean, variance, training, statistics)
    if training:
        first = training  # true; written so that Numba takes it for any bool, and compiles one version
        while _spread_columns(x, _columns(none, x, statistics[0], threads), statistics, first):
            first = not first
    _settle(np.int64(0), channels, x, parameters, new, statistics, coefficients)
    if spatial > 1:
        share(apply_rows, n * channels, threads, 1, none, x, coefficients, y)
    else:
        share(apply_columns, n, threads, none, x, coefficients, y)


@kernel(
    "in real[:, :, ::1], in real[:, :, ::1], in real[::1], in real[:, ::1], bool, "
    "out real[:, :, ::1], out real[::1], out real[::1]"
)
def batch_norm_backward(grad, x, weight, statistics, training, grad_x, grad_weight, grad_bias, threads):
    n, channels, spatial = x.shape
    coefficients, results = np.empty((4, channels), x.dtype), (grad_weight, grad_bias)
    threads = enough(threads, 2 * x.size)
    if spatial > 1:
        share(_backward, channels, threads, grad, x, weight, statistics, training, grad_x, results, coefficients)
        return
    sums = _columns(grad, x, statistics[0], threads)
    _settle_backward(np.int64(0), channels, x, weight, statistics, training, sums, results, coefficients)
    if training:
        share(apply_columns, n, threads, grad, x, coefficients, grad_x)
    else:
        share(apply_columns, n, threads, grad, grad, coefficients, grad_x)


@task
def _forward(first, last, none, x, parameters, new, y, statistics, coefficients):
    n, channels, spatial = x.shape
    size = x.dtype.type(n * spatial)
    for channel in range(first, last):
        found = moments_of_rows(none, x, channel, size)
        statistics[0, channel], statistics[1, channel], statistics[2, channel] = found
        _settle(channel, channel + 1, x, parameters, new, statistics, coefficients)
        apply_rows(channel, n * channels, channels, none, x, coefficients, y)


@task
def _backward(first, last, grad, x, weight, statistics, training, grad_x, results, coefficients):
    n, channels, _ = x.shape
    sums = np.empty(2 * channels, x.dtype)
    for channel in range(first, last):
        sums[channel], sums[channels + channel] = sums_of_rows(grad, x, channel, statistics[0, channel])
        _settle_backward(channel, channel + 1, x, weight, statistics, training, sums, results, coefficients)
        if training:
            apply_rows(channel, n * channels, channels, grad, x, coefficients, grad_x)
        else:
            apply_rows(channel, n * channels, channels, grad, grad, coefficients, grad_x)


@inline
def _columns(grad, x, pivots, threads):
    """Both sums of all channels, where spatial is 1: in groups of images, then over the groups, in their order."""
    groups = (x.shape[0] + GROUP - 1) // GROUP
    parts, sums = np.zeros((groups, 2 * x.shape[1]), x.dtype), np.empty(2 * x.shape[1], x.dtype)
    share(sums_of_columns, groups, threads, grad, x, pivots, parts)
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
        scale = 1 / math.sqrt(spread + eps)
        statistics[2, channel] = scale
        slope = scale * weight[channel] if weight.size else scale
        coefficients[0, channel], coefficients[1, channel] = pivot, slope
        coefficients[2, channel] = (bias[channel] if bias.size else 0) - rest * slope


@task
def _settle_backward(first, last, x, weight, statistics, training, sums, results, coefficients):
    """What follows from the sums of grad and of grad · (x − pivot). The gradient is

    factor · (grad − slope / size − normal · along / size), with normal = ((x − pivot) − rest) · scale.
    """
    grad_weight, grad_bias = results
    channels, size = x.shape[1], x.dtype.type(x.shape[0] * x.shape[2])
    for channel in range(first, last):
        pivot, rest, scale = statistics[0, channel], statistics[1, channel], statistics[2, channel]
        slope = sums[channel]
        along = (sums[channels + channel] - rest * slope) * scale
        if grad_weight.size:
            grad_weight[channel] = along
        if grad_bias.size:
            grad_bias[channel] = slope
        factor = scale * weight[channel] if weight.size else scale
        if training:
            tilt = -factor * scale * along / size
            coefficients[0, channel], coefficients[1, channel] = pivot, tilt
            coefficients[2, channel] = -factor * slope / size - tilt * rest
            coefficients[3, channel] = factor
        else:  # grad in the place of x, too: half of the result from each
            coefficients[0, channel], coefficients[1, channel] = 0, factor / 2
            coefficients[2, channel], coefficients[3, channel] = 0, factor / 2
