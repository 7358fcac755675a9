"""Slopes from an array, on the CPU: one for each of axis 1 of x (outer, n, inner).

Rows are cut into parts of PIECE elements, so that a single long row is shared out too.
"""

from ...elementwise import PIECE
from ...jit import inline, kernel, task
from ...share import enough, share
from ...simd import full, lanes, load_first, store_first, where
from .. import formulas as f


@kernel("in real[:, :, ::1], in real[::1], out real[:, :, ::1]")
def prelu(x, weight, y, threads):
    share(_prelu, _stretches(x), enough(threads, x.size), x, weight, y)


@kernel("in real[:, :, ::1], in real[:, :, ::1], in real[::1], out real[:, :, ::1], out real[:, :, ::1]")
def prelu_backward(grad, x, weight, grad_x, terms, threads):
    share(_prelu_backward, _stretches(x), enough(threads, x.size), grad, x, weight, grad_x, terms)


@task
def _prelu(first, last, x, weight, y):
    for part in range(first, last):
        start, end, column = _stretch(x, part)
        for i in range(start, end, lanes(x)):
            slope = _slopes(x, weight, i - start, end - i, column)
            store_first(y, i, end - i, f.leaky_relu(load_first(x, i, end - i, 0), slope))


@task
def _prelu_backward(first, last, grad, x, weight, grad_x, terms):
    for part in range(first, last):
        start, end, column = _stretch(x, part)
        for i in range(start, end, lanes(x)):
            slope = _slopes(x, weight, i - start, end - i, column)
            g, v = load_first(grad, i, end - i, 0), load_first(x, i, end - i, 0)
            store_first(grad_x, i, end - i, f.leaky_relu_backward(g, v, slope))
            if terms.size:
                store_first(terms, i, end - i, where(v > 0, 0, g * v))


@inline
def _length(x):
    """Of a row: all channels of one element, or one channel."""
    return x.shape[1] if x.shape[2] == 1 else x.shape[2]


@inline
def _stretches(x):
    """Parts of the rows of an array (outer, n, inner)."""
    n = _length(x)
    return x.size // max(n, 1) * ((n + PIECE - 1) // PIECE)


@inline
def _stretch(x, part):
    """Where a part starts and ends in memory, and which channel is its first."""
    n = _length(x)
    across = (n + PIECE - 1) // PIECE
    row, j = part // across, part % across * PIECE
    return row * n + j, row * n + min(j + PIECE, n), j if x.shape[2] == 1 else row % x.shape[1]


@inline
def _slopes(x, weight, i, count, channel):
    """The slopes of a vector, i elements into a part that begins with this channel."""
    if x.shape[2] == 1:
        return load_first(weight, channel + i, count, 0)
    return full(x, weight[channel])
