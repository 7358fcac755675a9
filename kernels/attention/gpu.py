"""Launch geometry of gpu.cu, merge.cu and backward.cu: a block of four warps for each tile of a head's rows."""

import math

import numpy as np

from .. import cuda
from .ladder import tensor
from .launch import arguments, blocks_of, forward_arguments, rows_of

FORWARD, BACKWARD = cuda.Source(__file__), cuda.Source(__file__, "backward.cu")
OF_FEW, MERGE = cuda.Source(__file__, THREAD_ROWS=1), cuda.Source(__file__, "merge.cu")
THREADS = 128
QUERIES, FEW, ROWS = 64, 16, 32  # of a block; where no head has more; on the way back
PART, FULL = 64, 3 * 132  # keys that a block should have at least, and blocks that an H100 holds
BYTES = 256  # of a row of the result that a block computes


def attention(device, *args):
    q, k, v = args[:3]
    by(device, tensor.chosen(tensor.FORWARD, device, q, k, v), *args)


def by(device, on_tensor_cores, q, k, v, *given):
    """The result by that launch, if any, and what it leaves to do by the plain kernel: rows of blocks that found
    something that isn't finite, or all."""
    if not blocks_of(q, QUERIES):
        return
    if on_tensor_cores:
        again = on_tensor_cores(device, q, k, v, *given)
        _launch(device, FORWARD, QUERIES, 1, again, None, q, k, v, *given)
    elif q.shape[2] > FEW:
        _launch(device, FORWARD, QUERIES, 1, None, None, q, k, v, *given)
    else:
        _of_few(device, q, k, v, *given)


def _of_few(device, q, k, v, *given):
    """Of few queries: where they make few blocks, several share a head's keys, and a second kernel merges the parts."""
    wanted = min(FULL // blocks_of(q, FEW), cuda.blocks(k.shape[2], PART))
    parts = cuda.blocks(k.shape[2], _part(k, max(wanted, 1)))
    if parts == 1:
        _launch(device, OF_FEW, FEW, 1, None, None, q, k, v, *given)
        return
    *given, y, sums = given
    n = math.prod(y.shape[:3])
    found = device.empty((parts * y.shape[0], *y.shape[1:]), y.dtype)  # y of each part, one after the other
    states = device.empty((parts, n, 2), y.dtype)
    _launch(device, OF_FEW, FEW, parts, None, states, q, k, v, *given, found, sums)
    sizes = np.int64(parts), *rows_of(y), sums, np.int32(sums.size > 0), *map(np.int64, (*y.shape[1:], n))
    device.launch(MERGE, "merge_parts", y.dtype, cuda.elements(32 * n), 256, (found, states, *sizes))


def _part(k, parts: int) -> int:
    """How many keys each of so many parts has, the last one fewer: a whole number of tiles."""
    return cuda.blocks(cuda.blocks(k.shape[2], parts), PART) * PART


def _launch(device, source, tile, parts, again, states, q, k, v, *given):
    split = np.int64(_part(k, parts)), states, np.int64(math.prod(q.shape[:3]))
    grid = blocks_of(q, tile), _parts(v.shape[3], q.dtype), parts
    device.launch(source, "attention", q.dtype, grid, THREADS, (*forward_arguments(q, k, v, *given), again, *split))


def attention_backward(device, grad, q, k, v, *given):
    backward_by(device, tensor.chosen(tensor.BACKWARD, device, q, k, v), grad, q, k, v, *given)


def backward_by(
    device, on_tensor_cores, grad, q, k, v, mask, y, sums, scale, causal, seed, offset, limit, factor, *grads
):
    """The gradients, likewise."""
    if not blocks_of(q, ROWS):
        return
    means = device.empty(sums.shape, sums.dtype)
    sizes = (np.int64(size) for size in (q.shape[1], q.shape[2], v.shape[3], sums.size))
    given = (*rows_of(grad), *rows_of(y), means, *sizes)
    device.launch(BACKWARD, "attention_means", q.dtype, cuda.elements(32 * sums.size), 256, given)
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    by_queries, by_keys, rows = None, None, 1
    if on_tensor_cores:
        by_queries, by_keys, rows = on_tensor_cores(device, q, k, v, grad, given, (sums, means), grads)
    given, rows = (*given, *rows_of(grad), sums, means), np.int64(rows)
    grad_q, grad_k, grad_v = (rows_of(x) for x in grads)
    grid = blocks_of(q, ROWS), _parts(q.shape[3], q.dtype)
    device.launch(BACKWARD, "attention_by_queries", q.dtype, grid, THREADS, (*given, *grad_q, by_queries, rows))
    grid = blocks_of(k, ROWS), _parts(max(q.shape[3], v.shape[3]), q.dtype)
    device.launch(BACKWARD, "attention_by_keys", q.dtype, grid, THREADS, (*given, *grad_k, *grad_v, by_keys, rows))


def _parts(columns: int, dtype) -> int:
    return cuda.blocks(columns * dtype.itemsize, BYTES)
