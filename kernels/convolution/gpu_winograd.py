"""Launch geometry of winograd.cu, and where it is worth it."""

import math

import numpy as np

from .. import cuda
from ..matmul import gpu as matmul
from .geometry import Geometry

SOURCE = cuda.Source(__file__, "winograd.cu")
T, POINTS = 4, 36  # a tile's side; the products a tile
BYTE = 7  # operations of a product that a GPU does in the time in which it moves a byte; an estimate, not measured


def serves(rules: Geometry, x, weight, out) -> bool:
    """Whether that can be done so, and costs less, by a count of operations and bytes."""
    flat = x.shape[2] == out.shape[2] == 1 and rules.padding[0] == 0
    plain = rules.groups == math.prod(rules.stride) == math.prod(rules.dilation[1:]) == 1
    if not (flat and plain and weight.shape[2:] == (1, 3, 3)):
        return False
    first, second = weight.shape[:2]
    # Of each channel and output, each point of a tile is written and read once, before and after the product.
    tiled = POINTS * math.prod(_tiles(out)) * (2 * first * second + 8 * BYTE * (first + second))
    return tiled < 18 * first * second * math.prod(out.shape[3:])


def convolution(device, x, weight, bias, padding, out, transposed=False):
    """The convolution, or the transposed one whose convolution has that padding."""
    channels, outputs, dtype = x.shape[1], out.shape[1], out.dtype
    tiles = _tiles(out)
    columns = len(x) * math.prod(tiles)
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


def _tiles(out) -> tuple[int, int]:
    return cuda.blocks(out.shape[3], T), cuda.blocks(out.shape[4], T)
