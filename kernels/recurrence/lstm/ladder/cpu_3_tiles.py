"""Rung 3: a vector of the weight serves a tile of four rows of the batch, one load for four multiplications.

A step's product is made a gate at a time:

    sums   │ row 0: │ i │ f │ g │ o │ i │ f │ g │ o │ …    of the first vector of units, of the next, …
           │ row 1: │ i │ f │ …

One vector of four rows are four sums: too few to keep two multipliers busy, which want eight or more. The top makes
tiles of more, from a weight packed in the order in which it is read.
"""

import numpy as np

from ....jit import inline, kernel, task
from ....share import share
from ....simd import fma, full, lanes, load_first, store
from ...walk import FLAT, STATE, STEPS, begin, copy_row, fill_row
from ..cpu import apply_gates

TILE = 4  # rows


@kernel(
    f"in {FLAT}, in {STATE}, in {FLAT}, in {FLAT}, in {FLAT}, in int64[::1], bool, "
    f"out {STEPS}, out {FLAT}, out {FLAT}, out {FLAT}, out {FLAT}"
)
def lstm(gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells, threads):
    begin(h0, h_n)
    begin(c0, c_n)
    tiles, own = (y.shape[1] + TILE - 1) // TILE, (gates, bias, c_n, saved, cells)
    share(_tiles, tiles, threads, weight.T.copy(), lengths, reverse, y, h_n, own)


@task
def _tiles(first, last, turned, lengths, reverse, y, h_n, own):
    steps, rows, n = y.shape
    gates, bias, c_n, saved, cells = own
    pitch = (n + lanes(y) - 1) // lanes(y) * 4 * lanes(y)
    sums = np.empty(TILE * pitch, y.dtype)
    for top in range(first * TILE, min(last * TILE, rows), TILE):
        for s in range(steps):
            t = steps - 1 - s if reverse else s
            _product(turned, h_n, top, rows, n, pitch, sums)
            for row in range(top, min(top + TILE, rows)):
                at = t * rows + row
                if t < lengths[row]:
                    apply_gates(sums, (row - top) * pitch, h_n, row * n, at, row, n, gates, bias, c_n, saved, cells)
                    copy_row(h_n, row * n, n, y, at * n)
                else:
                    fill_row(y, at * n, n, 0)


@inline
def _product(turned, h, top, rows, n, pitch, sums):
    """sums = weight · h, of the rows from `top` on; beyond the batch, of its last row once more."""
    p, q, r, s = top * n, min(top + 1, rows - 1) * n, min(top + 2, rows - 1) * n, min(top + 3, rows - 1) * n
    w = lanes(sums)
    for unit in range(0, n, w):
        for gate in range(4):
            a = full(sums, 0)
            b, c, d = a, a, a
            for k in range(n):
                x = load_first(turned, (k * 4 + gate) * n + unit, n - unit, 0)
                a = fma(h[p + k], x, a)
                b = fma(h[q + k], x, b)
                c = fma(h[r + k], x, c)
                d = fma(h[s + k], x, d)
            place = unit * 4 + gate * w
            store(sums, place, a)
            store(sums, place + pitch, b)
            store(sums, place + 2 * pitch, c)
            store(sums, place + 3 * pitch, d)
