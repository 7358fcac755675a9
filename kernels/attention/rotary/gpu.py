"""Launch geometry of gpu.cu."""

import numpy as np

from ... import cuda
from ..launch import rows_of

SOURCE = cuda.Source(__file__)


def rotate(device, x, cosines, sines, direction, y):
    sizes = (np.int64(size) for size in (x.shape[1], x.shape[2], x.shape[3] // 2, x.size // 2))
    given = (*rows_of(x), cosines, sines, x.dtype.type(direction), *rows_of(y), *sizes)
    device.launch(SOURCE, "rotate", x.dtype, cuda.elements(x.size // 2), 256, given)
