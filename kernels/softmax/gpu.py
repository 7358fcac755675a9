"""Launch geometry: a team of threads a row, many blocks a row for few long ones, or a thread a column (teams.py).

A thread is long at a long column, and few columns leave the GPU idle: those are turned into rows, and the result back.
"""

import numpy as np

from ..matmul.table import BYTES, LAUNCH
from ..teams import launch, plan
from ..transpose.gpu import transpose

TOTAL = 2  # numbers that are found of a row (total.cuh)
WAIT = 22  # cycles that a number of a column costs: memory's latency, shared by 32 of them that are on their way
COLUMNS = 1 << 14  # which keep a GPU's memory busy


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


def _launch(device, name, *arrays):
    """The last of the arrays is filled."""
    if _are_turned(arrays):
        outer, n, inner = arrays[-1].shape
        rows = [device.empty((outer, inner, n), x.dtype) for x in arrays]
        for x, turned in zip(arrays[:-1], rows):
            transpose(device, x, turned)
        _launch(device, name, *(x.reshape(outer * inner, n, 1) for x in rows))
        transpose(device, rows[-1], arrays[-1])
    elif name.startswith("sparsemax"):  # which looks at its rows as often as it must: they aren't split
        _sparsemax(device, name, *arrays)
    else:
        held = len(arrays) - 1
        launch(device, __file__, name, arrays[-1].shape, arrays, arrays, TOTAL if held == 1 else 1, held)


def _are_turned(arrays) -> bool:
    """Whether walking down the columns, twice, takes longer than to turn all arrays."""
    outer, n, inner = arrays[-1].shape
    turning = len(arrays) * LAUNCH + 2 * sum(x.nbytes for x in arrays) / BYTES
    return inner > 1 and outer * inner < COLUMNS and 2 * WAIT * n > turning


def _sparsemax(device, name, *arrays):
    out = arrays[-1]
    if out.size:
        outer, n, inner = out.shape
        chosen = plan(n, inner, arrays, held=len(arrays) - 1)
        sizes = (np.int64(outer * inner), np.int64(n), np.int64(inner))
        device.launch(chosen.source(__file__), name, out.dtype, *chosen.blocks(outer * inner), (*arrays, *sizes))
