"""Distances on the CPU, in one of two ways.

    few features     Σₖ (xₖ − cₖ)², four rows × two vectors of centres at a time, all sums in registers
    many features    ‖x‖² + ‖c‖² − 2 x·c: half the arithmetic, nearly all of it the matrix product's (kernels/matmul).
                     It cancels where x is near c: a pair whose distance comes out below an eighth of ‖x‖² + ‖c‖² is
                     done again, the first way. Of random rows hardly any is

Then the radial function, on the rows just made. Which way it is depends on the number of features alone, and whether a
pair is done again on the pair, never on the number of threads.
"""

import numpy as np

from ..jit import inline, kernel, task
from ..matmul.cpu import matmul
from ..rows import sum_rows
from ..share import enough, share
from ..simd import add_lanes, all_lanes, fma, full, lanes, load, load_all, load_first, store_first
from .formulas import radial, slope

MANY = 32  # features from which the product is faster
LEAST = 0.125  # of ‖x‖² + ‖c‖², that cancelling may leave
ROWS, GROUP = 4, 64  # of a tile; of a sum down the columns

MATRIX = "real[:, ::1]"
ARGUMENTS = f"in {MATRIX}, in {MATRIX}, in real[::1], int64, out {MATRIX}, out {MATRIX}"


def distance(x, centres, widths, function, distances, y):
    if x.shape[1] < MANY:
        by_differences(x, centres, widths, function, distances, y)
        return
    nothing, product = np.empty(0, x.dtype), distances if distances.size else y
    matmul(x[None], centres.T[None], nothing, nothing, 0, product[None])
    by_products(x, centres, widths, function, distances, y)


@kernel(ARGUMENTS)
def by_differences(x, centres, widths, function, distances, y, threads):
    squares = distances if distances.size else y
    w, across, terms = 2 * lanes(y), centres.shape[0], centres.shape[1]
    panels = np.zeros(((across + w - 1) // w, terms * w), x.dtype)  # two vectors of centres for each feature
    for j in range(across):
        for k in range(terms):
            panels[j // w, k * w + j % w] = centres[j, k]
    strips = (y.shape[0] + ROWS - 1) // ROWS
    after = _inverse(widths), function
    share(_strips, strips, enough(threads, y.size * (1 + terms // 4)), x, panels, after, squares, y)


@inline
def _inverse(widths):
    scales = np.empty(widths.size, widths.dtype)
    for j in range(widths.size):
        scales[j] = 1 / widths[j]
    return scales


@task
def _strips(first, last, x, panels, after, squares, y):
    rows = y.shape[0]
    for i in range(first * ROWS, min(last * ROWS, rows), ROWS):
        for panel in range(panels.shape[0]):
            _tile(x, i, panels, panel, squares)
        for row in range(i, min(i + ROWS, rows)):
            _radial_row(squares, y, row, after)


@inline
def _tile(x, i, panels, panel, squares):
    """squares[i + 0 … 3, two vectors from the panel's first column on] = Σₖ (x − c)²."""
    columns = squares.shape[1]
    w, terms, last = lanes(x), x.shape[1], x.shape[0] - 1
    i1, i2, i3 = min(i + 1, last), min(i + 2, last), min(i + 3, last)  # beyond the end the last one again
    zero = full(x, 0)
    a0, a1, a2, a3, b0, b1, b2, b3 = zero, zero, zero, zero, zero, zero, zero, zero
    at = panel * terms * 2 * w
    for k in range(terms):
        c, d = load(panels, at + 2 * w * k), load(panels, at + 2 * w * k + w)
        x0, x1 = load_all(x, i * terms + k), load_all(x, i1 * terms + k)
        x2, x3 = load_all(x, i2 * terms + k), load_all(x, i3 * terms + k)
        a0, a1, a2, a3 = _add(x0, c, a0), _add(x1, c, a1), _add(x2, c, a2), _add(x3, c, a3)
        b0, b1, b2, b3 = _add(x0, d, b0), _add(x1, d, b1), _add(x2, d, b2), _add(x3, d, b3)
    j = panel * 2 * w
    _store_two(squares, i3 * columns + j, columns - j, a3, b3)
    _store_two(squares, i2 * columns + j, columns - j, a2, b2)
    _store_two(squares, i1 * columns + j, columns - j, a1, b1)
    _store_two(squares, i * columns + j, columns - j, a0, b0)


@inline
def _add(x, c, total):
    d = x - c
    return fma(d, d, total)


@inline
def _store_two(squares, place, count, a, b):
    w = lanes(squares)
    store_first(squares, place, count, a)
    store_first(squares, place + w, count - w, b)


@inline
def _radial_row(squares, y, row, after):
    """y = φ(r) of a row of squared distances, which may be y itself."""
    scales, function = after
    w, columns = lanes(y), y.shape[1]
    if function > 0:
        for j in range(0, columns, w):
            n, place = min(w, columns - j), row * columns + j
            u = load_first(squares, place, n, 0)
            if scales.size:
                s = load_first(scales, j, n, 0)
                u = u * s * s
            store_first(y, place, n, radial(function, u))


@kernel(ARGUMENTS)
def by_products(x, centres, widths, function, distances, y, threads):
    """Where `distances`, or y without them, holds x·c."""
    squares = distances if distances.size else y
    x_squares, c_squares = np.empty(x.shape[0], x.dtype), np.empty(centres.shape[0], x.dtype)
    share(_lengths, x.shape[0], enough(threads, x.size // 8), x, x_squares)
    share(_lengths, centres.shape[0], enough(threads, centres.size // 8), centres, c_squares)
    after = _inverse(widths), function
    lengths = x_squares, c_squares
    share(_rows_of_products, x.shape[0], enough(threads, 2 * y.size), x, centres, lengths, after, squares, y)


@task
def _lengths(first, last, x, out):
    w, terms = lanes(x), x.shape[1]
    for i in range(first, last):
        a = full(x, 0)
        b = a
        for k in range(0, terms, 2 * w):
            u = load_first(x, i * terms + k, terms - k, 0)
            v = load_first(x, i * terms + k + w, terms - k - w, 0)
            a, b = fma(u, u, a), fma(v, v, b)
        out[i] = add_lanes(a + b)


@task
def _rows_of_products(first, last, x, centres, lengths, after, squares, y):
    x_squares, c_squares = lengths
    w, columns = lanes(y), y.shape[1]
    for i in range(first, last):
        length = load_all(x_squares, i)
        for j in range(0, columns, w):
            n, place = min(w, columns - j), i * columns + j
            both = length + load_first(c_squares, j, n, 0)
            d = fma(load_first(squares, place, n, 0), -2, both)
            store_first(squares, place, n, d)
            if not all_lanes((d >= LEAST * both) & (d < np.inf)):  # of NaN neither is true
                _again(x, i, centres, j, n, x_squares, c_squares, squares)
        _radial_row(squares, y, i, after)


@inline
def _again(x, i, centres, j, n, x_squares, c_squares, squares):
    """Those of n pairs that have cancelled, by the definition."""
    least = x.dtype.type(LEAST)
    for k in range(j, j + n):
        d = squares[i, k]
        if not (d >= least * (x_squares[i] + c_squares[k]) and d < np.inf):
            squares[i, k] = _one_pair(x, i, centres, k)


@inline
def _one_pair(x, i, centres, j):
    w, terms = lanes(x), x.shape[1]
    a = full(x, 0)
    b = a
    for k in range(0, terms, 2 * w):
        n = terms - k
        u = load_first(x, i * terms + k, n, 0)
        v = load_first(x, i * terms + k + w, n - w, 0)
        a = _add(u, load_first(centres, j * terms + k, n, 0), a)
        b = _add(v, load_first(centres, j * terms + k + w, n - w, 0), b)
    return add_lanes(a + b)


@kernel(f"in {MATRIX}, in {MATRIX}, in real[::1], int64, out {MATRIX}, out real[::1], out real[::1]")
def slopes(grad, distances, widths, function, pull, pulls, grad_widths, threads):
    """pull = grad · 2 φ′ / w², the sums of its columns, and −w Σ pull · u."""
    rows, columns = pull.shape
    groups = (rows + GROUP - 1) // GROUP
    sums = np.zeros((groups, columns), grad.dtype)
    spread = np.zeros((groups if widths.size else 0, columns), grad.dtype)
    after = _inverse(widths), function
    share(_slopes, groups, enough(threads, 3 * pull.size), grad, distances, after, pull, sums, spread)
    sum_rows(sums, 0, groups, pulls, 0)
    if widths.size:
        sum_rows(spread, 0, groups, grad_widths, 0)
        for j in range(columns):
            grad_widths[j] *= -widths[j]


@task
def _slopes(first, last, grad, distances, after, pull, sums, spread):
    scales, function = after
    w, columns = lanes(grad), grad.shape[1]
    for row in range(first * GROUP, min(last * GROUP, grad.shape[0])):
        group = row // GROUP * columns
        for j in range(0, columns, w):
            n, place = min(w, columns - j), row * columns + j
            s = full(grad, 1)
            if scales.size:
                s = load_first(scales, j, n, 0)
            u = load_first(distances, place, n, 0) * s * s
            h = load_first(grad, place, n, 0) * slope(function, u) * s * s
            store_first(pull, place, n, h)
            store_first(sums, group + j, n, load_first(sums, group + j, n, 0) + h)
            if scales.size:
                store_first(spread, group + j, n, fma(h, u, load_first(spread, group + j, n, 0)))
