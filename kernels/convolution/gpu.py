"""Launch geometry of gpu.cu."""

import math

import numpy as np

from .. import cuda
from .geometry import unpack

SOURCE = cuda.Source(__file__)
TILE, THREADS = 64, 256
BLOCKS = 264  # that fill a large GPU twice


def arguments(seen, positions, weight, geometry) -> tuple:
    """What geometry.cuh calls GEOMETRY: of a convolution of images `seen` with a result (…, *positions)."""
    known, _ = unpack(geometry)
    sizes = seen.shape[0], known.groups, weight[1], weight[0] // known.groups, *seen.shape[2:], *positions, *weight[2:]
    return tuple(np.int32(v) for v in (*sizes, *known.stride, *known.padding, *known.dilation))


def convolution(device, x, weight, bias, geometry, out):
    if out.size:
        groups = int(geometry[9])
        columns = x.shape[0] * math.prod(out.shape[2:])
        grid = cuda.blocks(columns, TILE) * groups, cuda.blocks(weight.shape[0] // groups, TILE)
        numbers = arguments(x, out.shape[2:], weight.shape, geometry)
        device.launch(
            SOURCE, "convolution", out.dtype, grid, THREADS, (x, weight, bias, out, np.int32(bias.size > 0), *numbers)
        )


def transposed(device, x, weight, bias, geometry, out):
    if out.size:
        known, size = unpack(geometry)
        most = math.prod(-(-n // s) for n, s in zip(size, known.stride))
        phases = known.groups * math.prod(known.stride)
        grid = cuda.blocks(x.shape[0] * most, TILE) * phases, cuda.blocks(weight.shape[1], TILE)
        numbers = arguments(out, x.shape[2:], weight.shape, geometry)
        device.launch(
            SOURCE, "transposed", out.dtype, grid, THREADS, (x, weight, bias, out, np.int32(bias.size > 0), *numbers)
        )


def weight_gradient(device, grad, x, geometry, out):
    groups = int(geometry[9])
    terms, total = math.prod(out.shape[1:]), x.shape[0] * math.prod(grad.shape[2:])
    tiles = cuda.blocks(terms, TILE) * groups, cuda.blocks(out.shape[0] // groups, TILE)
    parts = max(1, min(cuda.blocks(BLOCKS, math.prod(tiles)), total // THREADS))
    sums = out if parts == 1 else device.empty((parts, out.size), out.dtype)
    numbers = arguments(x, grad.shape[2:], out.shape, geometry)
    grid = tiles[0] * parts, tiles[1]
    device.launch(SOURCE, "weight_gradient", out.dtype, grid, THREADS, (grad, x, sums, np.int32(parts), *numbers))
    if parts > 1:
        size = np.int64(out.size)
        device.launch(
            SOURCE, "sum_parts", out.dtype, cuda.blocks(out.size, 256), 256, (sums, out, np.int32(parts), size)
        )
