"""Launch geometry of the GPU's ladder: functions layer_norm_RUNG and layer_norm_backward_RUNG."""

import numpy as np

from ... import cuda
from ...reductions import gpu as reductions

NAIVE, SHARED = (cuda.Source(__file__, f"gpu_{rung}.cu") for rung in ("1_naive", "2_shared"))


def layer_norm_1_naive(device, x, weight, bias, eps, y, statistics):
    _forward(device, NAIVE, cuda.blocks(len(x), 128), 128, x, weight, bias, eps, y, statistics)


def layer_norm_2_shared(device, x, weight, bias, eps, y, statistics):
    _forward(device, SHARED, max(len(x), 1), 256, x, weight, bias, eps, y, statistics)


def _forward(device, source, grid, block, x, weight, bias, eps, y, statistics):
    if x.size:
        flags = (np.int32(array.size > 0) for array in (weight, bias, statistics))
        arguments = (x, weight, bias, x.dtype.type(eps), y, statistics, *flags, *map(np.int64, x.shape))
        device.launch(source, "layer_norm", x.dtype, grid, block, arguments)


def layer_norm_backward_1_naive(device, grad, x, weight, eps, statistics, grad_x, *parameters):
    kept = _by_rows(device, NAIVE, cuda.blocks(len(x), 128), 128, grad, x, weight, eps, statistics, grad_x)
    _by_columns(device, NAIVE, cuda.blocks(x.shape[1], 128), 128, grad, x, kept, parameters)


def layer_norm_backward_2_shared(device, grad, x, weight, eps, statistics, grad_x, *parameters):
    kept = _by_rows(device, SHARED, max(len(x), 1), 256, grad, x, weight, eps, statistics, grad_x)
    n, count = x.shape[1], min(64, cuda.blocks(len(x), 32))
    parts = [device.empty((count if out.size else 0, n), x.dtype) for out in parameters]
    _by_columns(device, SHARED, (cuda.blocks(n, 32), count), (32, 8), grad, x, kept, parts)
    for part, out in zip(parts, parameters):
        if out.size:
            reductions.sum(device, part.reshape(1, count, n), 1, out.reshape(1, n))


def _by_rows(device, source, grid, block, grad, x, weight, eps, statistics, grad_x):
    """The gradient of x; returns how each row was normalised."""
    known = statistics.size > 0
    kept = statistics if known else device.empty((len(x), 3), x.dtype)
    if x.size:
        flags = np.int32(weight.size > 0), np.int32(known)
        arguments = (grad, x, weight, x.dtype.type(eps), kept, grad_x, *flags, *map(np.int64, x.shape))
        device.launch(source, "by_rows", x.dtype, grid, block, arguments)
    return kept


def _by_columns(device, source, grid, block, grad, x, kept, outputs):
    """The sums over the rows, or parts of them."""
    if any(out.size for out in outputs):
        flags = (np.int32(out.size > 0) for out in outputs)
        arguments = (grad, x, kept, *outputs, *flags, *map(np.int64, x.shape))
        device.launch(source, "by_columns", x.dtype, grid, block, arguments)
