"""Rung 4: sums in registers. A tile of the result is begun and ended there, whatever the number of terms (tile.py).

Rung 3 loaded and stored the result for every four terms; here it is stored once, and what is loaded is a vector of b
for every 12 (or 6) multiply-adds. The columns of b that a tile needs are copied together once, the rows of a again
for every such panel, a number at a time: that, and a panel of b that outgrows the cache where there are many terms,
is what the top of
the ladder, cpu.py, does better."""

import numpy as np

from ...jit import kernel, task
from ...share import share
from ...simd import address
from ..finish import finish
from ..tile import MR, multiply_tile, tile_columns


@kernel("in real[:, :, :], in real[:, :, :], in real[::1], int64, out real[:, :, ::1]")
def matmul(a, b, bias, activation, out, threads):
    stack, _, columns = out.shape
    nr = tile_columns(out)
    share(_panels, stack * ((columns + nr - 1) // nr), threads, a, b, bias, activation, out)


@task
def _panels(first, last, a, b, bias, activation, out):
    _, rows, columns = out.shape
    terms, nr = a.shape[2], tile_columns(out)
    across = (columns + nr - 1) // nr
    strip, panel = np.empty(terms * MR, a.dtype), np.empty(terms * nr, a.dtype)
    for tile in range(first, last):
        s, j = tile // across, tile % across * nr
        n = min(nr, columns - j)
        for k in range(terms):
            for c in range(n):
                panel[nr * k + c] = b[s, k, j + c]
        for i in range(0, rows, MR):
            m, corner = min(MR, rows - i), (s * rows + i) * columns + j
            for r in range(m):
                for k in range(terms):
                    strip[MR * k + r] = a[s, i + r, k]
            multiply_tile(strip, 0, address(panel, 0), nr, terms, out, corner, columns, m, n, 0)
            finish(out, corner, columns, m, n, bias, j, activation)
