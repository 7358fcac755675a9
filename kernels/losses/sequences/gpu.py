"""Launch geometry of gpu.cu: a block a sequence, then one block that sums the losses."""

import math

import numpy as np

from ... import cuda
from ..launch import row_threads, total

SOURCE = cuda.Source(__file__)


def ctc_loss(
    device, log_probs, targets, input_lengths, target_lengths, blank, mean, zero_infinity, loss, gradient, out
):
    (times, rows, classes), longest, dtype = log_probs.shape, targets.shape[1], out.dtype
    scaled = device.empty((rows,), dtype)
    if rows:
        most = 2 * longest + 1
        scratch = device.empty((rows, times, most), dtype), device.empty((rows, 2, most), dtype)
        flags = (np.int32(flag) for flag in (mean, zero_infinity, gradient.size > 0))
        sizes = (np.int64(size) for size in (times, rows, classes, longest))
        arguments = (log_probs, targets, input_lengths, target_lengths, np.int64(blank), *scratch, loss, scaled)
        device.launch(SOURCE, "ctc_loss", dtype, rows, row_threads(most), (*arguments, gradient, *flags, *sizes))
    total(device, scaled, 1 if rows or not mean else math.nan, None, out)
