"""Rung 1: the definition, a number at a time: each unit walks along the four rows of the weight that are its own.

The sums wait for each addition, and a step reads the whole weight again for each row of the batch. The top of the
ladder makes tiles of rows and vectors of units, as any product of matrices.
"""

import math

import numpy as np

from ....jit import inline, kernel, task
from ....share import share

FLAT = "real[::1]"


@kernel(
    f"in real[:, :, ::1], in real[:, ::1], in {FLAT}, in {FLAT}, in {FLAT}, in int64[::1], bool, "
    f"out real[:, :, ::1], out real[:, ::1], out real[:, ::1], out {FLAT}, out {FLAT}"
)
def lstm(gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells, threads):
    arrays = gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells
    share(_rows, h_n.shape[0], threads, arrays)


@task
def _rows(first, last, arrays):
    gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells = arrays
    steps, rows, n = y.shape
    g = np.empty(4, y.dtype)
    for row in range(first, last):
        for unit in range(n):
            h_n[row, unit] = h0[row * n + unit] if h0.size else 0
            c_n[row, unit] = c0[row * n + unit] if c0.size else 0
        for s in range(steps):
            t = steps - 1 - s if reverse else s
            for unit in range(n):
                y[t, row, unit] = 0
                if t < lengths[row]:
                    for gate in range(4):
                        line = gate * n + unit
                        total = gates[t, row, line] + (bias[line] if bias.size else 0)
                        for k in range(n):
                            total += weight[line, k] * h_n[row, k]
                        g[gate] = math.tanh(total) if gate == 2 else _sigmoid(total)
                        if saved.size:
                            saved[(t * rows + row) * 4 * n + line] = g[gate]
                    c = g[1] * c_n[row, unit] + g[0] * g[2]
                    c_n[row, unit], y[t, row, unit] = c, g[3] * math.tanh(c)
                    if saved.size:
                        cells[(t * rows + row) * n + unit] = c
            if t < lengths[row]:  # only now: every unit has read the old state
                h_n[row] = y[t, row]


@inline
def _sigmoid(x):
    return 1 / (1 + math.exp(-x))
