"""Rung 1: the definition, a query at a time: all its scores, their softmax, the mean of the values. Of the matrix of
weights only a row is kept, but every query reads all keys and values, and each product has one row."""

import math

import numpy as np

from ...jit import inline, kernel, task
from ...random.philox import philox
from ...share import share
from ..dropout import ALL


@kernel(
    "in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], real, int64, "
    "int64, int64, int64, real, out real[:, :, :, :], out real[:, :, ::1]"
)
def attention(q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums, threads):
    rows = q.shape[0] * q.shape[1] * q.shape[2]
    share(_queries, rows, threads, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums)


@task
def _queries(first, last, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums):
    _, heads, rows, width = q.shape
    group, zero = heads // k.shape[1], q.dtype.type(0)
    weights = np.empty(k.shape[2], q.dtype)
    for query in range(first, last):
        b, h, i = query // (heads * rows), query // rows % heads, query % rows
        top, total = q.dtype.type(-math.inf), zero
        for j in range(weights.size):
            score = zero
            for e in range(width):
                score += q[b, h, i, e] * k[b, h // group, j, e]
            score *= scale
            if mask.size:
                score += mask[b, h, i, j]
            if causal and j > i:
                score = q.dtype.type(-math.inf)
            weights[j] = score
            top = max(top, score)
        for j in range(weights.size):
            weights[j] = zero if top == -math.inf else math.exp(weights[j] - top)
            total += weights[j]
            if limit < ALL and not _is_kept(seed, offset, limit, query // rows, i, rows, j, weights.size):
                weights[j] = zero
        for e in range(y.shape[3]):
            found = zero
            for j in range(weights.size):
                found += weights[j] * v[b, h // group, j, e]
            y[b, h, i, e] = zero if total == 0 else factor * found / total
        if sums.size:
            sums[b, h, i] = math.inf if total == 0 else top + math.log(total)


@inline
def _is_kept(seed, offset, limit, head, query, queries, key, keys):
    counter = np.uint64(offset) + np.uint64((head * ((keys + 3) // 4) + key // 4) * queries + query)
    return philox(counter, np.uint64(seed))[key % 4] < np.uint64(limit)
