"""Launch geometry of gpu.cu."""

import numpy as np

from .. import cuda
from ..reductions import gpu as reductions
from . import precision

SOURCE = cuda.Source(__file__)
TILE = 64  # rows and columns of y a block


def arguments(a, b, bias, residual, activation, out) -> tuple:
    """The arguments of every version: the matrices with their strides, the sizes, what follows the product."""
    stack, rows, columns = (np.int64(size) for size in out.shape)
    sizes = (stack, rows, np.int64(a.shape[2]), columns)
    after = (np.int32(bias.size > 0), np.int32(residual.size > 0), np.int32(activation))
    return (*_matrices(a), *_matrices(b), bias, residual, out, *sizes, *after)


def _matrices(x) -> tuple:
    """A stack of matrices as a kernel sees it: its address and its strides, in elements."""
    return (x, *(np.int64(stride // x.dtype.itemsize) for stride in x.strides))


def matmul(device, a, b, bias, residual, activation, out):
    if precision.on_tensor_cores(device, a, b, bias, residual, activation, out):
        return
    if out.size:
        stack, rows, columns = out.shape
        tiles = cuda.blocks(rows, TILE) * cuda.blocks(columns, TILE)
        grid = (tiles, min(stack, 65535))
        device.launch(SOURCE, "matmul", out.dtype, grid, 256, arguments(a, b, bias, residual, activation, out))


def column_sum(device, x, out):
    rows, columns = x.shape
    reductions.sum(device, x.reshape(1, rows, columns), 1, out.reshape(1, columns))
