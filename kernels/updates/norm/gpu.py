"""Launch geometry of gpu.cu."""

import math

import numpy as np

from ... import cuda

SOURCE = cuda.Source(__file__)
THREADS = 256


def vector_norm(device, x, ord, out):
    grid = max(1, min(cuda.blocks(x.size, THREADS), 1024))
    parts, kind = device.empty((grid,), x.dtype), np.int32(0 if ord == math.inf else ord)
    device.launch(SOURCE, "parts_of_norm", x.dtype, grid, THREADS, (x, parts, kind, np.int64(x.size)))
    device.launch(SOURCE, "norm_of_parts", x.dtype, 1, THREADS, (parts, out, kind, np.int64(grid)))
