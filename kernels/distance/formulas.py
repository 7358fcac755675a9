"""The radial functions on vectors, by u = r², and their slopes 2 φ′(u); `function` is a place in FUNCTIONS."""

from ..jit import inline
from ..simd import sqrt, where
from ..vector_math import exp, log


@inline
def radial(function, u):
    if function == 1:
        u = exp(-u)
    elif function == 2:
        u = sqrt(1 + u)
    elif function == 3:
        u = 1 / sqrt(1 + u)
    elif function == 4:
        u = where(u == 0, 0, 0.5 * u * log(u))
    return u


@inline
def slope(function, u):
    if function == 1:
        u = -2 * exp(-u)
    elif function == 2:
        u = 1 / sqrt(1 + u)
    elif function == 3:
        u = -1 / ((1 + u) * sqrt(1 + u))
    else:
        u = where(u == 0, 0, log(u) + 1)
    return u
