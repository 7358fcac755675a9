"""Launch geometry of gpu.cu: a thread a number of the result."""

import numpy as np

from ... import cuda

SOURCE = cuda.Source(__file__)


def pool(device, x, windows, d, h, dilation_d, dilation_h, dilation_w, stride, taps, left, y, indices):
    del stride, taps, left  # all windows are alike here
    if y.size:
        sizes = (np.int64(size) for size in (dilation_d, dilation_h, dilation_w, *x.shape[1:], d, h, y.shape[3]))
        wanted = np.int32(indices.size > 0)
        cuda.elementwise(device, SOURCE, "pool", y.size, x, windows, y, indices, wanted, *sizes)


def send_back(device, grad, indices, covers, depth, height, grad_x):
    if grad_x.size:
        sizes = (np.int64(size) for size in (depth, height, grad_x.shape[3], *grad.shape[1:]))
        cuda.elementwise(device, SOURCE, "send_back", grad_x.size, grad, indices, covers, grad_x, *sizes)
