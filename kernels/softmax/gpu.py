"""Launch geometry: a team of threads a row, many blocks a row for few long ones, or a thread a column (teams.py)."""

import numpy as np

from ..teams import launch, plan

TOTAL = 2  # numbers that are found of a row (total.cuh)


def softmax(device, x, y):
    launch(device, __file__, "softmax", y.shape, (x, y), (x, y), TOTAL)


def softmax_backward(device, grad, y, grad_x):
    _backward(device, "softmax_backward", grad, y, grad_x)


def log_softmax(device, x, y):
    launch(device, __file__, "log_softmax", y.shape, (x, y), (x, y), TOTAL)


def log_softmax_backward(device, grad, y, grad_x):
    _backward(device, "log_softmax_backward", grad, y, grad_x)


def sparsemax(device, x, y):
    _sparsemax(device, "sparsemax", x, y)


def sparsemax_backward(device, grad, y, grad_x):
    _sparsemax(device, "sparsemax_backward", grad, y, grad_x)


def _backward(device, name, *arrays):
    launch(device, __file__, name, arrays[-1].shape, arrays, arrays, found=1, held=2)


def _sparsemax(device, name, *arrays):
    """Which looks at its rows as often as it must: they aren't split."""
    out = arrays[-1]
    if out.size:
        outer, n, inner = out.shape
        chosen = plan(n, inner, arrays, held=len(arrays) - 1)
        sizes = (np.int64(outer * inner), np.int64(n), np.int64(inner))
        device.launch(chosen.source(__file__), name, out.dtype, *chosen.blocks(outer * inner), (*arrays, *sizes))
