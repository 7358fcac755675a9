"""Launch geometry of winograd.cu, and where it is worth it."""

import math

import numpy as np

from .. import cuda
from ..matmul import gpu as matmul
from .geometry import Geometry

SOURCES = {side: cuda.Source(__file__, "winograd.cu", TILE=side) for side in (2, 4)}  # by the side of a tile
SIDE = {1: 2, 2: 4}  # by precision: "high", "medium"
BYTE = 7  # operations of a product that a GPU does in the time in which it moves a byte; an estimate, not measured


def side(precision: int, rules: Geometry, x, weight, out) -> int:
    """Of the tiles by which that is to be done; 0 where it can't be done so, or costs more, by operations and bytes."""
    if precision not in SIDE:
        return 0
    flat = x.shape[2] == out.shape[2] == 1 and rules.padding[0] == 0
    plain = rules.groups == math.prod(rules.stride) == math.prod(rules.dilation[1:]) == 1
    if not (flat and plain and weight.shape[2:] == (1, 3, 3)):
        return 0
    chosen = SIDE[precision]
    first, second = weight.shape[:2]
    # Of each channel and output, each point of a tile is written and read once, before and after the product.
    tiled = (chosen + 2) ** 2 * math.prod(_tiles(out, chosen)) * (2 * first * second + 8 * BYTE * (first + second))
    return chosen if tiled < 18 * first * second * math.prod(out.shape[3:]) else 0


def convolution(device, side, x, weight, bias, padding, out, transposed=False):
    """The convolution, or the transposed one whose convolution has that padding."""
    channels, outputs, dtype = x.shape[1], out.shape[1], out.dtype
    source, points = SOURCES[side], (side + 2) ** 2
    tiles = _tiles(out, side)
    columns = len(x) * math.prod(tiles)
    sizes = (outputs, channels), (channels, columns), (outputs, columns)
    factors, images, products = (device.empty((points, *size), dtype) for size in sizes)
    steps = (9, 9 * outputs) if transposed else (9 * channels, 9)
    numbers = (*map(np.int64, steps), np.int32(channels), np.int32(transposed))
    cuda.elementwise(device, source, "weight_to_points", outputs * channels, weight, factors, *numbers)

    before = [2 - p for p in padding[1:]] if transposed else padding[1:]
    numbers = (*map(np.int32, (*x.shape[3:], *tiles, channels, *before)), np.int64(columns))
    cuda.elementwise(device, source, "image_to_points", channels * columns, x, images, *numbers)

    nothing = device.empty((0,), dtype)
    matmul.matmul(device, factors, images, nothing, nothing, 0, products)

    numbers = (*map(np.int32, (*out.shape[3:], *tiles, outputs, bias.size > 0)), np.int64(columns))
    cuda.elementwise(device, source, "points_to_result", outputs * columns, products, bias, out, *numbers)


def _tiles(out, side: int) -> tuple[int, int]:
    return cuda.blocks(out.shape[3], side), cuda.blocks(out.shape[4], side)
