"""A matrix times a vector: every number of the matrix is needed once, so memory sets the pace, and nothing is packed.

The matrix is seen as lines, one for each result: y[line] = Σ x[term] · matrix[line, term]. Whichever of the two lies
next to each other in memory decides how it is walked, always from one byte to the next:

    terms side by side:  four lines at once, each a sum of vectors whose lanes are added up in the end
    lines side by side:  eight terms at once, added to the results, which stay in the cache
"""

import numpy as np

from ..jit import inline, task
from ..share import enough, share
from ..simd import add_lanes, fma, full, lanes, load, load_all, load_first, store_first
from .finish import finish, needed

PIECE = 128  # lines; a thread gets whole pieces


@inline
def is_vector(rows, columns, a, b):
    """Whether one side is a vector, and the other lies in memory so that it can be walked."""
    if columns == 1:
        return a.strides[2] == a.itemsize or a.strides[1] == a.itemsize
    return rows == 1 and (b.strides[1] == b.itemsize or b.strides[2] == b.itemsize)


@inline
def matrix_vector(a, b, after, out, threads):
    """The product where out has one column, or one row."""
    stack, rows, columns = out.shape
    size, terms = out.itemsize, a.shape[2]
    x = np.empty(terms, out.dtype)
    if columns == 1:
        matrix, lines, line, term = a, rows, a.strides[1] // size, a.strides[2] // size
    else:
        matrix, lines, line, term = b, columns, b.strides[2] // size, b.strides[1] // size
    threads = enough(threads, lines * terms // 4)  # they come from the cache fast
    for s in range(stack):
        for k in range(terms):  # together, whatever its stride was
            x[k] = b[s, k, 0] if columns == 1 else a[s, 0, k]
        start = s * (matrix.strides[0] // size)
        share(_lines, (lines + PIECE - 1) // PIECE, threads, matrix, start, line, term, x, out, s * lines, lines)
    if needed(after):
        finish(out, 0, columns, stack * rows, columns, 0, after)


@task
def _lines(first, last, matrix, start, line, term, x, y, y0, lines):
    first, last = first * PIECE, min(last * PIECE, lines)
    if term == 1:
        for i in range(first, last, 4):
            if i + 4 <= last:
                _four_dots(matrix, start + line * i, line, x, y, y0 + i)
            else:
                for k in range(i, last):
                    _one_dot(matrix, start + line * k, x, y, y0 + k)
    else:
        _sums(matrix, start, term, x, y, y0, first, last)


@inline
def _four_dots(matrix, start, line, x, y, y0):
    w, n = lanes(x), x.size
    zero = full(x, 0)
    s0, s1, s2, s3, t0, t1, t2, t3 = zero, zero, zero, zero, zero, zero, zero, zero
    whole = n - n % (2 * w)
    for k in range(0, whole, 2 * w):
        v, u, p = load(x, k), load(x, k + w), start + k
        s0, t0 = fma(v, load(matrix, p), s0), fma(u, load(matrix, p + w), t0)
        s1, t1 = fma(v, load(matrix, p + line), s1), fma(u, load(matrix, p + line + w), t1)
        s2, t2 = fma(v, load(matrix, p + 2 * line), s2), fma(u, load(matrix, p + 2 * line + w), t2)
        s3, t3 = fma(v, load(matrix, p + 3 * line), s3), fma(u, load(matrix, p + 3 * line + w), t3)
    for k in range(whole, n, w):
        m, p = min(w, n - k), start + k
        v = load_first(x, k, m, 0)
        s0 = fma(v, load_first(matrix, p, m, 0), s0)
        s1 = fma(v, load_first(matrix, p + line, m, 0), s1)
        s2 = fma(v, load_first(matrix, p + 2 * line, m, 0), s2)
        s3 = fma(v, load_first(matrix, p + 3 * line, m, 0), s3)
    store_first(y, y0, 1, full(y, add_lanes(s0 + t0)))
    store_first(y, y0 + 1, 1, full(y, add_lanes(s1 + t1)))
    store_first(y, y0 + 2, 1, full(y, add_lanes(s2 + t2)))
    store_first(y, y0 + 3, 1, full(y, add_lanes(s3 + t3)))


@inline
def _one_dot(matrix, start, x, y, y0):
    """As one of four: the sums are made in the same order."""
    w, n = lanes(x), x.size
    s0, t0 = full(x, 0), full(x, 0)
    whole = n - n % (2 * w)
    for k in range(0, whole, 2 * w):
        s0 = fma(load(x, k), load(matrix, start + k), s0)
        t0 = fma(load(x, k + w), load(matrix, start + k + w), t0)
    for k in range(whole, n, w):
        m = min(w, n - k)
        s0 = fma(load_first(x, k, m, 0), load_first(matrix, start + k, m, 0), s0)
    store_first(y, y0, 1, full(y, add_lanes(s0 + t0)))


@inline
def _sums(matrix, start, term, x, y, y0, first, last):
    w, n = lanes(x), x.size
    for i in range(first, last, w):
        store_first(y, y0 + i, min(w, last - i), full(x, 0))
    whole = n - n % 8
    for k in range(0, n, 8):
        if k < whole:
            a, b, c, d = load_all(x, k), load_all(x, k + 1), load_all(x, k + 2), load_all(x, k + 3)
            e, f, g, h = load_all(x, k + 4), load_all(x, k + 5), load_all(x, k + 6), load_all(x, k + 7)
            for i in range(first, last, w):
                m, p = min(w, last - i), start + term * k + i
                total = load_first(y, y0 + i, m, 0)
                total = fma(a, load_first(matrix, p, m, 0), total)
                total = fma(b, load_first(matrix, p + term, m, 0), total)
                total = fma(c, load_first(matrix, p + 2 * term, m, 0), total)
                total = fma(d, load_first(matrix, p + 3 * term, m, 0), total)
                total = fma(e, load_first(matrix, p + 4 * term, m, 0), total)
                total = fma(f, load_first(matrix, p + 5 * term, m, 0), total)
                total = fma(g, load_first(matrix, p + 6 * term, m, 0), total)
                total = fma(h, load_first(matrix, p + 7 * term, m, 0), total)
                store_first(y, y0 + i, m, total)
        else:
            for r in range(k, n):
                v = load_all(x, r)
                for i in range(first, last, w):
                    m = min(w, last - i)
                    total = load_first(y, y0 + i, m, 0)
                    store_first(y, y0 + i, m, fma(v, load_first(matrix, start + term * r + i, m, 0), total))
