"""Attention on the CPU: a block of queries meets the keys a tile at a time (tiles.py).

A query keeps the largest score so far, m, the sum l of exp(score − m), and the values' sum y with the same weights.
A tile that raises m to m′ has them multiplied by exp(m − m′); in the end y is divided by l.
"""

import math

import numpy as np

from ..jit import inline, kernel, task
from ..matmul.tile import MR, multiply_tile, tile_columns
from ..share import enough, share
from ..simd import address, full, lanes, larger, load, load_all, load_first, misaligned, store, store_first, where
from ..vector_math import exp, log
from .backward import attention_backward  # noqa: F401
from .dropout import ALL, draw, multiply
from .tiles import KEYS, QUERIES, begin_of, keys_before, make_scores, to_columns


@kernel(
    "in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], real, int64, "
    "int64, int64, int64, real, out real[:, :, :, :], out real[:, :, ::1]"
)
def attention(q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums, threads):
    blocks = (q.shape[2] + QUERIES - 1) // QUERIES
    threads = enough(threads, q.size * k.shape[2])
    pieces = q.shape[0] * q.shape[1] * blocks
    share(_attend, pieces, threads, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums)


@task
def _attend(first, last, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums):
    """Pieces first … last − 1: blocks of queries."""
    w, nr = lanes(q), tile_columns(q)
    rows, keys, width = q.shape[2], k.shape[2], q.shape[3]
    blocks, group = (rows + QUERIES - 1) // QUERIES, q.shape[1] // k.shape[1]
    columns, scores = np.empty(QUERIES * width + w, q.dtype), np.empty(QUERIES * (KEYS + 1) + w, q.dtype)
    o_columns, o = misaligned(columns), misaligned(scores)
    factors = np.empty(scores.size if limit < ALL else 0, q.dtype)
    f = misaligned(factors)
    state = np.empty(3 * QUERIES, q.dtype)  # of each query: the largest score, the sum, what to multiply y by
    v_row, y_row = v.strides[2] // v.itemsize, y.strides[2] // y.itemsize
    for piece in range(first, last):
        head, start = piece // blocks, piece % blocks * QUERIES
        b, h = head // q.shape[1], head % q.shape[1]
        count, y0 = min(QUERIES, rows - start), begin_of(y, b, h, start)
        q_row = q.strides[2] // q.itemsize
        to_columns(q, begin_of(q, b, h, start), q_row, count, width, scale, columns, o_columns)
        for i in range(0, QUERIES, w):
            store(state, i, full(q, -math.inf))
            store(state, QUERIES + i, full(q, 0))
        for key in range(0, min(keys, start + count) if causal else keys, KEYS):
            n = min(KEYS, keys - key)
            k0, v0 = begin_of(k, b, h // group, key), begin_of(v, b, h // group, key)
            m0 = begin_of(mask, b, h, start) + key
            make_scores(k, k0, columns, o_columns, mask, m0, start, count, key, n, causal, scores, o)
            _soften(scores, o, start, count, key, n, causal, state)
            if factors.size:
                draw(factors, f, seed, offset, limit, factor, head, rows, keys, start, count, key, n)
                multiply(scores, o, factors, f, count, n)
            if key:
                _multiply_rows(y, y0, y_row, count, state, 2 * QUERIES)
            for r in range(0, count, MR):
                depth = keys_before(start + r, MR, key, n, causal)
                if depth:
                    for e in range(0, v.shape[3], nr):
                        a, terms = address(scores, o + r), address(v, v0 + e)
                        height, across, corner = min(MR, count - r), min(nr, v.shape[3] - e), y0 + y_row * r + e
                        multiply_tile(y, corner, y_row, height, across, a, QUERIES, terms, v_row, depth, key)
        for i in range(0, count, w):
            total = load(state, QUERIES + i)
            blind = total == 0  # no key was seen
            store(state, 2 * QUERIES + i, where(blind, 0 * total, 1 / total))
            if sums.size:
                found = where(blind, math.inf + total, load(state, i) + log(total))
                store_first(sums, head * rows + start + i, count - i, found)
        _multiply_rows(y, y0, y_row, count, state, 2 * QUERIES)


@inline
def _soften(scores, o, start, count, key, n, causal, state):
    """scores = exp(scores − m), and each query's state with them."""
    w = lanes(scores)
    for i in range(0, count, w):
        # Tiles of the product take as many keys as their last query sees.
        seen = keys_before(start + i, w + MR - 1, key, n, causal)
        before, place = load(state, i), o + i
        top = before
        for at in range(place, place + QUERIES * seen, QUERIES):
            top = larger(load(scores, at), top)
        safe = where(top == -math.inf, 0 * full(scores, 0), top)  # −∞ less −∞ would be NaN
        total = full(scores, 0)
        for at in range(place, place + QUERIES * seen, QUERIES):
            e = exp(load(scores, at) - safe)
            store(scores, at, e)
            total += e
        factor = exp(before - safe)
        store(state, i, top)
        store(state, QUERIES + i, load(state, QUERIES + i) * factor + total)
        store(state, 2 * QUERIES + i, factor)


@inline
def _multiply_rows(y, y0, row, count, factors, f):
    """Row r of y, times factors[f + r]."""
    w, width = lanes(y), y.shape[3]
    for r in range(count):
        factor = load_all(factors, f + r)
        for e in range(0, width, w):
            place = y0 + row * r + e
            store_first(y, place, width - e, load_first(y, place, width - e, 0) * factor)
