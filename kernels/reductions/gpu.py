"""Launch geometry of gpu.cu: a team of threads a row (teams.py), or 32 packs of columns a block.

More of them, each with a part of what there is to reduce, where that would leave a GPU idle.
"""

import numpy as np

from .. import cuda
from ..teams import Plan, packs, plan

GRADIENTS = cuda.Source(__file__, "gradients.cu")
BLOCKS = 1024  # enough to fill the largest GPU
ROWS = 256  # that a block reads in four turns of memory's latency, 1.6 µs: less than a second launch takes


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
        kind, chosen, sizes = "rows", plan(n, 1, (x,)), (outer, n)
        if chosen.threads > 32:  # nothing has to stay in registers
            chosen = Plan(256, 8, chosen.wide, False, False)
        work, threads = chosen.blocks(outer)
        wanted = cuda.blocks(n, 2 * chosen.threads * chosen.each)
    else:
        kind, sizes = "columns", (outer * inner, n, inner)
        chosen = Plan(32, 8, packs(inner, (x, out)) if outer * inner >= 128 else 1, False, False)
        work, threads = cuda.blocks(outer * inner, 32 * chosen.wide), (32, 8)
        wanted = min(cuda.blocks(n, 64), ROWS) if n > ROWS else 1
    parts = min(wanted, max(1, BLOCKS // work))
    target = out if parts == 1 else device.empty((outer, parts, inner), x.dtype)
    arguments = (x, x.dtype.type(divisor if parts == 1 else 1), target, *(np.int64(size) for size in sizes))
    device.launch(chosen.source(__file__), f"{name}_{kind}", x.dtype, (work, parts), threads, arguments)
    if parts > 1:
        _reduce(device, name, target, divisor, out)


def _each(device, name, x, *arguments):
    """Launch a kernel that walks over the elements of x (outer, n, inner)."""
    _, n, inner = x.shape
    if x.size:
        cuda.elementwise(device, GRADIENTS, name, x.size, *arguments, np.int64(n), np.int64(inner))
