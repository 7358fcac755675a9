"""Dropout of attention's weights on the CPU: what each pair of a tile is multiplied by, drawn whenever it is wanted.

Four neighbouring keys share a counter of Philox, and neighbouring queries have neighbouring ones: a loop over the
queries of a tile, of which LLVM makes vectors, draws all words of four of its rows (tiles.py).
"""

import numpy as np

from ..jit import inline
from ..random.philox import philox
from ..simd import lanes, load, store
from .tiles import QUERIES

ALL = 1 << 32  # a limit that every word is below


@inline
def draw(x, o, seed, offset, limit, factor, head, rows, keys, start, count, key, n):
    """x[o + QUERIES j + i] = factor where query start + i and key key + j are kept, else 0.

    key is a multiple of 4, and so is the number of rows that x has room for.
    """
    seed, keep, zero = np.uint64(seed), np.uint64(limit), x.dtype.type(0)
    for j in range(0, n, 4):
        counter = np.uint64(offset) + np.uint64((head * ((keys + 3) // 4) + (key + j) // 4) * rows + start)
        part = x[o + QUERIES * j : o + QUERIES * (j + 4)]
        for i in range(count):
            a, b, c, d = philox(counter + np.uint64(i), seed)
            part[i] = factor if a < keep else zero
            part[QUERIES + i] = factor if b < keep else zero
            part[2 * QUERIES + i] = factor if c < keep else zero
            part[3 * QUERIES + i] = factor if d < keep else zero


@inline
def multiply(x, o, factors, f, count, n):
    """A tile x, times another."""
    for j in range(0, QUERIES * n, QUERIES):
        for i in range(j, j + count, lanes(x)):
            store(x, o + i, load(x, o + i) * load(factors, f + i))
