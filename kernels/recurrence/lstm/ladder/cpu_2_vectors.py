"""Rung 2: vectors of hidden units, a row of the batch at a time.

      weightᵀ   │ i₀ i₁ … │ f₀ f₁ … │ g₀ g₁ … │ o₀ o₁ … │   row k: what h[k] adds to each gate of each unit
                  └───┘     └───┘     └───┘     └───┘       times h[k]: four vectors, the gates of the same units

Four sums don't wait for each other. But a vector of the weight serves one row only: each multiplication has a load of
its own, and each row reads the whole weight again in each step.
"""

import numpy as np

from ....jit import kernel, task
from ....share import share
from ....simd import fma, full, lanes, load_first, store
from ...walk import FLAT, STATE, STEPS, begin, copy_row, fill_row
from ..cpu import apply_gates


@kernel(
    f"in {FLAT}, in {STATE}, in {FLAT}, in {FLAT}, in {FLAT}, in int64[::1], bool, "
    f"out {STEPS}, out {FLAT}, out {FLAT}, out {FLAT}, out {FLAT}"
)
def lstm(gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells, threads):
    begin(h0, h_n)
    begin(c0, c_n)
    share(_rows, y.shape[1], threads, weight.T.copy(), lengths, reverse, y, h_n, gates, bias, c_n, saved, cells)


@task
def _rows(first, last, turned, lengths, reverse, y, h_n, gates, bias, c_n, saved, cells):
    steps, rows, n = y.shape
    w = lanes(y)
    sums = np.empty((n + w - 1) // w * 4 * w, y.dtype)
    for row in range(first, last):
        for s in range(steps):
            t = steps - 1 - s if reverse else s
            at = t * rows + row
            if t < lengths[row]:
                for unit in range(0, n, w):
                    i, some = full(y, 0), n - unit
                    f, g, o = i, i, i
                    for k in range(n):
                        h, line = full(y, h_n[row * n + k]), k * 4 * n + unit
                        i = fma(h, load_first(turned, line, some, 0), i)
                        f = fma(h, load_first(turned, line + n, some, 0), f)
                        g = fma(h, load_first(turned, line + 2 * n, some, 0), g)
                        o = fma(h, load_first(turned, line + 3 * n, some, 0), o)
                    store(sums, unit * 4, i)
                    store(sums, unit * 4 + w, f)
                    store(sums, unit * 4 + 2 * w, g)
                    store(sums, unit * 4 + 3 * w, o)
                apply_gates(sums, 0, h_n, row * n, at, row, n, gates, bias, c_n, saved, cells)
                copy_row(h_n, row * n, n, y, at * n)
            else:
                fill_row(y, at * n, n, 0)
