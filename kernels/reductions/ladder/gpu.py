"""Launch geometry of the GPU's ladder: a function a rung, named sum_RUNG."""

import numpy as np

from ... import cuda
from ..gpu import BLOCKS

NAIVE, SHARED, SPLIT = (cuda.Source(__file__, f"gpu_{rung}.cu") for rung in ("1_naive", "2_shared", "3_split"))


def sum_1_naive(device, x, divisor, out):
    outer, n, inner = x.shape
    if out.size:
        sizes = (np.int64(size) for size in (outer * inner, n, inner))
        arguments = (x, x.dtype.type(divisor), out, *sizes)
        device.launch(NAIVE, "sum", x.dtype, cuda.blocks(outer * inner, 128), 128, arguments)


def sum_2_shared(device, x, divisor, out):
    _launch(device, SHARED, x, divisor, out, 1)


def sum_3_split(device, x, divisor, out):
    outer, n, inner = x.shape
    work = outer if inner == 1 else cuda.blocks(outer * inner, 32)
    parts = min(cuda.blocks(n, 4096 if inner == 1 else 256), max(1, BLOCKS // max(work, 1)))
    if parts == 1:
        _launch(device, SPLIT, x, divisor, out, 1)
        return
    sums = device.empty((outer, parts, inner), x.dtype)
    _launch(device, SPLIT, x, 1, sums, parts)
    _launch(device, SPLIT, sums, divisor, out, 1)


def _launch(device, source, x, divisor, out, parts):
    outer, n, inner = x.shape
    if not out.size:
        return
    if inner == 1:
        name, work, block, sizes = "sum_rows", min(outer, 1 << 20), 256, (outer, n)
    else:
        name, work, block = "sum_columns", cuda.blocks(outer * inner, 32), (32, 8)
        sizes = (outer * inner, n, inner)
    arguments = (x, x.dtype.type(divisor), out, *(np.int64(size) for size in sizes))
    device.launch(source, name, x.dtype, (work, parts), block, arguments)
