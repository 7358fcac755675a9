"""Launch geometry of gpu.cu: a block a tile."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)
SIDE, THREADS = 64, 256  # as in gpu.cu and tiles.cuh


def transpose(device, x, out):
    launch(device, SOURCE, SIDE, x, out)


def launch(device, source, side, x, out):
    if x.size:
        stack, rows, columns = x.shape
        tiles = stack * cuda.blocks(rows, side) * cuda.blocks(columns, side)
        sizes = (np.int64(size) for size in (rows, columns, tiles))
        device.launch(source, "transpose", x.dtype, min(tiles, 1 << 20), THREADS, (x, out, *sizes))
