"""Launch geometry of gpu.cu."""

import functools

import numpy as np

from .. import cuda
from ..activations import gpu as activations
from ..reductions import gpu as reductions
from ..teams import Plan, packs
from . import precision, tune
from .fused import ACTIVATIONS
from .table import DEPTH, GRID, MIDDLE, Choice, Shape, Tile

TILE, THREADS = MIDDLE.rows, MIDDLE.threads  # of tile.cuh where nothing else is said: another family's kernels
SOURCE = cuda.Source(__file__)
GELU, GELU_TANH = map(ACTIVATIONS.index, ("gelu", "gelu_tanh"))
SLOPES = {GELU: 6, GELU_TANH: 7}  # what matrices.cuh knows beyond those;
BEHIND = 10  # and from here on, those before the factor a
ROWS, BLOCKS = 64, 1024  # rows that a block of through_output takes at least; blocks that fill the largest GPU


@functools.cache
def source(tile: Tile) -> cuda.Source:
    """gpu.cu, or dots.cu, with that tile."""
    return cuda.Source(__file__, "dots.cu" if tile.is_of_dots else "gpu.cu", **tile.macros)


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

    given = a, b, bias, residual, activation, out
    run(device, _choice(device, *given), *given)


def _choice(device, a, b, bias, residual, activation, out) -> Choice:
    def attempt(choice: Choice):  # into an array that nobody reads, for out may be one of the inputs
        run(device, choice, a, b, bias, residual, activation, device.empty(out.shape, out.dtype))

    (stack, rows, columns), size = out.shape, out.dtype.itemsize
    shape = Shape(stack, rows, a.shape[2], columns, size, along=a.strides[2] == b.strides[1] == size)
    return tune.choice(device, shape, attempt)


def run(device, choice: Choice, a, b, bias, residual, activation, out, row_sums=None):
    """The product with that tile; where several blocks share its terms, their sums meet in a second kernel.

    `row_sums`, those of a, may only be wanted of a product in one part that isn't one of dots.
    """
    tile, parts = choice
    stack, rows, columns = out.shape
    depth = DEPTH // out.dtype.itemsize
    grid = (cuda.blocks(rows, tile.rows) * cuda.blocks(columns, tile.columns), min(stack, GRID), parts)
    if tile.is_of_dots:
        given = arguments(a, b, bias, residual, activation, out)
        device.launch(source(tile), "dots", out.dtype, grid, tile.threads, given)
        return
    part = np.int64(cuda.blocks(cuda.blocks(a.shape[2], parts), depth) * depth)  # each begins with a whole vector

    def multiply(bias, residual, activation, y):
        args = (*arguments(a, b, bias, residual, activation, y), part, row_sums)
        device.launch(source(tile), "matmul", out.dtype, grid, (tile.threads, tile.teams), args, tile.shared)

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


def parameter_gradients(device, g, x, weight, bias):
    """A dense layer's: gᵀ x, and by the way the sums of g's columns, which the product reads."""
    nothing = device.empty((0,), g.dtype)
    given = g.T[None], x[None], nothing, nothing, 0, weight[None]
    by_the_way = False
    if weight.size and not precision.on_tensor_cores(device, *given):
        choice = _choice(device, *given)
        by_the_way = choice.parts == 1 and not choice.tile.is_of_dots
        run(device, choice, *given, bias if by_the_way else None)
    if not by_the_way:
        column_sum(device, g, bias)


def product_through(device, a, b, activation, y, out):
    """The gradient a b, taken through the activation that made y: in the product's launch."""
    matmul(device, a, b, device.empty((0,), y.dtype), y, BEHIND + activation, out)


def through_product(device, a, b, bias, residual, activation, grad, g):
    """The gradient before an activation whose slope depends on what went in: made with the product, in its launch."""
    if not residual.size:
        matmul(device, a, b, bias, grad, SLOPES[activation], g)
        return
    matmul(device, a, b, bias, residual, 0, g)
    backward = activations.gelu_backward if activation == GELU else activations.gelu_tanh_backward
    backward(device, grad, g, g)


def through_output(device, grad, y, activation, g, sums):
    """The gradient before an activation whose slope the output tells, and its sums over the rows, in one pass."""
    rows, columns = grad.shape
    if not columns:
        return
    plan = Plan(32, 8, packs(columns, (grad, y, g, sums)), False, False)
    work = cuda.blocks(columns, 32 * plan.wide)
    parts = min(cuda.blocks(rows, ROWS), max(1, BLOCKS // work))
    target = sums if parts == 1 else device.empty((1, parts, columns), sums.dtype)
    args = (grad, y, np.int32(activation), g, target, np.int64(rows), np.int64(columns))
    device.launch(plan.source(__file__, "backward.cu"), "through_output", g.dtype, (work, parts), (32, 8), args)
    if parts > 1:
        reductions.sum(device, target, 1, sums.reshape(1, columns))
