"""Launch geometry of the GPU's ladder: a function a rung, named attention_RUNG."""

import numpy as np

from ... import cuda
from ..gpu import arguments, blocks_of, rows_of

NAIVE, TILED, ONLINE = (cuda.Source(__file__, f"gpu_{rung}.cu") for rung in ("1_naive", "2_tiled", "3_online"))
TILE = 32


def attention_1_naive(device, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums):
    n = q.shape[0] * q.shape[1] * q.shape[2]
    weights = device.empty((n, k.shape[2]), q.dtype)
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    given = (*given, *rows_of(y), sums, np.int32(sums.size > 0), weights, np.int64(n))
    device.launch(NAIVE, "attention", q.dtype, cuda.elements(n), 256, given)


def attention_2_tiled(device, q, *given):
    _tiles(device, TILED, q, *given)


def attention_3_online(device, q, *given):
    _tiles(device, ONLINE, q, *given)


def _tiles(device, source, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums):
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    given = (*given, *rows_of(y), sums, np.int32(sums.size > 0))
    if blocks_of(q, TILE):
        device.launch(source, "attention", q.dtype, blocks_of(q, TILE), 256, given)
