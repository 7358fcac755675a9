"""Launch geometry of the rungs on tensor cores (tensor.cuh)."""

import functools
from typing import Any, NamedTuple

import numpy as np

from ... import cuda
from .. import gpu
from ..gpu import arguments

TILE, THREADS = 128, 256  # rows and columns of y a block; its threads
MOST = 65535  # matrices of a stack in one launch


class Part(NamedTuple):
    """What goes into one launch."""

    a: Any
    b: Any
    residual: Any
    out: Any


def knows(device, out) -> bool:
    """Whether these tensor cores multiply such numbers: float32, rounded or split, from sm_80 on."""
    return device.arch >= 80 and out.dtype == np.float32


def launch(device, file: str, a, b, bias, residual, activation, out) -> None:
    kernel = source(file, *along_terms(a, b))
    for part in parts(a, b, residual, out):
        args = arguments(part.a, part.b, bias, part.residual, activation, part.out)
        device.launch(kernel, "matmul", out.dtype, grid(part.out), THREADS, args)


def launch_rounded(device, file: str, a, b, bias, residual, activation, out) -> None:
    """Round both factors to bfloat16 in memory of their own, then multiply."""
    along = along_terms(a, b)
    kernel = source(file, *along)
    for part in parts(a, b, residual, out):
        rounded_a = _rounded(device, kernel, part.a if along[0] else part.a.swapaxes(1, 2))
        rounded_b = _rounded(device, kernel, part.b.swapaxes(1, 2) if along[1] else part.b)
        args = arguments(part.a, part.b, bias, part.residual, activation, part.out)
        device.launch(kernel, "matmul", out.dtype, grid(part.out), THREADS, (*rounded_a, *rounded_b, *args))


def rung(file: str, launch=launch):
    """A rung as the ladder has it: by the library's kernel where tensor cores don't know the numbers."""

    def run(device, *args):
        if knows(device, args[-1]):
            launch(device, file, *args)
        else:
            gpu.matmul(device, *args)

    return run


@functools.cache
def source(file: str, a_along_terms: bool, b_along_terms: bool) -> cuda.Source:
    """A rung for factors whose neighbours in memory are those along the sum, or those across."""
    return cuda.Source(__file__, file, A_ALONG_TERMS=int(a_along_terms), B_ALONG_TERMS=int(b_along_terms))


def along_terms(a, b) -> tuple[bool, bool]:
    """Whether neighbouring terms of a row of a, of a column of b, are nearer in memory than those of the next one."""
    return abs(a.strides[2]) <= abs(a.strides[1]), abs(b.strides[1]) <= abs(b.strides[2])


def grid(out) -> tuple[int, int]:
    stack, rows, columns = out.shape
    return cuda.blocks(rows, TILE) * cuda.blocks(columns, TILE), stack


def parts(a, b, residual, out):
    """A stack of any size by as many matrices as a grid has."""
    residual = residual.reshape(out.shape) if residual.size else residual
    for first in range(0, out.shape[0] if out.size else 0, MOST):
        part = slice(first, first + MOST)
        yield Part(a[part], b[part], residual[part], out[part])


def _rounded(device, kernel: cuda.Source, x) -> tuple:
    """A factor as bfloat16: its memory, and the strides of its stack and of its rows, in numbers.

    Rows are padded to whole pieces of 16 bytes. Of a stack of stride 0 one matrix is rounded. Arrays of a device are
    float32 here: each number of one is two of bfloat16.
    """
    x = x[:1] if x.strides[0] == 0 else x
    stack, rows, columns = x.shape
    pitch = -(-columns // 8) * 8
    memory = device.empty((max(stack * rows * pitch // 2, 4),), x.dtype)
    if x.size:
        sizes = (rows, columns, *(stride // x.itemsize for stride in x.strides), pitch)
        blocks = (cuda.blocks(rows * pitch // 4, 256), stack)
        device.launch(kernel, "round_factor", x.dtype, blocks, 256, (x, memory, *(np.int64(n) for n in sizes)))
    return memory, np.int64(0 if stack == 1 else rows * pitch), np.int64(pitch)
