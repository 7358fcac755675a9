"""The averaging updates on the CPU. `sign` is −1 to maximize."""

from ...elementwise import pieces
from ...jit import inline, kernel
from ...share import enough, share
from ...simd import sqrt
from ..walk import one_state, two_states


@kernel("out real[::1], in real[::1], out real[::1], real, real, real, real, real")
def asgd(p, grad, average, eta, keep, mu, l2, sign, threads):
    numbers, threads = (eta, keep, mu, l2, sign), enough(threads, 4 * grad.size)
    share(one_state, pieces(grad), threads, _asgd, p, grad, average, numbers)


@inline
def _asgd(p, grad, average, numbers):
    eta, keep, mu, l2, sign = numbers
    p = keep * p - eta * (sign * grad + l2 * p)
    return p, p if mu == 1 else average + mu * (p - average)


@kernel(
    "out real[::1], in real[::1], out real[::1], out real[::1], real, real, real, real, real, real, real, real, real"
)
def schedule_free(y, grad, z, square, lr, of_step, weight, correction, beta2, rest2, eps, decay, sign, threads):
    numbers = lr, of_step, weight, correction, beta2, rest2, eps, decay, sign
    share(two_states, pieces(grad), enough(threads, 4 * grad.size), _schedule_free, y, grad, z, square, numbers)


@inline
def _schedule_free(y, grad, z, square, numbers):
    lr, of_step, weight, correction, beta2, rest2, eps, decay, sign = numbers
    g = sign * grad
    square = beta2 * square + rest2 * g * g
    step = g / (sqrt(square) * correction + eps) + decay * y
    return y + weight * (z - y) - of_step * step, z - lr * step, square
