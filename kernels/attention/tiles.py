"""A tile of the scores, on the CPU: a row for each key, so that a vector holds neighbouring queries.

            queries →                        The largest score of a query, its sum and all that belongs to it
      ┌─────┬─────┬─────┐                    are then lanes, and the softmax of a vector's queries goes down
keys  │ ▓▓▓ │     │     │                    the keys without ever adding up lanes.
  ↓   │ ▓▓▓ │     │     │
      └─────┴─────┴─────┘                    Keys, and values, are read as they lie; of the queries
      rows of k × columns of qᵀ              a block is turned into columns.
"""

import math

from ..jit import inline
from ..matmul.tile import MR, multiply_rows, tile_columns, transpose, up
from ..simd import address, full, lane_numbers, lanes, load, load_first, store, store_first, where

QUERIES, KEYS = 96, 96  # of a tile: multiples of MR and of the widest vectors' lanes


@inline
def begin_of(x, batch, head, row):
    """Where a row of x (batch, heads, rows, width) begins, in elements."""
    return (batch * x.strides[0] + head * x.strides[1] + row * x.strides[2]) // x.itemsize


@inline
def to_columns(x, x0, line, count, depth, factor, out, o):
    """out[o + QUERIES k + r] = factor · x[x0 + line r + k], for k < depth and r < count, and on to a vector's end."""
    w = lanes(x)
    whole = depth - depth % w
    for r in range(0, count, w):
        for k in range(0, whole, w):
            transpose(x, x0 + line * r + k, line, count - r, out, o + QUERIES * k + r, QUERIES)
        for k in range(whole, depth):
            for i in range(r, r + w):
                one = load_first(x, x0 + line * min(i, count - 1) + k, 1, 0)
                store_first(out, o + QUERIES * k + i, 1, one)
        if factor != 1:
            for k in range(depth):
                store(out, o + QUERIES * k + r, factor * load(out, o + QUERIES * k + r))


@inline
def make_scores(k, k0, columns, o_columns, mask, m0, start, count, key, n, causal, out, o):
    """out[o + QUERIES j + i] = the score of query start + i and key key + j, −∞ where it isn't seen.

    A causal tile's upper corner isn't multiplied: it stays at −∞.
    """
    w, nr, line = lanes(k), tile_columns(k), k.strides[2] // k.itemsize
    adds = 0
    if mask.size:
        to_columns(mask, m0, mask.strides[2] // mask.itemsize, count, n, 1, out, o)
        adds = 1
    elif causal and key + n > start + 1:
        nothing, hidden = full(k, 0), full(k, -math.inf)
        for j in range(n):
            for i in range(0, count, w):
                seen = lane_numbers(k) >= key + j - start - i
                store(out, o + QUERIES * j + i, where(seen, nothing, hidden))
        adds = 1
    for c in range(0, count, nr):
        terms, width = address(columns, o_columns + c), min(nr, up(count, w) - c)
        for p in range(0, n, MR):
            if not causal or key + p < start + c + nr:
                corner, a = o + QUERIES * p + c, address(k, k0 + line * p)
                multiply_rows(out, corner, QUERIES, min(MR, n - p), width, a, line, terms, QUERIES, k.shape[3], adds)


@inline
def keys_before(row, rows, key, n, causal):
    """How many keys of a tile the queries row … row + rows − 1 may see."""
    return max(0, min(n, row + rows - key)) if causal else n
