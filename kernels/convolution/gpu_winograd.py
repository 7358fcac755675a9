"""Which 3×3 windows go Winograd's way, by which tiles; launch geometry of winograd.cu, where they are 4 × 4."""

import math
from collections.abc import Callable

import numpy as np

from .. import cuda
from ..matmul import gpu as matmul
from .geometry import Geometry
from .ladder import winograd as fused

SOURCE = cuda.Source(__file__, "winograd.cu")
SIDE, POINTS = 4, 36  # of a tile
HIGH, MEDIUM = 1, 2  # precisions

# What a way costs is counted in multiply-adds at a GPU's full rate: so many it does while memory moves a byte, and that
# share of the rate the kernels reach, by the simulator's counts. Estimates, not measured.
BYTE = 10
DIRECT, FUSED, PRODUCT = 0.4, 0.5, 0.8


def way(precision: int, rules: Geometry, x, weight, out) -> Callable | None:
    """The launching function that serves best; None where it is the plain convolution."""
    if precision not in (HIGH, MEDIUM) or not fused.fits(rules, x, weight, out):
        return None
    channels, outputs, positions = x.shape[1], out.shape[1], len(out) * math.prod(out.shape[3:])
    filled = _filled(outputs, 64)
    costs = {
        None: 9 * channels * filled * _filled(positions, 128) / DIRECT,
        # Channels pass by in fours; bringing the points of a result together takes as long as eight more.
        fused.convolution: 16 * (_filled(channels, 4) + 8) * filled * _filled(_tiles(out, 2), 32) / FUSED,
    }
    if precision == MEDIUM:
        # Each point of each channel and output is written once and read once, before and after the product.
        moved = 2 * x.dtype.itemsize * (channels + outputs)
        costs[convolution] = POINTS * _tiles(out, SIDE) * (channels * outputs / PRODUCT + BYTE * moved)
    return min(costs, key=lambda one: costs[one])


def convolution(device, x, weight, bias, padding, out, transposed=False):
    """The convolution, or the transposed one whose convolution has that padding."""
    channels, outputs, dtype = x.shape[1], out.shape[1], out.dtype
    tiles, columns = [cuda.blocks(size, SIDE) for size in out.shape[3:]], _tiles(out, SIDE)
    sizes = (outputs, channels), (channels, columns), (outputs, columns)
    factors, images, products = (device.empty((POINTS, *size), dtype) for size in sizes)
    steps = (9, 9 * outputs) if transposed else (9 * channels, 9)
    numbers = (*map(np.int64, steps), np.int32(channels), np.int32(transposed))
    cuda.elementwise(device, SOURCE, "weight_to_points", outputs * channels, weight, factors, *numbers)

    before = [2 - p for p in padding[1:]] if transposed else padding[1:]
    numbers = (*map(np.int32, (*x.shape[3:], *tiles, channels, *before)), np.int64(columns))
    cuda.elementwise(device, SOURCE, "image_to_points", channels * columns, x, images, *numbers)

    nothing = device.empty((0,), dtype)
    matmul.matmul(device, factors, images, nothing, nothing, 0, products)

    numbers = (*map(np.int32, (*out.shape[3:], *tiles, outputs, bias.size > 0)), np.int64(columns))
    cuda.elementwise(device, SOURCE, "points_to_result", outputs * columns, products, bias, out, *numbers)


def _tiles(out, side: int) -> int:
    """How many tiles of side × side cover the results of all images."""
    return len(out) * math.prod(cuda.blocks(size, side) for size in out.shape[3:])


def _filled(size: int, step: int) -> int:
    return cuda.blocks(size, step) * step
