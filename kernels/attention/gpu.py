"""Launch geometry of gpu.cu: a block of 256 threads for each 32 rows of a head."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)
TILE = 32


def rows_of(x) -> tuple:
    """An array as a kernel sees it: its address and the strides of its first three axes, in elements."""
    return (x, *(np.int64(stride // x.dtype.itemsize) for stride in x.strides[:3]))


def arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor) -> tuple:
    """The first arguments of every kernel but one."""
    arrays = (*rows_of(q), *rows_of(k), *rows_of(v), *rows_of(mask))
    sizes = q.shape[1], q.shape[1] // max(k.shape[1], 1), q.shape[2], k.shape[2], q.shape[3], v.shape[3]
    drop = *map(np.int64, (seed, offset, limit)), q.dtype.type(factor)
    return (*arrays, np.int32(mask.size > 0), q.dtype.type(scale), np.int32(causal), *drop, *map(np.int64, sizes))


def blocks_of(x) -> int:
    return x.shape[0] * x.shape[1] * cuda.blocks(x.shape[2], TILE)


def attention(device, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums):
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    given = (*given, *rows_of(y), sums, np.int32(sums.size > 0))
    if blocks_of(q):
        device.launch(SOURCE, "attention", q.dtype, blocks_of(q), 256, given)


def attention_backward(
    device, grad, q, k, v, mask, y, sums, scale, causal, seed, offset, limit, factor, grad_q, grad_k, grad_v
):
    if not blocks_of(q):
        return
    means = device.empty(sums.shape, sums.dtype)
    sizes = (np.int64(size) for size in (q.shape[1], q.shape[2], v.shape[3], sums.size))
    given = (*rows_of(grad), *rows_of(y), means, *sizes)
    device.launch(SOURCE, "attention_means", q.dtype, cuda.elements(sums.size), 256, given)
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    given = (*given, *rows_of(grad), sums, means)
    device.launch(SOURCE, "attention_by_queries", q.dtype, blocks_of(q), 256, (*given, *rows_of(grad_q)))
    device.launch(SOURCE, "attention_by_keys", q.dtype, blocks_of(k), 256, (*given, *rows_of(grad_k), *rows_of(grad_v)))
