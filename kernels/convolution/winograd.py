"""Launch geometry of winograd.cu, and where it is worth it."""

import math

import numpy as np

from .. import cuda
from ..matmul import gpu as matmul
from .geometry import Geometry

SOURCE = cuda.Source(__file__, "winograd.cu")
BYTE = 7  # operations of a product that a GPU does in the time in which it moves a byte


def serves(side: int, rules: Geometry, x, weight, out) -> bool:
    """Whether out may be computed in tiles of that side, and that costs less, by a count of operations and bytes."""
    flat = x.shape[2] == out.shape[2] == 1 and rules.padding[0] == 0
    if not (side and flat and weight.shape[2:] == (1, 3, 3) and rules.groups == math.prod(rules.stride) == 1):
        return False
    if rules.dilation[1:] != (1, 1):
        return False
    first, second = weight.shape[:2]
    # Of each channel and output, every value in a tile is written and read once, before and after the product.
    values = (side + 2) ** 2 * math.prod(_tiles(side, out))
    tiled = values * (2 * first * second + 8 * BYTE * (first + second))
    return tiled < 18 * first * second * math.prod(out.shape[3:])


def convolution(device, side, x, weight, bias, padding, out, transposed=False):
    """The convolution, or the transposed one whose convolution has that padding."""
    n, channels, outputs = len(x), x.shape[1], out.shape[1]
    tiles, places, dtype = _tiles(side, out), (side + 2) ** 2, out.dtype
    columns = n * math.prod(tiles)
    factors, images, products = (
        device.empty((places, *size), dtype) for size in ((outputs, channels), (channels, columns), (outputs, columns))
    )
    steps = (9, 9 * outputs) if transposed else (9 * channels, 9)
    numbers = (*map(np.int64, steps), np.int32(channels), np.int32(transposed))
    cuda.elementwise(device, SOURCE, f"weight_{side}", outputs * channels, weight, factors, *numbers)

    before = [2 - p for p in padding[1:]] if transposed else padding[1:]
    sizes = map(np.int32, (*x.shape[3:], *tiles, channels, *before))
    cuda.elementwise(device, SOURCE, f"image_{side}", channels * columns, x, images, *sizes, np.int64(columns))

    nothing = device.empty((0,), dtype)
    matmul.matmul(device, factors, images, nothing, nothing, 0, products)

    sizes = map(np.int32, (*out.shape[3:], *tiles, outputs, bias.size > 0))
    cuda.elementwise(
        device, SOURCE, f"result_{side}", outputs * columns, products, bias, out, *sizes, np.int64(columns)
    )


def _tiles(side: int, out) -> tuple[int, int]:
    return cuda.blocks(out.shape[3], side), cuda.blocks(out.shape[4], side)
