"""The updates by signs on the CPU. `sign` is −1 to maximize."""

from ...elementwise import pieces
from ...jit import inline, kernel
from ...share import enough, share
from ...simd import maximum, minimum, where
from ..walk import one_state, two_states


@inline
def _against(p, size, x):
    """p − size · sign x; p where x is 0 or NaN."""
    return where(x > 0, p - size, where(x < 0, p + size, p))


@kernel("out real[::1], in real[::1], out real[::1], out real[::1], real, real, real, real, real")
def rprop(p, grad, before, size, lower, upper, least, most, sign, threads):
    numbers, threads = (lower, upper, least, most, sign), enough(threads, 4 * grad.size)
    share(two_states, pieces(grad), threads, _rprop, p, grad, before, size, numbers)


@inline
def _rprop(p, grad, before, size, numbers):
    lower, upper, least, most, sign = numbers
    g = sign * grad
    turn = g * before
    size = where(turn > 0, upper * size, where(turn < 0, lower * size, size))
    size = minimum(maximum(size, least), most)
    g = where(turn < 0, 0, g)
    return _against(p, size, g), g, size


@kernel("out real[::1], in real[::1], out real[::1], real, real, real, real, real, real, real")
def lion(p, grad, mean, lr, beta1, rest1, beta2, rest2, keep, sign, threads):
    numbers, threads = (lr, beta1, rest1, beta2, rest2, keep, sign), enough(threads, 4 * grad.size)
    share(one_state, pieces(grad), threads, _lion, p, grad, mean, numbers)


@inline
def _lion(p, grad, mean, numbers):
    lr, beta1, rest1, beta2, rest2, keep, sign = numbers
    g = sign * grad
    return _against(keep * p, lr, beta1 * mean + rest1 * g), beta2 * mean + rest2 * g
