"""Launch geometry of gpu.cu: a thread a number of the result."""

import numpy as np

from ... import cuda

SOURCE = cuda.Source(__file__)


def pool(device, x, windows, d, h, stride, taps, left, y):
    del stride, taps, left  # all windows are alike here
    if y.size:
        sizes = (np.int64(size) for size in (*x.shape[1:], d, h, y.shape[3]))
        cuda.elementwise(device, SOURCE, "pool", y.size, x, windows, y, *sizes)


def spread(device, grad, windows, covers, depth, height, grad_x):
    if grad_x.size:
        sizes = (np.int64(size) for size in (depth, height, grad_x.shape[3], *grad.shape[1:]))
        cuda.elementwise(device, SOURCE, "spread", grad_x.size, grad, windows, covers, grad_x, *sizes)
