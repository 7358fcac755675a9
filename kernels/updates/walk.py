"""Updates on the CPU as formulas: a function of vectors, run over the flat arrays in place.

    share(one_state, pieces(grad), enough(threads, 4 * grad.size), adagrad, parameter, grad, sum, numbers)

where `adagrad(p, g, s, numbers)` returns the new p and s.
"""

from ..elementwise import PIECE
from ..jit import task
from ..simd import lanes, load_first, store_first


@task
def one_state(first, last, f, parameter, grad, a, numbers):
    w, end = lanes(grad), min(last * PIECE, grad.size)
    for i in range(first * PIECE, end, w):
        n = min(w, end - i)
        p, x = f(load_first(parameter, i, n, 0), load_first(grad, i, n, 0), load_first(a, i, n, 0), numbers)
        store_first(parameter, i, n, p)
        store_first(a, i, n, x)


@task
def two_states(first, last, f, parameter, grad, a, b, numbers):
    w, end = lanes(grad), min(last * PIECE, grad.size)
    for i in range(first * PIECE, end, w):
        n = min(w, end - i)
        p, g = load_first(parameter, i, n, 0), load_first(grad, i, n, 0)
        p, x, y = f(p, g, load_first(a, i, n, 0), load_first(b, i, n, 0), numbers)
        store_first(parameter, i, n, p)
        store_first(a, i, n, x)
        store_first(b, i, n, y)
