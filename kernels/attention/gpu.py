"""Launch geometry of gpu.cu and backward.cu: a block of four warps for each tile of a head's rows."""

import numpy as np

from .. import cuda
from .ladder import tensor
from .launch import arguments, blocks_of, forward_arguments, rows_of

FORWARD, BACKWARD = cuda.Source(__file__), cuda.Source(__file__, "backward.cu")
THREADS = 128
QUERIES, ROWS = 64, 32  # of a block; on the way back
BYTES = 256  # of a row of the result that a block computes


def attention(device, *args):
    by(device, tensor.chosen(device, *args), *args)


def by(device, on_tensor_cores, q, k, v, *given):
    """The result by that launch, if any, and what it leaves to do by the plain kernel: rows of blocks that found
    something that isn't finite, or all."""
    if not blocks_of(q, QUERIES):
        return
    again = on_tensor_cores(device, q, k, v, *given) if on_tensor_cores else None
    grid = blocks_of(q, QUERIES), _parts(v.shape[3], q.dtype)
    device.launch(FORWARD, "attention", q.dtype, grid, THREADS, (*forward_arguments(q, k, v, *given), again))


def attention_backward(
    device, grad, q, k, v, mask, y, sums, scale, causal, seed, offset, limit, factor, grad_q, grad_k, grad_v
):
    if not blocks_of(q, ROWS):
        return
    means = device.empty(sums.shape, sums.dtype)
    sizes = (np.int64(size) for size in (q.shape[1], q.shape[2], v.shape[3], sums.size))
    given = (*rows_of(grad), *rows_of(y), means, *sizes)
    device.launch(BACKWARD, "attention_means", q.dtype, cuda.elements(32 * sums.size), 256, given)
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    given = (*given, *rows_of(grad), sums, means)
    grid = blocks_of(q, ROWS), _parts(q.shape[3], q.dtype)
    device.launch(BACKWARD, "attention_by_queries", q.dtype, grid, THREADS, (*given, *rows_of(grad_q)))
    grid = blocks_of(k, ROWS), _parts(max(q.shape[3], v.shape[3]), q.dtype)
    device.launch(BACKWARD, "attention_by_keys", q.dtype, grid, THREADS, (*given, *rows_of(grad_k), *rows_of(grad_v)))


def _parts(columns: int, dtype) -> int:
    return cuda.blocks(columns * dtype.itemsize, BYTES)
