"""Launch geometry of gpu.cu."""

import functools

import numpy as np

from .. import cuda
from ..reductions import gpu as reductions
from . import precision, tune
from .table import DEPTH, MIDDLE, Choice, Tile

TILE, THREADS = MIDDLE.rows, MIDDLE.threads  # of tile.cuh where nothing else is said: another family's kernels
SOURCE = cuda.Source(__file__)


@functools.cache
def source(tile: Tile) -> cuda.Source:
    """gpu.cu with that tile."""
    return cuda.Source(__file__, "gpu.cu", **tile.macros)


def arguments(a, b, bias, residual, activation, out) -> tuple:
    """The arguments of every version: the matrices with their strides, the sizes, what follows the product."""
    stack, rows, columns = (np.int64(size) for size in out.shape[-3:])
    sizes = (stack, rows, np.int64(a.shape[2]), columns)
    after = (np.int32(bias.size > 0), np.int32(residual.size > 0), np.int32(activation))
    return (*_matrices(a), *_matrices(b), bias, residual, out, *sizes, *after)


def _matrices(x) -> tuple:
    """A stack of matrices as a kernel sees it: its address and its strides, in elements."""
    return (x, *(np.int64(stride // x.dtype.itemsize) for stride in x.strides))


def matmul(device, a, b, bias, residual, activation, out):
    if not out.size or precision.on_tensor_cores(device, a, b, bias, residual, activation, out):
        return

    def attempt(choice: Choice):  # into an array that nobody reads, for out may be one of the inputs
        run(device, choice, a, b, bias, residual, activation, device.empty(out.shape, out.dtype))

    stack, rows, columns = out.shape
    choice = tune.choice(device, (stack, rows, a.shape[2], columns, out.dtype.itemsize), attempt)
    run(device, choice, a, b, bias, residual, activation, out)


def run(device, choice: Choice, a, b, bias, residual, activation, out):
    """The product with that tile; where several blocks share its terms, their sums meet in a second kernel."""
    tile, parts = choice
    stack, rows, columns = out.shape
    depth = DEPTH // out.dtype.itemsize
    part = np.int64(cuda.blocks(cuda.blocks(a.shape[2], parts), depth) * depth)  # each begins with a whole vector
    grid = (cuda.blocks(rows, tile.rows) * cuda.blocks(columns, tile.columns), min(stack, 65535), parts)

    def multiply(bias, residual, activation, y):
        args = (*arguments(a, b, bias, residual, activation, y), part)
        device.launch(source(tile), "matmul", out.dtype, grid, tile.threads, args)

    if parts == 1:
        multiply(bias, residual, activation, out)
        return
    nothing, sums = device.empty((0,), out.dtype), device.empty((parts, *out.shape), out.dtype)
    multiply(nothing, nothing, 0, sums)
    *_, has_bias, has_residual, kind = arguments(a, b, bias, residual, activation, out)
    args = (sums, bias, residual, out, np.int64(parts), np.int64(columns), has_bias, has_residual, kind)
    device.launch(SOURCE, "add_parts", out.dtype, cuda.elements(out.size), 256, (*args, np.int64(out.size)))


def column_sum(device, x, out):
    rows, columns = x.shape
    reductions.sum(device, x.reshape(1, rows, columns), 1, out.reshape(1, columns))
