"""Launch geometry of the GPU's ladder: a function a rung, named transpose_RUNG."""

import numpy as np

from ... import cuda
from ..gpu import launch

NAIVE, TILES, PADDED = (cuda.Source(__file__, f"gpu_{rung}.cu") for rung in ("1_naive", "2_tiles", "3_padded"))
SIDE = 32  # of their tiles


def transpose_1_naive(device, x, out):
    if x.size:
        cuda.elementwise(device, NAIVE, "transpose", x.size, x, out, *(np.int64(size) for size in x.shape[1:]))


def transpose_2_tiles(device, x, out):
    launch(device, TILES, SIDE, x, out)


def transpose_3_padded(device, x, out):
    launch(device, PADDED, SIDE, x, out)
