"""Launch geometry of the rungs on tensor cores (tensor.cuh), and which of them `set_matmul_precision` chooses."""

import functools
from typing import Any

import numpy as np

from ... import cuda
from ...matmul.precision import get_matmul_precision
from ..launch import blocks_of, forward_arguments, rows_of

ROWS, THREADS = 64, 128  # queries of a block; its threads
WIDTHS = 64, 128  # of a tile: heads have as many columns, or fewer
LEAST = 32  # queries and keys, below which most of a tile would be empty


def knows(device, q, v) -> bool:
    """Whether these tensor cores take such heads: float32, rounded or split, from sm_80 on; of no more columns than a
    tile has."""
    return device.arch >= 80 and q.dtype == np.float32 and max(q.shape[3], v.shape[3]) <= WIDTHS[-1]


def chosen(device, q, k, v, *_) -> Any:
    """The launch that the setting asks for, if it takes such arrays; else None."""
    precision = get_matmul_precision()
    if precision == "highest" or min(q.shape[2], k.shape[2]) < LEAST or not knows(device, q, v):
        return None
    return tf32x3 if precision == "high" else bf16


def tf32x3(device, q, k, v, *given):
    """Each block's rows of y, and whether the plain kernel must make them again: an array of a number a block."""
    return _launch(device, _source("gpu_4_tf32x3.cu", q, v), q, k, v, given)


def bf16(device, q, k, v, *given):
    """The same; keys and values are rounded first, in memory of their own."""
    source = _source("gpu_5_bf16.cu", q, v)
    return _launch(device, source, q, k, v, given, *(_rounded(device, source, x) for x in (k, v)))


def _launch(device, source, q, k, v, given, *more):
    again = device.empty((blocks_of(q, ROWS),), q.dtype)
    arguments = (*forward_arguments(q, k, v, *given), again, *more)
    device.launch(source, "attention", q.dtype, again.size, THREADS, arguments)
    return again


def _source(file: str, q, v) -> cuda.Source:
    return _of_width(file, next(width for width in WIDTHS if max(q.shape[3], v.shape[3]) <= width))


@functools.cache
def _of_width(file: str, width: int) -> cuda.Source:
    return cuda.Source(__file__, file, WIDTH=width)


def _rounded(device, source, x):
    """x as bfloat16, each row padded to pieces of 32 bytes. Arrays of a device are float32 here: each number of one is
    two of bfloat16."""
    batch, heads, rows, columns = x.shape
    pitch = -(-columns // 16) * 16
    memory = device.empty((max(batch * heads * rows * pitch // 2, 8),), x.dtype)
    sizes = map(np.int64, (heads, rows, columns, pitch))
    if x.size:
        cuda.elementwise(device, source, "round_rows", memory.size // 2, *rows_of(x), memory, *sizes)
    return memory
