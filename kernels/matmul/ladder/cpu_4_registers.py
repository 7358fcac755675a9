"""Rung 4: sums in registers. A tile of the result is begun and ended there, whatever the number of terms (tile.py).

Rung 3 loaded and stored the result for every four terms; here it is stored once, and what is loaded is a vector of b
for every 12 (or 6) multiply-adds. To be read from one end to the other, b is copied whole, panel by panel, and a strip
by strip. What is missing is room: where there are many terms, a strip and a panel outgrow the first-level cache, and
all panels together the second. The top of the ladder, cpu.py, cuts the sums into stretches for that, copies only as
much of b as it needs at a time, and a's rows by vectors. Measured: 85 to 94 GFLOP/s; the top
95 to 103.
"""

import numpy as np

from ...jit import kernel, task
from ...share import share
from ...simd import address
from ..finish import finish
from ..tile import MR, multiply_tile, tile_columns


@kernel("in real[:, :, :], in real[:, :, :], in real[::1], in real[::1], int64, out real[:, :, ::1]")
def matmul(a, b, bias, residual, activation, out, threads):
    after = bias, residual, activation
    stack, rows, columns = out.shape
    nr = tile_columns(out)
    across = (columns + nr - 1) // nr
    panels = np.empty((across, a.shape[2] * nr), a.dtype)
    for s in range(stack):
        share(_copy_panels, across, threads, b, s, panels)
        share(_strips, (rows + MR - 1) // MR, threads, a, panels, after, out, s)


@task
def _copy_panels(first, last, b, s, panels):
    _, terms, columns = b.shape
    nr = tile_columns(panels)
    for panel in range(first, last):
        for k in range(terms):
            for c in range(min(nr, columns - panel * nr)):
                panels[panel, k * nr + c] = b[s, k, panel * nr + c]


@task
def _strips(first, last, a, panels, after, out, s):
    _, rows, columns = out.shape
    terms, nr = a.shape[2], tile_columns(out)
    strip = np.empty(terms * MR, a.dtype)
    for i in range(first * MR, min(last * MR, rows), MR):
        m = min(MR, rows - i)
        for r in range(m):
            for k in range(terms):
                strip[MR * k + r] = a[s, i + r, k]
        for panel in range(panels.shape[0]):
            j = panel * nr
            n, corner = min(nr, columns - j), (s * rows + i) * columns + j
            a_strip, b_panel = address(strip, 0), address(panels, panel * nr * terms)
            multiply_tile(out, corner, columns, m, n, a_strip, MR, b_panel, nr, terms, 0)
            finish(out, corner, columns, m, n, j, after)
