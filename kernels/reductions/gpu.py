"""Launch geometry of gpu.cu: a block a row, or 32 columns; more where that would leave a GPU idle."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)
BLOCKS = 2048  # enough to fill the largest GPU


def sum(device, x, divisor, out):
    _reduce(device, "sum", x, divisor, out)


def amax(device, x, out):
    _reduce(device, "amax", x, 1, out)


def amin(device, x, out):
    _reduce(device, "amin", x, 1, out)


def spread(device, grad, n, divisor, grad_x):
    _each(device, "spread", grad_x, grad, grad.dtype.type(divisor), grad_x)


def share_among_equals(device, grad, y, x, grad_x):
    count = device.empty(y.shape, x.dtype)
    _each(device, "mark", x, y, x, grad_x)
    sum(device, grad_x, 1, count)
    _each(device, "scale", x, grad, count, grad_x)


def _reduce(device, name, x, divisor, out):
    outer, n, inner = x.shape
    if not out.size:
        return
    if inner == 1:
        kind, work, threads = "rows", min(outer, 1 << 20), min(256, max(32, 1 << max(n - 1, 0).bit_length()))
        wanted, sizes = cuda.blocks(n, 4096), (outer, n)
    else:
        kind, work, threads = "columns", cuda.blocks(outer * inner, 32), (32, 8)
        wanted, sizes = cuda.blocks(n, 256), (outer * inner, n, inner)
    parts = min(wanted, max(1, BLOCKS // work))
    target = out if parts == 1 else device.empty((outer, parts, inner), x.dtype)
    arguments = (x, x.dtype.type(divisor if parts == 1 else 1), target, *(np.int64(size) for size in sizes))
    device.launch(SOURCE, f"{name}_{kind}", x.dtype, (work, parts), threads, arguments)
    if parts > 1:
        _reduce(device, name, target, divisor, out)


def _each(device, name, x, *arguments):
    """Launch a kernel that walks over the elements of x (outer, n, inner)."""
    _, n, inner = x.shape
    if x.size:
        cuda.elementwise(device, SOURCE, name, x.size, *arguments, np.int64(n), np.int64(inner))
