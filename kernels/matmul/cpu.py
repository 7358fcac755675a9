"""The matrix product on the CPU: a block of b packed in cache, met by four rows of a at a time.

        k                 n                    n
     ┌──────┐        ┌───┬──────┐        ┌───┬──────┐
    m│ aaaa │ 4 × kc │▓▓▓│      │ kc     │   │      │
     │▒▒▒▒▒▒│   ×    ├───┘      │   =    │▒▒▒│      │ 4 rows of nc columns
     │      │        │   nc     │        │   │      │
     └──────┘        └──────────┘        └───┴──────┘

The packed block (▓, at most KC × NC) is contiguous, whatever the strides of b were, and stays in the second-level
cache while all rows pass. Four rows and four terms at a time make 16 multiply-adds of every 4 loads of b.
"""

import numpy as np
from numba import prange

from ..activations import formulas as act
from ..jit import inline, kernel

KC, NC = 256, 512


@kernel("in real[:, :, :], in real[:, :, :], in real[::1], int64, out real[:, :, ::1]", reorder=True)
def matmul(a, b, bias, activation, out):
    stack, rows, columns = out.shape
    terms = a.shape[2]
    block = np.empty((min(KC, terms), min(NC, columns)), a.dtype)
    groups = (rows + 3) // 4
    for s in range(stack):
        for j in range(0, columns, NC):
            width = min(NC, columns - j)
            for k in range(0, max(terms, 1), KC):  # once even without terms: y = act(bias)
                depth = min(KC, terms - k)
                for r in prange(depth):
                    for c in range(width):
                        block[r, c] = b[s, k + r, j + c]
                for group in prange(groups):
                    i = 4 * group
                    last = min(i + 4, rows)
                    if k == 0:
                        _start(out, s, i, last, j, width, bias)
                    if last - i == 4:
                        _four_rows(a, block, out, s, i, j, k, depth, width)
                    else:
                        for row in range(i, last):
                            _one_row(a, block, out, s, row, j, k, depth, width)
                    if k + KC >= terms:
                        for row in range(i, last):
                            _finish(out[s, row, j : j + width], activation)


@inline
def _start(out, s, first, last, j, width, bias):
    """Sums begin with the bias."""
    for i in range(first, last):
        for c in range(width):
            out[s, i, j + c] = bias[j + c] if bias.size else 0


@inline
def _four_rows(a, block, out, s, i, j, k, depth, width):
    y0, y1 = out[s, i, j : j + width], out[s, i + 1, j : j + width]
    y2, y3 = out[s, i + 2, j : j + width], out[s, i + 3, j : j + width]
    whole = depth - depth % 4
    for t in range(0, whole, 4):
        p, q, u, v = k + t, k + t + 1, k + t + 2, k + t + 3
        a00, a01, a02, a03 = a[s, i, p], a[s, i, q], a[s, i, u], a[s, i, v]
        a10, a11, a12, a13 = a[s, i + 1, p], a[s, i + 1, q], a[s, i + 1, u], a[s, i + 1, v]
        a20, a21, a22, a23 = a[s, i + 2, p], a[s, i + 2, q], a[s, i + 2, u], a[s, i + 2, v]
        a30, a31, a32, a33 = a[s, i + 3, p], a[s, i + 3, q], a[s, i + 3, u], a[s, i + 3, v]
        b0, b1, b2, b3 = block[t], block[t + 1], block[t + 2], block[t + 3]
        for c in range(width):
            x0, x1, x2, x3 = b0[c], b1[c], b2[c], b3[c]
            y0[c] += a00 * x0 + a01 * x1 + a02 * x2 + a03 * x3
            y1[c] += a10 * x0 + a11 * x1 + a12 * x2 + a13 * x3
            y2[c] += a20 * x0 + a21 * x1 + a22 * x2 + a23 * x3
            y3[c] += a30 * x0 + a31 * x1 + a32 * x2 + a33 * x3
    for t in range(whole, depth):
        for r in range(4):
            x = a[s, i + r, k + t]
            for c in range(width):
                out[s, i + r, j + c] += x * block[t, c]


@inline
def _one_row(a, block, out, s, i, j, k, depth, width):
    for t in range(depth):
        x = a[s, i, k + t]
        for c in range(width):
            out[s, i, j + c] += x * block[t, c]


@inline
def _finish(y, activation):
    """The activation, in the order of ACTIVATIONS, while the row is in the first-level cache."""
    if activation == 1:
        for c in range(y.size):
            y[c] = act.relu(y[c])
    elif activation == 2:
        for c in range(y.size):
            y[c] = act.sigmoid(y[c])
    elif activation == 3:
        for c in range(y.size):
            y[c] = act.tanh(y[c])
    elif activation == 4:
        for c in range(y.size):
            y[c] = act.gelu(y[c])
    elif activation == 5:
        for c in range(y.size):
            y[c] = act.gelu_tanh(y[c])


GROUP = 256  # rows


@kernel("in real[:, ::1], out real[::1]")
def column_sum(x, out):
    # Sums of groups of rows, then the sum of those: long columns lose little to rounding, and memory is read in order.
    rows, columns = x.shape
    sums = np.zeros(((rows + GROUP - 1) // GROUP, columns), x.dtype)
    for group in prange(sums.shape[0]):
        for i in range(group * GROUP, min((group + 1) * GROUP, rows)):
            for j in range(columns):
                sums[group, j] += x[i, j]
    out[:] = 0
    for group in range(sums.shape[0]):
        for j in range(columns):
            out[j] += sums[group, j]
