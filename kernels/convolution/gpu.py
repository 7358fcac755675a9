"""Launch geometry of gpu.cu."""

import math

import numpy as np

from .. import cuda
from ..reductions import gpu as reductions
from . import gpu_winograd
from .geometry import unpack

SOURCE = cuda.Source(__file__)
TILE = 64  # rows and columns of a product a block
THREADS = 256
ROWS = 4  # fewer are a thread's own, without tiles
BLOCKS = 528  # enough to fill the largest GPU
TERMS = 128  # fewer aren't worth a block of their own


def arguments(x, weight, y, geometry) -> tuple:
    """The sizes that every version takes, whichever of the three arrays it computes (shapes.cuh)."""
    rules, _ = unpack(geometry)
    sizes = (len(x), rules.groups, weight.shape[1], len(weight) // rules.groups, *x.shape[2:], *y.shape[2:])
    return tuple(map(np.int32, (*sizes, *weight.shape[2:], *rules.stride, *rules.padding, *rules.dilation)))


def convolution(device, x, weight, bias, geometry, precision, out):
    rules, _ = unpack(geometry)
    if not out.size:
        return
    if precision > 1 and gpu_winograd.serves(rules, x, weight, out):
        gpu_winograd.convolution(device, x, weight, bias, rules.padding, out)
        return
    columns = len(out) * math.prod(out.shape[2:])
    sizes = arguments(x, weight, out, geometry)
    _launch(device, "convolution", (x, weight, bias, out), len(weight) // rules.groups, columns, rules.groups, sizes)


def transposed(device, x, weight, bias, geometry, precision, out):
    rules, size = unpack(geometry)
    if not out.size:
        return
    if precision > 1 and gpu_winograd.serves(rules, x, weight, out):
        gpu_winograd.convolution(device, x, weight, bias, rules.padding, out, transposed=True)
        return
    largest = [cuda.blocks(n, step) for n, step in zip(size, rules.stride)]  # of the phases: the first
    columns, stack = len(out) * math.prod(largest), rules.groups * math.prod(rules.stride)
    sizes = arguments(out, weight, x, geometry)
    _launch(device, "transposed", (x, weight, bias, out), weight.shape[1], columns, stack, sizes)


def _launch(device, name, arrays, rows, columns, stack, sizes):
    bias, out = arrays[2:]
    in_tiles = rows >= ROWS
    blocks = cuda.blocks(rows, TILE) * cuda.blocks(columns, TILE) if in_tiles else cuda.blocks(columns, THREADS)
    flags = np.int32(bias.size > 0), np.int32(in_tiles)
    device.launch(SOURCE, name, out.dtype, (blocks, min(stack, 65535)), THREADS, (*arrays, *flags, *sizes))


def weight_gradient(device, grad, x, geometry, precision, out):
    groups = unpack(geometry)[0].groups
    tiles = cuda.blocks(len(out) // groups, TILE) * cuda.blocks(math.prod(out.shape[1:]), TILE)
    # How many share the terms of a tile follows from the sizes alone, and so does the order of the sum.
    terms = len(grad) * math.prod(grad.shape[2:])
    wanted = min(cuda.blocks(BLOCKS, tiles * groups), cuda.blocks(terms, TERMS), 65535)
    share = cuda.blocks(cuda.blocks(terms, wanted), 16) * 16
    parts = cuda.blocks(terms, share)
    target = out if parts == 1 else device.empty((1, parts, out.size), out.dtype)
    sizes = (np.int64(share), *arguments(x, out, grad, geometry))
    device.launch(
        SOURCE, "weight_gradient", out.dtype, (tiles, min(groups, 65535), parts), THREADS, (grad, x, target, *sizes)
    )
    if parts > 1:
        reductions.sum(device, target, 1, out.reshape(1, 1, out.size))
