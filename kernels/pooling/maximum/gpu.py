"""Launch geometry of gpu.cu."""

import numpy as np

from ... import cuda
from ..planes import launch

SOURCE = cuda.Source(__file__)


def pool(device, x, windows, d, h, dilation_d, dilation_h, dilation_w, stride, taps, left, y, indices):
    del stride, taps, left  # all windows are alike here
    if y.size:
        numbers = (indices.size > 0, dilation_d, dilation_h, dilation_w, *x.shape[1:], d, h, y.shape[3])
        launch(device, SOURCE, "pool", y, x, windows, y, indices, *map(np.int32, numbers))


def send_back(device, grad, indices, covers, depth, height, grad_x):
    if grad_x.size:
        sizes = map(np.int32, (depth, height, grad_x.shape[3], *grad.shape[1:]))
        launch(device, SOURCE, "send_back", grad_x, grad, indices, covers, grad_x, *sizes)
