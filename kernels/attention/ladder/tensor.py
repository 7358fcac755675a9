"""Launch geometry of the rungs on tensor cores (tensor.cuh, tensor_backward.cuh), and which of them
`set_matmul_precision` chooses."""

import functools
import math
from typing import Any

import numpy as np

from ... import cuda
from ...matmul.precision import get_matmul_precision
from ..launch import SCALE, blocks_of, forward_arguments, rows_of

ROWS, THREADS = 64, 128  # of a block; its threads
WIDTHS = 64, 128  # of a tile: heads have as many columns, or fewer
LEAST = 32  # queries and keys, below which most of a tile would be empty


def knows(device, q, v) -> bool:
    """Whether these tensor cores take such heads: float32, rounded or split, from sm_80 on; of no more columns than a
    tile has."""
    return device.arch >= 80 and q.dtype == np.float32 and max(q.shape[3], v.shape[3]) <= WIDTHS[-1]


def chosen(launches, device, q, k, v) -> Any:
    """Of launches by the setting's word, FORWARD or BACKWARD, the one that it asks for, if it takes such arrays; else
    None."""
    if min(q.shape[2], k.shape[2]) < LEAST or not knows(device, q, v):
        return None
    return launches.get(get_matmul_precision())


def tf32x3(device, q, k, v, *given):
    """Each block's rows of y, and whether the plain kernel must make them again: an array of a number a block."""
    return _launch(device, _source("gpu_4_tf32x3.cu", q, v), forward_arguments(q, k, v, *given), q)


def bf16(device, q, k, v, *given):
    """The same; keys and values are rounded first, in memory of their own."""
    source, arguments = _source("gpu_5_bf16.cu", q, v), forward_arguments(q, k, v, *given)
    rounded = (*rows_of(_rounded(device, source, k)), *rows_of(_rounded(device, source, v)))
    return _launch(device, source, (*arguments[:4], *rounded, *arguments[12:]), q)


def tf32x3_backward(device, q, k, v, grad, given, statistics, grads):
    """The gradients; such arrays of the blocks of queries and of those of keys, and how many rows a block has.

    `given` are the arguments of every kernel (launch.py), `statistics` log Σ exp and Σ grad · y.
    """
    source = _source("backward_4_tf32x3.cu", q, v)
    rows = ROWS if _width(q, v) == WIDTHS[0] else ROWS // 2
    return _launch_backward(device, source, rows, (*given, *rows_of(grad), *statistics), q, k, grads)


def bf16_backward(device, q, k, v, grad, given, statistics, grads):
    """The same; all are rounded first, queries times scale / log 2, as they were on the way there."""
    source = _source("backward_5_bf16.cu", q, v)
    of = ((q, given[SCALE] * np.float32(1 / math.log(2))), (k, 1), (v, 1), (grad, 1))
    *rounded, of_grad = (rows_of(_rounded(device, source, x, factor)) for x, factor in of)
    given = (*(one for x in rounded for one in x), *given[12:], *of_grad, *statistics)
    return _launch_backward(device, source, ROWS, given, q, k, grads)


FORWARD = {"high": tf32x3, "medium": bf16}
BACKWARD = {"high": tf32x3_backward, "medium": bf16_backward}


def _launch(device, source, arguments, q):
    again = device.empty((blocks_of(q, ROWS),), q.dtype)
    device.launch(source, "attention", q.dtype, again.size, THREADS, (*arguments, again))
    return again


def _launch_backward(device, source, rows, given, q, k, grads):
    grad_q, grad_k, grad_v = (rows_of(grad) for grad in grads)
    again = [device.empty((blocks_of(x, rows),), x.dtype) for x in (q, k)]
    for kernel, flags, found in (("queries", again[0], grad_q), ("keys", again[1], (*grad_k, *grad_v))):
        device.launch(source, f"attention_by_{kernel}", q.dtype, flags.size, 2 * rows, (*given, *found, flags))
    return *again, rows


def _source(file: str, q, v) -> cuda.Source:
    return _of_width(file, _width(q, v))


def _width(q, v) -> int:
    return next(width for width in WIDTHS if max(q.shape[3], v.shape[3]) <= width)


@functools.cache
def _of_width(file: str, width: int) -> cuda.Source:
    return cuda.Source(__file__, file, WIDTH=width)


def _rounded(device, source, x, factor=1):
    """x times a factor as bfloat16, each row padded to pieces of 32 bytes. Arrays of a device are float32 here: each
    number of one is two of bfloat16."""
    batch, heads, rows, columns = x.shape
    pitch = -(-columns // 16) * 16
    memory = device.empty((batch, heads, rows, pitch // 2), x.dtype)
    if x.size:
        sizes = map(np.int64, (heads, rows, columns, pitch))
        given = (*rows_of(x), memory, *sizes, x.dtype.type(factor))
        cuda.elementwise(device, source, "round_rows", memory.size // 2, *given)
    return memory
