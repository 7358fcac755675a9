"""Launch geometry of gpu.cu."""

import math

import numpy as np

from .. import cuda
from ..matmul import gpu as matmul
from ..reductions import gpu as reductions
from . import gpu_depthwise, gpu_weight, gpu_winograd
from .geometry import unpack

SOURCE = cuda.Source(__file__)
TALL, WIDE = 64, 128  # rows and columns of a product a block
THREADS = 128
ROWS = 4  # fewer are a thread's own, without tiles
POSITIONS = 256  # of an image: fewer would leave much of the matrix product's tiles empty


def arguments(x, weight, y, geometry) -> tuple:
    """The sizes that every version takes, whichever of the three arrays it computes (shapes.cuh)."""
    rules, _ = unpack(geometry)
    sizes = (len(x), rules.groups, weight.shape[1], len(weight) // rules.groups, *x.shape[2:], *y.shape[2:])
    return tuple(map(np.int32, (*sizes, *weight.shape[2:], *rules.stride, *rules.padding, *rules.dilation)))


def convolution(device, x, weight, bias, geometry, precision, out):
    rules, _ = unpack(geometry)
    if not out.size:
        return
    winograd = gpu_winograd.way(precision, rules, x, weight, out)
    if winograd:
        winograd(device, x, weight, bias, rules.padding, out)
        return
    sizes = arguments(x, weight, out, geometry)
    if _is_product(rules, x, weight, bias, out):
        _multiply(device, weight.reshape(weight.shape[:2]), x, out)
        return
    if gpu_depthwise.serves(weight, rules.groups):
        gpu_depthwise.convolution(device, rules, x, weight, bias, out, sizes)
        return
    columns = len(out) * math.prod(out.shape[2:])
    _launch(device, "convolution", (x, weight, bias, out), len(weight) // rules.groups, columns, rules.groups, sizes)


def transposed(device, x, weight, bias, geometry, precision, out):
    rules, size = unpack(geometry)
    if not out.size:
        return
    winograd = gpu_winograd.way(precision, rules, x, weight, out)
    if winograd:
        winograd(device, x, weight, bias, rules.padding, out, transposed=True)
        return
    sizes = arguments(out, weight, x, geometry)
    if _is_product(rules, x, weight, bias, out):
        _multiply(device, weight.reshape(weight.shape[:2]).T, x, out)
        return
    if gpu_depthwise.serves(weight, rules.groups):
        gpu_depthwise.transposed(device, rules, x, weight, bias, out, sizes)
        return
    largest = [cuda.blocks(n, step) for n, step in zip(size, rules.stride)]  # of the phases: the first
    columns, stack = len(out) * math.prod(largest), rules.groups * math.prod(map(min, size, rules.stride))
    _launch(device, "transposed", (x, weight, bias, out), weight.shape[1], columns, stack, sizes)


def _is_product(rules, x, weight, bias, out) -> bool:
    """Whether each image of the result is a product of matrices, weight × image: with a window of one place."""
    alone = math.prod(weight.shape[2:]) == math.prod(rules.stride) == rules.groups == 1 and not any(rules.padding)
    positions = math.prod(out.shape[2:])
    return alone and x.shape[2:] == out.shape[2:] and not bias.size and positions >= POSITIONS and weight.size > 0


def _multiply(device, factors, x, out):
    images, results = (z.reshape(*z.shape[:2], -1) for z in (x, out))
    every, nothing = np.broadcast_to(factors, (len(x), *factors.shape)), device.empty((0,), out.dtype)
    matmul.matmul(device, every, images, nothing, nothing, 0, results)


def _launch(device, name, arrays, rows, columns, stack, sizes):
    bias, out = arrays[2:]
    in_tiles = rows >= ROWS
    blocks = cuda.blocks(rows, TALL) * cuda.blocks(columns, WIDE) if in_tiles else cuda.blocks(columns, THREADS)
    flags = np.int32(bias.size > 0), np.int32(in_tiles)
    device.launch(SOURCE, name, out.dtype, (blocks, min(stack, 65535)), THREADS, (*arrays, *flags, *sizes))


def weight_gradient(device, grad, x, geometry, precision, out):
    rules, _ = unpack(geometry)
    sizes = arguments(x, out, grad, geometry)
    if gpu_depthwise.serves(out, rules.groups):
        target = gpu_depthwise.weight_gradient(device, rules, grad, x, out, sizes)
    else:
        target = gpu_weight.weight_gradient(device, grad, x, rules.groups, out, sizes)
    if target is not out:
        reductions.sum(device, target, 1, out.reshape(1, 1, out.size))
