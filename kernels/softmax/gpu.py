"""Launch geometry of gpu.cu: a block a row, or a thread a column."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)


def _launch(device, name, *arrays):
    out = arrays[-1]
    outer, n, inner = (np.int64(size) for size in out.shape)
    if not out.size:
        return
    if inner == 1:
        threads = min(256, max(32, 1 << int(n - 1).bit_length()))  # a power of two, no more than there is to do
        grid = min(int(outer), 1 << 20)
        device.launch(SOURCE, f"{name}_rows", out.dtype, grid, threads, (*arrays, outer, n))
    else:
        columns = outer * inner
        grid = min(cuda.blocks(int(columns), 128), 1 << 20)
        device.launch(SOURCE, f"{name}_columns", out.dtype, grid, 128, (*arrays, columns, n, inner))


def softmax(device, x, y):
    _launch(device, "softmax", x, y)


def softmax_backward(device, grad, y, grad_x):
    _launch(device, "softmax_backward", grad, y, grad_x)


def log_softmax(device, x, y):
    _launch(device, "log_softmax", x, y)


def log_softmax_backward(device, grad, y, grad_x):
    _launch(device, "log_softmax_backward", grad, y, grad_x)


def sparsemax(device, x, y):
    _launch(device, "sparsemax", x, y)


def sparsemax_backward(device, grad, y, grad_x):
    _launch(device, "sparsemax_backward", grad, y, grad_x)
