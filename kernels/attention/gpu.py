"""Launch geometry of gpu.cu and backward.cu: a block of four warps for each tile of a head's rows."""

import numpy as np

from .. import capture, cuda

FORWARD, BACKWARD = cuda.Source(__file__), cuda.Source(__file__, "backward.cu")
THREADS = 128
QUERIES, ROWS = 64, 32  # of a block; on the way back
BYTES = 256  # of a row of the result that a block computes


def rows_of(x) -> tuple:
    """An array as a kernel sees it: its address and the strides of its first three axes, in elements."""
    return (x, *(np.int64(stride // x.dtype.itemsize) for stride in x.strides[:3]))


def arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor) -> tuple:
    """The first arguments of every kernel but one."""
    arrays = (*rows_of(q), *rows_of(k), *rows_of(v), *rows_of(mask))
    sizes = q.shape[1], q.shape[1] // max(k.shape[1], 1), q.shape[2], k.shape[2], q.shape[3], v.shape[3]
    offset, place = capture.placed(offset)
    drop = np.int64(seed), np.int64(offset), place, np.int64(limit), q.dtype.type(factor)
    return (*arrays, np.int32(mask.size > 0), q.dtype.type(scale), np.int32(causal), *drop, *map(np.int64, sizes))


def blocks_of(x, tile: int) -> int:
    """How many tiles of so many rows all heads have."""
    return x.shape[0] * x.shape[1] * cuda.blocks(x.shape[2], tile)


def attention(device, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums):
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    given = (*given, *rows_of(y), sums, np.int32(sums.size > 0))
    grid = blocks_of(q, QUERIES), _parts(v.shape[3], q.dtype)
    if grid[0]:
        device.launch(FORWARD, "attention", q.dtype, grid, THREADS, given)


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
