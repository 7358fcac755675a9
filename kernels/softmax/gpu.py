"""Launch geometry: a team of threads a row, or a thread a column (teams.py); many blocks a row for few long ones."""

import numpy as np

from .. import cuda
from ..teams import Plan, packs, plan

FEW, LONG = (
    66,
    16384,
)  # fewer rows than half of an H100's multiprocessors, and numbers from which on splitting them pays


def _launch(device, name, *arrays):
    out = arrays[-1]
    if out.size:
        outer, n, inner = out.shape
        chosen = plan(n, inner, arrays, held=len(arrays) - 1)
        sizes = (np.int64(outer * inner), np.int64(n), np.int64(inner))
        device.launch(chosen.source(__file__), name, out.dtype, *chosen.blocks(outer * inner), (*arrays, *sizes))


def _forward(device, name, x, y):
    rows, n, inner = x.shape
    if inner > 1 or rows >= FEW or n < LONG or not rows:
        _launch(device, name, x, y)
        return
    chosen = Plan(256, 64 // x.dtype.itemsize, packs(n, (x, y)), True, False)
    grid = (cuda.blocks(n, chosen.threads * chosen.each), rows)
    source, totals = chosen.source(__file__, "split.cu"), device.empty((rows, grid[0], 2), x.dtype)
    device.launch(source, "totals_of_parts", x.dtype, grid, chosen.threads, (x, totals, np.int64(n)))
    device.launch(source, f"{name}_of_parts", x.dtype, grid, chosen.threads, (x, totals, y, np.int64(n)))


def softmax(device, x, y):
    _forward(device, "softmax", x, y)


def softmax_backward(device, grad, y, grad_x):
    _launch(device, "softmax_backward", grad, y, grad_x)


def log_softmax(device, x, y):
    _forward(device, "log_softmax", x, y)


def log_softmax_backward(device, grad, y, grad_x):
    _launch(device, "log_softmax_backward", grad, y, grad_x)


def sparsemax(device, x, y):
    _launch(device, "sparsemax", x, y)


def sparsemax_backward(device, grad, y, grad_x):
    _launch(device, "sparsemax_backward", grad, y, grad_x)
