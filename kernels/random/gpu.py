"""Launch geometry of gpu.cu."""

import numpy as np

from .. import capture, cuda

SOURCE = cuda.Source(__file__)


def drop(device, x, seed, offset, limit, scale, kept, dropped, y):
    rows, n = x.shape
    offset, place = capture.placed(offset)
    arguments = x, y, *map(np.int64, (seed, offset, limit)), *map(x.dtype.type, (scale, kept, dropped)), place
    if n == 1:
        cuda.elementwise(device, SOURCE, "drop_elements", -(-rows // 64) * 16, *arguments, np.int64(rows))
    else:
        cuda.elementwise(device, SOURCE, "drop_rows", x.size, *arguments, np.int64(n))
