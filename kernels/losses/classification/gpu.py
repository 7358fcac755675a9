"""Launch geometry of gpu.cu: a block a row, then one block that sums the losses."""

import numpy as np

from ... import cuda
from ..launch import THREADS
from ..launch import total as _total

SOURCE = cuda.Source(__file__)


def label_weights(device, target, weight, ignore_index, classes, dtype):
    """The summed weights of the labels' classes, an array of one element."""
    divisor = device.empty((1,), dtype)
    arguments = (target, weight, divisor, np.int64(ignore_index), np.int64(classes), np.int32(weight.size > 0))
    device.launch(SOURCE, "label_weights", dtype, 1, THREADS, (*arguments, np.int64(target.size)))
    return divisor


def _rows(logits) -> tuple:
    """The launch (grid, block) of a block a row, and the sizes that its kernels end with."""
    outer, classes, inner = logits.shape
    threads = min(THREADS, max(32, 1 << (classes - 1).bit_length()))
    grid = max(1, min(outer * inner, 1 << 20))
    return grid, threads, (np.int64(outer * inner), np.int64(classes), np.int64(inner))


def cross_entropy_indices(device, logits, target, weight, ignore_index, smoothing, mean, loss, gradient, total):
    dtype, real = logits.dtype, logits.dtype.type
    grid, threads, sizes = _rows(logits)
    has_weight, ignored = np.int32(weight.size > 0), np.int64(ignore_index)
    divisor = label_weights(device, target, weight, ignore_index, logits.shape[1], dtype) if mean else None
    if loss.size:
        flags = (has_weight, np.int32(mean), np.int32(gradient.size > 0))
        arguments = (
            logits,
            target,
            weight,
            divisor if mean else total,
            ignored,
            real(smoothing),
            loss,
            gradient,
            *flags,
            *sizes,
        )
        device.launch(SOURCE, "cross_entropy_indices", dtype, grid, threads, arguments)
    _total(device, loss, 1, divisor, total)


def cross_entropy_probabilities(device, logits, target, weight, smoothing, scale, loss, gradient, total):
    dtype, real = logits.dtype, logits.dtype.type
    grid, threads, sizes = _rows(logits)
    if loss.size:
        flags = (np.int32(weight.size > 0), np.int32(gradient.size > 0))
        arguments = (logits, target, weight, real(smoothing), real(scale), loss, gradient, *flags, *sizes)
        device.launch(SOURCE, "cross_entropy_probabilities", dtype, grid, threads, arguments)
    _total(device, loss, scale, None, total)
