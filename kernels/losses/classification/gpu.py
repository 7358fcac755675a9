"""Launch geometry of gpu.cu: a team of threads a row (teams.py), then one block that sums the losses; of small inputs
one launch does it all."""

import numpy as np

from ... import cuda
from ...teams import launch, plan
from ..launch import sum_threads
from ..launch import total as _total

KNOWN = 4  # numbers that are found of a row (gpu.cu)
HELD = 2  # numbers that a thread holds at each place of a row
# Predicted for an H100: a launch costs some 2 µs, in a CUDA graph, too. 8,192 numbers of some 40 instructions each are
# 2,600 cycles of one multiprocessor, 1.5 µs; 1,024 labels, four a thread, are summed in 0.5 µs, by all blocks at once.
ALONE = 32 << 10  # bytes of logits that one block takes in registers, in a few turns
FEW = 1024  # labels whose weights each block sums by itself
LABEL_WEIGHTS = cuda.Source(__file__, "label_weights.cu")


def label_weights(device, target, weight, ignore_index, classes, dtype):
    """The summed weights of the labels' classes, an array of one element."""
    divisor = device.empty((1,), dtype)
    arguments = (target, weight, divisor, np.int64(ignore_index), np.int64(classes), np.int32(weight.size > 0))
    arguments = (*arguments, np.int64(target.size))
    device.launch(LABEL_WEIGHTS, "label_weights", dtype, 1, sum_threads(target.size), arguments)
    return divisor


def cross_entropy_indices(device, logits, target, weight, ignore_index, smoothing, mean, loss, gradient, total):
    dtype, divisor, arrays = logits.dtype, None, (logits, gradient, weight)
    block, few = _alone(logits, arrays), 0 < target.size <= FEW
    if mean and not block:
        if few:
            divisor = device.empty((1,), dtype)  # which the launch fills
        else:
            divisor = label_weights(device, target, weight, ignore_index, logits.shape[1], dtype)
    given = (logits, target, weight, divisor, np.int64(ignore_index), dtype.type(smoothing))
    flags = (np.int32(weight.size > 0), np.int32(mean), np.int32(gradient.size > 0))
    arguments = (*given, loss, gradient, total, *flags)
    _launch(device, "cross_entropy_indices", logits, arrays, arguments, block, int(mean and few))
    if not block:
        _total(device, loss, 1, divisor, total)


def cross_entropy_probabilities(device, logits, target, weight, smoothing, scale, loss, gradient, total):
    real, arrays = logits.dtype.type, (logits, target, gradient, weight)
    block, flags = _alone(logits, arrays), (np.int32(weight.size > 0), np.int32(gradient.size > 0))
    arguments = (logits, target, weight, real(smoothing), real(scale), loss, gradient, total, *flags)
    _launch(device, "cross_entropy_probabilities", logits, arrays, arguments, block)
    if not block:
        _total(device, loss, scale, None, total)


def _plan(logits, arrays):
    """`arrays` are those that are read or written by rows."""
    _, classes, inner = logits.shape
    return plan(classes, inner, tuple(x for x in arrays if x.size) or arrays, HELD)


def _alone(logits, arrays) -> int:
    """Threads of the one block that takes all rows at once or in a few turns; 0 where they want several blocks."""
    (outer, _, inner), chosen = logits.shape, _plan(logits, arrays)
    threads = outer * inner * chosen.threads
    if threads and not (chosen.whole and threads * chosen.each * logits.itemsize <= ALONE):
        return 0
    return 256 if threads <= 256 else 512


def _launch(device, name, logits, arrays, arguments, block, sums=0):
    """By one block of so many threads, or by several."""
    outer, classes, inner = logits.shape
    if block:
        source = _plan(logits, arrays).source(__file__, SUMS=2)
        sizes = np.int64(outer * inner), np.int64(classes), np.int64(inner)
        device.launch(source, name, logits.dtype, 1, block, (*arguments, None, *sizes))
    else:
        given = tuple(x for x in arrays if x.size)
        launch(device, __file__, name, logits.shape, given, arguments, KNOWN, HELD, SUMS=sums)
