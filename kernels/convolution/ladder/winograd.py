"""Launch geometry of gpu_5_winograd.cu, which also serves the library at the precision "high"."""

import math

import numpy as np

from ... import cuda
from ..geometry import Geometry

SOURCE = cuda.Source(__file__, "gpu_5_winograd.cu")
POINTS, TILES, CHANNELS, THREADS = 16, 32, 4, 512


def fits(rules: Geometry, x, weight, out) -> bool:
    """Whether it is a flat 3×3 window that moves by single steps."""
    flat = x.shape[2] == out.shape[2] == 1 and rules.padding[0] == 0
    plain = rules.groups == math.prod(rules.stride) == math.prod(rules.dilation[1:]) == 1
    return flat and plain and weight.shape[2:] == (1, 3, 3)


def convolution(device, x, weight, bias, padding, out, transposed=False):
    """The convolution, or the transposed one whose convolution has that padding."""
    channels, outputs, dtype = x.shape[1], out.shape[1], out.dtype
    a_block = 64 if out.dtype.itemsize == 4 else 16  # outputs
    across = cuda.blocks(outputs, a_block)
    points = device.empty((cuda.blocks(channels, CHANNELS) * CHANNELS, POINTS, across * a_block), dtype)
    steps = (9, 9 * outputs) if transposed else (9 * channels, 9)
    numbers = (*map(np.int64, steps), *map(np.int32, (channels, outputs, across * a_block, transposed)))
    cuda.elementwise(device, SOURCE, "weight_to_points", points.size // POINTS, weight, points, *numbers)

    before = [2 - p for p in padding[1:]] if transposed else padding[1:]
    columns = len(out) * math.prod(cuda.blocks(size, 2) for size in out.shape[3:])
    sizes = map(np.int32, (bias.size > 0, channels, outputs, *x.shape[3:], *out.shape[3:], *before))
    grid = cuda.blocks(columns, TILES) * across
    device.launch(SOURCE, "convolution", dtype, grid, THREADS, (x, points, bias, out, *sizes, np.int64(columns)))
