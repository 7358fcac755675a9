"""Launch geometry of the GPU's ladder: functions softmax_RUNG and softmax_backward_RUNG."""

import numpy as np

from ... import cuda

NAIVE, SHARED, SHUFFLES, ONLINE = (
    cuda.Source(__file__, f"gpu_{rung}.cu") for rung in ("1_naive", "2_shared", "3_shuffles", "4_online")
)


def softmax_1_naive(device, x, y):
    _launch(device, NAIVE, "softmax", 128, x, y)


def softmax_backward_1_naive(device, grad, y, grad_x):
    _launch(device, NAIVE, "softmax_backward", 128, grad, y, grad_x)


def softmax_2_shared(device, x, y):
    _launch(device, SHARED, "softmax", 1, x, y)


def softmax_backward_2_shared(device, grad, y, grad_x):
    _launch(device, SHARED, "softmax_backward", 1, grad, y, grad_x)


def softmax_3_shuffles(device, x, y):
    _launch(device, SHUFFLES, "softmax", 8, x, y)


def softmax_backward_3_shuffles(device, grad, y, grad_x):
    _launch(device, SHUFFLES, "softmax_backward", 8, grad, y, grad_x)


def softmax_4_online(device, x, y):
    _launch(device, ONLINE, "softmax", 8, x, y)


def _launch(device, source, name, rows_a_block, *arrays):
    outer, n, inner = arrays[-1].shape
    if arrays[-1].size:
        block = 128 if source is NAIVE else 256
        grid = cuda.blocks(outer * inner, rows_a_block)
        sizes = (np.int64(outer * inner), np.int64(n), np.int64(inner))
        device.launch(source, name, arrays[-1].dtype, grid, block, (*arrays, *sizes))
