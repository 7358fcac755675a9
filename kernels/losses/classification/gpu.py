"""Launch geometry of gpu.cu: a team of threads a row (teams.py), then one block that sums the losses."""

import numpy as np

from ... import cuda
from ...teams import launch
from ..launch import sum_threads
from ..launch import total as _total

KNOWN = 4  # numbers that are found of a row (gpu.cu)
LABEL_WEIGHTS = cuda.Source(__file__, "label_weights.cu")


def label_weights(device, target, weight, ignore_index, classes, dtype):
    """The summed weights of the labels' classes, an array of one element."""
    divisor = device.empty((1,), dtype)
    arguments = (target, weight, divisor, np.int64(ignore_index), np.int64(classes), np.int32(weight.size > 0))
    arguments = (*arguments, np.int64(target.size))
    device.launch(LABEL_WEIGHTS, "label_weights", dtype, 1, sum_threads(target.size), arguments)
    return divisor


def cross_entropy_indices(device, logits, target, weight, ignore_index, smoothing, mean, loss, gradient, total):
    dtype, real, has_weight = logits.dtype, logits.dtype.type, np.int32(weight.size > 0)
    divisor = label_weights(device, target, weight, ignore_index, logits.shape[1], dtype) if mean else None
    flags = (has_weight, np.int32(mean), np.int32(gradient.size > 0))
    given = (logits, target, weight, divisor if mean else total, np.int64(ignore_index), real(smoothing))
    arguments = (*given, loss, gradient, *flags)
    _launch(device, "cross_entropy_indices", logits, (logits, gradient, weight), loss, arguments)
    _total(device, loss, 1, divisor, total)


def cross_entropy_probabilities(device, logits, target, weight, smoothing, scale, loss, gradient, total):
    real, flags = logits.dtype.type, (np.int32(weight.size > 0), np.int32(gradient.size > 0))
    arguments = (logits, target, weight, real(smoothing), real(scale), loss, gradient, *flags)
    _launch(device, "cross_entropy_probabilities", logits, (logits, target, gradient, weight), loss, arguments)
    _total(device, loss, scale, None, total)


def _launch(device, name, logits, arrays, loss, arguments):
    """`arrays` are those that are read or written by rows."""
    if loss.size:
        given = tuple(x for x in arrays if x.size)
        launch(device, __file__, name, logits.shape, given, arguments, KNOWN, held=2)
