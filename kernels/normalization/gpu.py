"""Launch geometry of gpu.cu: a block a row; for sums over the rows, blocks of 32 columns and a share of the rows."""

import numpy as np

from .. import cuda
from ..matmul import gpu as products

SOURCE = cuda.Source(__file__)


def layer_norm(device, x, weight, bias, eps, y, statistics):
    flags = np.int32(weight.size > 0), np.int32(bias.size > 0), np.int32(statistics.size > 0)
    _rows(device, "layer_norm", x, (x, weight, bias, x.dtype.type(eps), y, statistics, *flags))


def rms_norm(device, x, weight, eps, y):
    _rows(device, "rms_norm", x, (x, weight, x.dtype.type(eps), y, np.int32(weight.size > 0)))


def layer_norm_backward(device, grad, x, weight, eps, statistics, grad_x, grad_weight, grad_bias):
    known = statistics.size > 0  # how each row was normalised: {mean, rest, scale}
    kept = statistics if known else device.empty((x.shape[0], 3), x.dtype)
    flags = np.int32(weight.size > 0), np.int32(known)
    _rows(device, "layer_norm_backward", x, (grad, x, weight, x.dtype.type(eps), grad_x, kept, *flags))
    _sums(device, grad, x, kept, grad_weight, grad_bias)


def rms_norm_backward(device, grad, x, weight, eps, grad_x, grad_weight):
    kept = device.empty((x.shape[0], 3), x.dtype)
    arguments = (grad, x, weight, x.dtype.type(eps), grad_x, kept, np.int32(weight.size > 0))
    _rows(device, "rms_norm_backward", x, arguments)
    _sums(device, grad, x, kept, grad_weight, device.empty((0,), x.dtype))


def _rows(device, name, x, arguments):
    rows, n = (np.int64(size) for size in x.shape)
    if x.size:
        threads = min(256, max(32, 1 << int(n - 1).bit_length()))  # a power of two, no more than there is to do
        device.launch(SOURCE, name, x.dtype, min(int(rows), 1 << 20), threads, (*arguments, rows, n))


def _sums(device, grad, x, kept, grad_weight, grad_bias):
    """The gradients of the parameters."""
    rows, columns = x.shape
    wanted = [out for out in (grad_weight, grad_bias) if out.size]
    if not wanted:
        return
    across, parts = cuda.blocks(columns, 32), min(64, cuda.blocks(rows, 32))
    sums = [device.empty((parts if out.size else 0, columns), x.dtype) for out in (grad_weight, grad_bias)]
    flags = (np.int32(part.size > 0) for part in sums)
    arguments = (grad, x, kept, *sums, *flags, np.int64(rows), np.int64(columns))
    device.launch(SOURCE, "parameter_sums", x.dtype, (across, parts), (32, 8), arguments)
    for part, out in zip(sums, (grad_weight, grad_bias)):
        if out.size:
            products.column_sum(device, part, out)
