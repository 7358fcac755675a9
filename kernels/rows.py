"""Reductions along one axis: how vectors walk over an array (outer, n, inner), whose sums run along n.

    inner = 1: a row lies in one piece, and          inner > 1: a vector holds neighbouring columns, and walks down
    a vector holds neighbours of one row             all rows of them; what it reduces to is a vector, too

        ┌─────────────────┐                              │ ▓▓▓ │
        │ ▓▓▓ ▓▓▓ ▓▓▓ ▓▓▓ │ → a number                   │ ▓▓▓ │ ↓
        └─────────────────┘                              │ ▓▓▓ │ → a vector of numbers

Both are one walk, from a start to an end in steps, `count` lanes at a time; only where the sums are put together do
they differ:

    for group in range(groups(x)):
        start, end, step, count = walk(x, group)
        for i in range(start, end, step):
            v = load_first(x, i, min(count, end - i), other)

`other` is what the lanes beyond the end hold; it must not count. The order of a sum is that of the walk, whatever the
number of threads.
"""

import math

from .jit import inline
from .simd import add_lanes, full, lanes, larger, largest_lane, load, load_first, store_first


@inline
def groups(x):
    """Rows, or groups of columns as wide as a vector."""
    outer, n, inner = x.shape
    if n == 0:
        return 0
    return outer if inner == 1 else outer * ((inner + lanes(x) - 1) // lanes(x))


@inline
def place(x, group):
    """A group's place: in outer, its first column in inner, and how many columns it has."""
    inner = x.shape[2]
    w = lanes(x) if inner > 1 else 1
    across = (inner + w - 1) // w
    i = group % across * w
    return group // across, i, min(w, inner - i)


@inline
def walk(x, group):
    """Where a group's walk begins, where it ends, its step, and how many lanes it uses at most."""
    _, n, inner = x.shape
    w = lanes(x)
    if inner == 1:
        return group * n, (group + 1) * n, w, w
    outer, i, columns = place(x, group)
    start = outer * n * inner + i
    return start, start + (n - 1) * inner + columns, inner, columns


@inline
def largest(x, start, end, step, count):
    """The largest number of each row or column, in all lanes or in its own. A NaN may be passed over: the sum that
    follows will show it."""
    w = lanes(x)
    a = full(x, -math.inf)
    b = a  # two, so that neither waits for the other
    whole = end - (end - start) % (2 * w) if step == w else start
    for i in range(start, whole, 2 * w):
        a, b = larger(load(x, i), a), larger(load(x, i + w), b)
    for i in range(whole, end, step):
        a = larger(load_first(x, i, min(count, end - i), -math.inf), a)
    a = larger(a, b)
    return full(x, largest_lane(a)) if x.shape[2] == 1 else a


@inline
def combined(x, total):
    """The sum of a row in all lanes, or those of columns each in its own."""
    return full(x, add_lanes(total)) if x.shape[2] == 1 else total


@inline
def sum_rows(x, first, last, out, o):
    """out[o …] = the sum of rows first … last − 1 of x, vectors of columns side by side in registers."""
    w, columns = lanes(x), x.shape[1]
    for j in range(0, columns, 4 * w):
        n = columns - j
        a = full(x, 0)
        b, c, d = a, a, a
        for i in range(first * columns + j, last * columns + j, columns):
            a, b = a + load_first(x, i, n, 0), b + load_first(x, i + w, n - w, 0)
            c, d = c + load_first(x, i + 2 * w, n - 2 * w, 0), d + load_first(x, i + 3 * w, n - 3 * w, 0)
        store_first(out, o + j, n, a)
        store_first(out, o + j + w, n - w, b)
        store_first(out, o + j + 2 * w, n - 2 * w, c)
        store_first(out, o + j + 3 * w, n - 3 * w, d)
