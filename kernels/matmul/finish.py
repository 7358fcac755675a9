"""What may follow a product: bias, residual and activation, on a tile just stored, while it is still in the cache.

Kernels pass them on together: after = (bias, residual, activation), of which an array of size 0 isn't there, and the
activation is a place in ACTIVATIONS.
"""

from ..activations import formulas as act
from ..jit import inline
from ..simd import lanes, load_first, store_first


@inline
def needed(after):
    bias, residual, activation = after
    return bias.size + residual.size + activation > 0


@inline
def finish(c, c0, row, rows, columns, bias0, after):
    """c = act(c + bias + residual), for rows × columns elements from c0 on; the residual lies as c does."""
    bias, residual, activation = after
    w = lanes(c)
    for j in range(0, columns, w):
        n = min(w, columns - j)
        for i in range(rows):
            place = c0 + row * i + j
            v = load_first(c, place, n, 0)
            if bias.size:
                v += load_first(bias, bias0 + j, n, 0)
            if residual.size:
                v += load_first(residual, place, n, 0)
            if activation == 1:
                v = act.relu(v)
            elif activation == 2:
                v = act.sigmoid(v)
            elif activation == 3:
                v = act.tanh(v)
            elif activation == 4:
                v = act.gelu(v)
            elif activation == 5:
                v = act.gelu_tanh(v)
            store_first(c, place, n, v)
