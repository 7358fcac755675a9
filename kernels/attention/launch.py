"""What every launch of attention begins with: arrays and numbers as kernels take them (heads.cuh)."""

import numpy as np

from .. import capture, cuda


def rows_of(x) -> tuple:
    """An array as a kernel sees it: its address and the strides of its first three axes, in elements."""
    return (x, *(np.int64(stride // x.dtype.itemsize) for stride in x.strides[:3]))


SCALE = 17  # its place among the arguments


def arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor) -> tuple:
    """The first arguments of every kernel but one."""
    arrays = (*rows_of(q), *rows_of(k), *rows_of(v), *rows_of(mask))
    sizes = q.shape[1], q.shape[1] // max(k.shape[1], 1), q.shape[2], k.shape[2], q.shape[3], v.shape[3]
    offset, place = capture.placed(offset)
    drop = np.int64(seed), np.int64(offset), place, np.int64(limit), q.dtype.type(factor)
    return (*arrays, np.int32(mask.size > 0), q.dtype.type(scale), np.int32(causal), *drop, *map(np.int64, sizes))


def forward_arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums) -> tuple:
    """Of the kernels that make y."""
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    return (*given, *rows_of(y), sums, np.int32(sums.size > 0))


def blocks_of(x, tile: int) -> int:
    """How many tiles of so many rows all heads have."""
    return x.shape[0] * x.shape[1] * cuda.blocks(x.shape[2], tile)
