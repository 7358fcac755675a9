"""Launch geometry of gpu.cu."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)
TILE = 64  # rows and centres a block


def arguments(x, centres, widths, function, distances, y) -> tuple:
    """The arguments of every version."""
    sizes = (np.int64(size) for size in (y.shape[0], x.shape[1], y.shape[1]))
    flags = (np.int32(flag) for flag in (function, widths.size > 0, distances.size > 0))
    return x, centres, widths, distances, y, *sizes, *flags


def distance(device, x, centres, widths, function, distances, y):
    if y.size:
        tiles = cuda.blocks(y.shape[0], TILE) * cuda.blocks(y.shape[1], TILE)
        device.launch(SOURCE, "distance", y.dtype, tiles, 256, arguments(x, centres, widths, function, distances, y))


def slopes(device, grad, distances, widths, function, pull, pulls, grad_widths):
    rows, columns = (np.int64(size) for size in pull.shape)
    flags = np.int32(function), np.int32(widths.size > 0)
    given = grad, distances, widths, pull, pulls, grad_widths, rows, columns, *flags
    device.launch(SOURCE, "slopes", pull.dtype, cuda.blocks(pulls.size, 32), (32, 8), given)
