"""Rung 2: a block of queries meets the keys a tile at a time, in products of matrices that keep their sums in
registers: a vector holds neighbouring queries, and what is read of the keys serves all of a block. A first pass finds
each query's largest score, so that the second knows what to subtract; it makes all scores again. The top, ../cpu.py,
needs one pass. Measured, with 512 rows of 64 numbers on one core: some 170 times as fast as rung 1; the top is another
1.4 times as fast."""

import math

import numpy as np

from ...jit import inline, kernel, task
from ...matmul.tile import MR, multiply_tile, tile_columns
from ...share import enough, share
from ...simd import address, full, lanes, larger, load, load_all, load_first, misaligned, store, store_first, where
from ...vector_math import exp, log
from ..dropout import ALL, draw, multiply
from ..tiles import KEYS, QUERIES, begin_of, keys_before, make_scores, to_columns


@kernel(
    "in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], real, int64, "
    "int64, int64, int64, real, out real[:, :, :, :], out real[:, :, ::1]"
)
def attention(q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums, threads):
    pieces = q.shape[0] * q.shape[1] * ((q.shape[2] + QUERIES - 1) // QUERIES)
    threads = enough(threads, q.size * k.shape[2])
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
    tops, totals = np.empty(QUERIES, q.dtype), np.empty(QUERIES, q.dtype)
    q_row, v_row, y_row = q.strides[2] // q.itemsize, v.strides[2] // v.itemsize, y.strides[2] // y.itemsize
    for piece in range(first, last):
        head, start = piece // blocks, piece % blocks * QUERIES
        b, h = head // q.shape[1], head % q.shape[1]
        count, y0 = min(QUERIES, rows - start), begin_of(y, b, h, start)
        end = min(keys, start + count) if causal else keys
        to_columns(q, begin_of(q, b, h, start), q_row, count, width, scale, columns, o_columns)
        for i in range(0, QUERIES, w):
            store(tops, i, full(q, -math.inf))
            store(totals, i, full(q, 0))
        for turn in range(2):
            for key in range(0, end, KEYS):
                n, m0 = min(KEYS, keys - key), begin_of(mask, b, h, start) + key
                k0 = begin_of(k, b, h // group, key)
                make_scores(k, k0, columns, o_columns, mask, m0, start, count, key, n, causal, scores, o)
                if turn == 0:
                    _find_tops(scores, o, start, count, key, n, causal, tops)
                    continue
                _exponentiate(scores, o, start, count, key, n, causal, tops, totals)
                if factors.size:
                    draw(factors, 0, seed, offset, limit, factor, head, rows, keys, start, count, key, n)
                    multiply(scores, o, factors, 0, count, n)
                for r in range(0, count, MR):
                    depth = keys_before(start + r, MR, key, n, causal)
                    if depth:
                        for e in range(0, v.shape[3], nr):
                            a, terms = address(scores, o + r), address(v, begin_of(v, b, h // group, key) + e)
                            height, across, corner = min(MR, count - r), min(nr, v.shape[3] - e), y0 + y_row * r + e
                            multiply_tile(y, corner, y_row, height, across, a, QUERIES, terms, v_row, depth, key)
        for i in range(0, count, w):
            total = load(totals, i)
            blind = total == 0  # no key was seen
            if sums.size:
                found = where(blind, math.inf + total, load(tops, i) + log(total))
                store_first(sums, head * rows + start + i, count - i, found)
            store(totals, i, where(blind, 0 * total, 1 / total))
        for r in range(count):
            part = load_all(totals, r)
            for e in range(0, v.shape[3], w):
                place, n = y0 + y_row * r + e, v.shape[3] - e
                store_first(y, place, n, load_first(y, place, n, 0) * part)


@inline
def _find_tops(scores, o, start, count, key, n, causal, tops):
    w = lanes(scores)
    for i in range(0, count, w):
        top = load(tops, i)
        for j in range(keys_before(start + i, w, key, n, causal)):
            top = larger(load(scores, o + i + QUERIES * j), top)
        store(tops, i, top)


@inline
def _exponentiate(scores, o, start, count, key, n, causal, tops, totals):
    """scores = exp(scores − the largest), and their sums."""
    w = lanes(scores)
    for i in range(0, count, w):
        top, total = load(tops, i), load(totals, i)
        safe = where(top == -math.inf, 0 * full(scores, 0), top)  # −∞ less −∞ would be NaN
        for j in range(keys_before(start + i, w + MR - 1, key, n, causal)):  # as many as the products take
            e = exp(load(scores, o + i + QUERIES * j) - safe)
            store(scores, o + i + QUERIES * j, e)
            total += e
        store(totals, i, total)
