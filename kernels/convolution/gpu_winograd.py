"""Which 3×3 windows go Winograd's way, by which tiles; launch geometry of winograd.cu, where they are 4 × 4."""

import functools
import math
from collections.abc import Callable

import numpy as np

from .. import cuda
from ..matmul import gpu as matmul
from ..matmul import table
from ..teams import MULTIPROCESSORS
from .geometry import Geometry
from .ladder import winograd as fused

SOURCE = cuda.Source(__file__, "winograd.cu")
SIDE, POINTS = 4, 36  # of a tile
HIGH, MEDIUM = 1, 2  # precisions
HOPPER = 90  # architecture

# Of their full rate of multiply-adds, the share that blocks reach: that of their instructions, less a sixth.
DIRECT, FUSED = 0.5, 0.6


def way(precision: int, rules: Geometry, x, weight, out) -> Callable | None:
    """The launching function that serves best; None where it is the plain convolution."""
    if precision not in (HIGH, MEDIUM) or not fused.fits(rules, x, weight, out):
        return None
    ways = None, fused.convolution, convolution
    found = cycles(x.shape[1], out.shape[1], len(out), *out.shape[3:], out.dtype.itemsize)[: precision + 1]
    return ways[min(range(len(found)), key=lambda one: found[one])]


@functools.lru_cache(4096)
def cycles(channels: int, outputs: int, images: int, height: int, width: int, itemsize: int) -> tuple[float, ...]:
    """What each way takes on an H100, by the model of matmul/table.py: plain, tiles of 2 × 2, tiles of 4 × 4.

    Results mustn't depend on the GPU, so none is asked. Estimates: nothing of it has run on one yet.
    """

    def tiles(side: int) -> int:
        return images * cuda.blocks(height, side) * cuda.blocks(width, side)

    blocks = cuda.blocks(outputs, 64) * cuda.blocks(images * height * width, 128)
    plain = table.waves(MULTIPROCESSORS, blocks, 3, cuda.blocks(9 * channels, 8), 64 * 128 * 8 / (DIRECT * 128))
    blocks = cuda.blocks(outputs, 64) * cuda.blocks(tiles(2), 32)
    # Channels pass by in fours; bringing the points of a result together takes as long as eight more.
    steps = cuda.blocks(channels, 4) + 2
    small = table.LAUNCH + table.waves(MULTIPROCESSORS, blocks, 1, steps, 16 * 64 * 32 * 4 / (FUSED * 128))
    # Each point of each channel and output is written once and read once, before and after the product.
    moved = 2 * itemsize * POINTS * tiles(SIDE) * (channels + outputs)
    shape = table.Shape(POINTS, outputs, channels, tiles(SIDE), itemsize)
    product = table.cycles(HOPPER, table.predicted(HOPPER, shape), shape)
    return plain, small, 2 * table.LAUNCH + moved / table.BYTES + product


def convolution(device, x, weight, bias, padding, out, transposed=False):
    """The convolution, or the transposed one whose convolution has that padding."""
    channels, outputs, dtype = x.shape[1], out.shape[1], out.dtype
    tiles = [cuda.blocks(size, SIDE) for size in out.shape[3:]]
    columns = len(out) * math.prod(tiles)
    sizes = (outputs, channels), (channels, columns), (outputs, columns)
    factors, images, products = (device.empty((POINTS, *size), dtype) for size in sizes)
    steps = (9, 9 * outputs) if transposed else (9 * channels, 9)
    before = [2 - p for p in padding[1:]] if transposed else padding[1:]
    numbers = (*map(np.int64, steps), *map(np.int32, (transposed, *x.shape[3:], *tiles, channels, *before)))
    sizes = np.int64(columns), np.int64(outputs * channels)
    given = (weight, x, factors, images, *numbers, *sizes)
    cuda.elementwise(device, SOURCE, "to_points", channels * (outputs + columns), *given)

    nothing = device.empty((0,), dtype)
    matmul.matmul(device, factors, images, nothing, nothing, 0, products)

    numbers = (*map(np.int32, (*out.shape[3:], *tiles, outputs, bias.size > 0)), np.int64(columns))
    cuda.elementwise(device, SOURCE, "points_to_result", outputs * columns, products, bias, out, *numbers)
