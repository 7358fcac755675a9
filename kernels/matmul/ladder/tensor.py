"""Launch geometry of the rungs on tensor cores (matmul/tensor.cuh)."""

import functools

import numpy as np

from ... import cuda
from ..gpu import arguments

TILE, THREADS = 128, 256  # rows and columns of y a block; its threads
MOST = 65535  # matrices of a stack in one launch


def knows(device, out) -> bool:
    """Whether these tensor cores multiply such numbers: float32, rounded or split, from sm_80 on."""
    return device.arch >= 80 and out.dtype == np.float32


@functools.cache
def source(file: str, a_along_terms: bool, b_along_terms: bool) -> cuda.Source:
    """A rung for factors whose neighbours in memory are those along the sum, or those across."""
    return cuda.Source(__file__, file, A_ALONG_TERMS=int(a_along_terms), B_ALONG_TERMS=int(b_along_terms))


def launch(device, file: str, a, b, bias, residual, activation, out) -> None:
    if not out.size:
        return
    stack, rows, columns = out.shape
    tiles = cuda.blocks(rows, TILE) * cuda.blocks(columns, TILE)
    kernel = source(file, *(_along_terms(*strides) for strides in (a.strides[1:], b.strides[:0:-1])))
    residual = residual.reshape(out.shape) if residual.size else residual
    for first in range(0, stack, MOST):
        part = slice(first, first + MOST)
        args = arguments(a[part], b[part], bias, residual[part], activation, out[part])
        device.launch(kernel, "matmul", out.dtype, (tiles, min(stack - first, MOST)), THREADS, args)


def _along_terms(line: int, term: int) -> bool:
    """Whether neighbouring terms of a row of a (column of b) are nearer in memory than those of the next one."""
    return abs(term) <= abs(line)
