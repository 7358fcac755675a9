"""Launch geometry of gpu.cu."""

import numpy as np

from ... import cuda
from ..planes import launch

SOURCE = cuda.Source(__file__)


def pool(device, x, windows, d, h, stride, taps, left, y):
    del stride, taps, left  # all windows are alike here
    if y.size:
        sizes = map(np.int32, (*x.shape[1:], d, h, y.shape[3]))
        launch(device, SOURCE, "pool", y, x, windows, y, *sizes)


def spread(device, grad, windows, covers, depth, height, grad_x):
    if grad_x.size:
        sizes = map(np.int32, (depth, height, grad_x.shape[3], *grad.shape[1:]))
        launch(device, SOURCE, "spread", grad_x, grad, windows, covers, grad_x, *sizes)
