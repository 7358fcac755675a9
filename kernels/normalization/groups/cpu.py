"""Group norm on the CPU. x is (n · groups, channels of a group, spatial): its rows are the groups of all images.

A thread takes a row through sums and results, while it lies in the cache. The walks are batch norm's (walks.py): a row
is a channel of (1, n · groups, all of a group) to its moments, and the channels of all images are those of
(1, n · channels, spatial) to everything else.
"""

import math

import numpy as np

from ...jit import kernel, task
from ...share import enough, share
from ..walks import apply_rows, moments_of_rows, sum_groups, sums_of_rows


@kernel("in real[:, :, ::1], in real[::1], in real[::1], int64, real, out real[:, :, ::1], out real[:, ::1]")
def group_norm(x, weight, bias, groups, eps, y, statistics, threads):
    none, coefficients = np.empty((0, 0, 0), x.dtype), np.empty((6, x.shape[0] * x.shape[1]), x.dtype)
    parameters = weight, bias, eps
    share(_forward, x.shape[0], enough(threads, x.size), none, x, parameters, groups, coefficients, y, statistics)


@kernel(
    "in real[:, :, ::1], in real[:, :, ::1], in real[::1], in real[:, ::1], int64, "
    "out real[:, :, ::1], out real[::1], out real[::1]"
)
def group_norm_backward(grad, x, weight, statistics, groups, grad_x, grad_weight, grad_bias, threads):
    rows, channels, _ = x.shape
    coefficients = np.empty((6, rows * channels), x.dtype)
    of_weight = np.empty((rows // groups, groups * channels), x.dtype)
    of_bias = np.empty((rows // groups, groups * channels), x.dtype)
    share(
        _backward,
        rows,
        enough(threads, 2 * x.size),
        grad,
        x,
        weight,
        statistics,
        groups,
        coefficients,
        grad_x,
        of_weight.reshape(-1),
        of_bias.reshape(-1),
    )
    if grad_weight.size:
        sum_groups(of_weight, grad_weight)
    if grad_bias.size:
        sum_groups(of_bias, grad_bias)


@task
def _forward(first, last, none, x, parameters, groups, coefficients, y, statistics):
    rows, channels, spatial = x.shape
    weight, bias, eps = parameters
    as_rows, as_channels = x.reshape((1, rows, channels * spatial)), x.reshape((1, rows * channels, spatial))
    for row in range(first, last):
        pivot, rest, variance = moments_of_rows(none, as_rows, row, x.dtype.type(channels * spatial))
        scale = 1 / math.sqrt(variance + eps)
        statistics[0, row], statistics[1, row], statistics[2, row] = pivot, rest, scale
        for c in range(channels):
            channel, i = row % groups * channels + c, row * channels + c
            slope = scale * weight[channel] if weight.size else scale
            coefficients[0, i], coefficients[1, i] = pivot, slope
            coefficients[2, i] = (bias[channel] if bias.size else 0) - rest * slope
        apply_rows(row * channels, (row + 1) * channels, 1, none, as_channels, coefficients, y)


@task
def _backward(first, last, grad, x, weight, statistics, groups, coefficients, grad_x, of_weight, of_bias):
    rows, channels, spatial = x.shape
    shape, size = (1, rows * channels, spatial), x.dtype.type(channels * spatial)
    grad_channels, as_channels = grad.reshape(shape), x.reshape(shape)
    for row in range(first, last):
        pivot, rest, scale = statistics[0, row], statistics[1, row], statistics[2, row]
        slope = along = x.dtype.type(0)  # the sums of g and of g · normal, with g = grad · weight
        for c in range(channels):
            i = row * channels + c
            total, product = sums_of_rows(grad_channels, as_channels, i, pivot)
            of_bias[i], of_weight[i] = total, (product - rest * total) * scale
            factor = weight[row % groups * channels + c] if weight.size else x.dtype.type(1)
            slope += factor * total
            along += factor * of_weight[i]
            coefficients[0, i], coefficients[3, i] = pivot, scale * factor
        # scale · (g − slope / size − normal · along / size), with normal = ((x − pivot) − rest) · scale
        tilt = -scale * scale * along / size
        for i in range(row * channels, (row + 1) * channels):
            coefficients[4, i], coefficients[5, i] = tilt, -scale * slope / size - tilt * rest
        apply_rows(row * channels, (row + 1) * channels, 1, grad_channels, as_channels, coefficients, grad_x)
