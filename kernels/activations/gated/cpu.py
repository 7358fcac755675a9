"""Gated activations on the CPU: x (outer, 2n) is rows of two halves, a and b; y (outer, n) is a · f(b).

Rows are cut into parts of PIECE elements, so that a single long row is shared out too.
"""

from ...elementwise import PIECE
from ...jit import inline, kernel, task
from ...share import enough, share
from ...simd import lanes, load_first, store_first
from .. import formulas as f
from ..smooth import formulas as smooth


@kernel("in real[:, ::1], out real[:, ::1]")
def glu(x, y, threads):
    share(_gated, _parts(y), enough(threads, y.size * 4), f.sigmoid, x, y)


@kernel("in real[:, ::1], in real[:, ::1], out real[:, ::1]")
def glu_backward(grad, x, grad_x, threads):
    share(
        _gated_backward,
        _parts(grad),
        enough(threads, grad.size * 4),
        f.sigmoid,
        _sigmoid_backward,
        grad,
        x,
        grad_x,
    )


@kernel("in real[:, ::1], out real[:, ::1]")
def swiglu(x, y, threads):
    share(_gated, _parts(y), enough(threads, y.size * 4), smooth.silu, x, y)


@kernel("in real[:, ::1], in real[:, ::1], out real[:, ::1]")
def swiglu_backward(grad, x, grad_x, threads):
    threads = enough(threads, grad.size * 4)
    share(_gated_backward, _parts(grad), threads, smooth.silu, smooth.silu_backward, grad, x, grad_x)


@kernel("in real[:, ::1], out real[:, ::1]")
def geglu(x, y, threads):
    share(_gated, _parts(y), enough(threads, y.size * 4), f.gelu, x, y)


@kernel("in real[:, ::1], in real[:, ::1], out real[:, ::1]")
def geglu_backward(grad, x, grad_x, threads):
    threads = enough(threads, grad.size * 4)
    share(_gated_backward, _parts(grad), threads, f.gelu, f.gelu_backward, grad, x, grad_x)


@kernel("in real[:, ::1], out real[:, ::1]")
def reglu(x, y, threads):
    share(_gated, _parts(y), enough(threads, y.size), f.relu, x, y)


@kernel("in real[:, ::1], in real[:, ::1], out real[:, ::1]")
def reglu_backward(grad, x, grad_x, threads):
    threads = enough(threads, grad.size)
    share(_gated_backward, _parts(grad), threads, f.relu, f.relu_backward, grad, x, grad_x)


@inline
def _sigmoid_backward(g, v):
    return f.sigmoid_backward(g, f.sigmoid(v))


@inline
def _parts(y):
    """Of an array (outer, n)."""
    return y.shape[0] * ((y.shape[1] + PIECE - 1) // PIECE)


@task
def _gated(first, last, f, x, y):
    """y = a · f(b), where each row of x is a, then b."""
    n, w = y.shape[1], lanes(y)
    across = (n + PIECE - 1) // PIECE
    for part in range(first, last):
        row, j = part // across, part % across * PIECE
        for i in range(j, min(j + PIECE, n), w):
            a, b = 2 * row * n + i, (2 * row + 1) * n + i
            store_first(y, row * n + i, n - i, load_first(x, a, n - i, 0) * f(load_first(x, b, n - i, 0)))


@task
def _gated_backward(first, last, f, f_backward, grad, x, grad_x):
    """grad · f(b), then f_backward(grad · a, b)."""
    n, w = grad.shape[1], lanes(grad)
    across = (n + PIECE - 1) // PIECE
    for part in range(first, last):
        row, j = part // across, part % across * PIECE
        for i in range(j, min(j + PIECE, n), w):
            a, b = 2 * row * n + i, (2 * row + 1) * n + i
            g, v = load_first(grad, row * n + i, n - i, 0), load_first(x, b, n - i, 0)
            store_first(grad_x, a, n - i, g * f(v))
            store_first(grad_x, b, n - i, f_backward(g * load_first(x, a, n - i, 0), v))
