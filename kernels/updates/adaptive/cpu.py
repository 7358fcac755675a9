"""The adaptive updates on the CPU: each is a formula of vectors, and walk.py runs it. `sign` is −1 to maximize."""

from ...elementwise import pieces
from ...jit import inline, kernel
from ...share import enough, share
from ...simd import absolute, maximum, sqrt, where
from ...vector_math import exp, log
from ..walk import one_state, two_states


@kernel("out real[::1], in real[::1], out real[::1], real, real, real, real")
def adagrad(p, grad, total, rate, eps, l2, sign, threads):
    threads = enough(threads, 4 * grad.size)
    share(one_state, pieces(grad), threads, _adagrad, p, grad, total, (rate, eps, l2, sign))


@inline
def _adagrad(p, grad, total, numbers):
    rate, eps, l2, sign = numbers
    g = sign * grad + l2 * p
    total = total + g * g
    return p - rate * g / (sqrt(total) + eps), total


@kernel("out real[::1], in real[::1], out real[::1], out real[::1], real, real, real, real, real, real")
def adadelta(p, grad, square, steps, lr, rho, rest, eps, l2, sign, threads):
    numbers, threads = (lr, rho, rest, eps, l2, sign), enough(threads, 4 * grad.size)
    share(two_states, pieces(grad), threads, _adadelta, p, grad, square, steps, numbers)


@inline
def _adadelta(p, grad, square, steps, numbers):
    lr, rho, rest, eps, l2, sign = numbers
    g = sign * grad + l2 * p
    square = rho * square + rest * g * g
    step = sqrt(steps + eps) / sqrt(square + eps) * g
    return p - lr * step, square, rho * steps + rest * step * step


@kernel("out real[::1], in real[::1], out real[::1], out real[::1], real, real, real, real, real, real")
def adamax(p, grad, mean, largest, rate, rest1, beta2, eps, l2, sign, threads):
    numbers, threads = (rate, rest1, beta2, eps, l2, sign), enough(threads, 4 * grad.size)
    share(two_states, pieces(grad), threads, _adamax, p, grad, mean, largest, numbers)


@inline
def _adamax(p, grad, mean, largest, numbers):
    rate, rest1, beta2, eps, l2, sign = numbers
    g = sign * grad + l2 * p
    mean = mean + rest1 * (g - mean)
    largest = maximum(beta2 * largest, absolute(g) + eps)
    return p - rate * mean / largest, mean, largest


@kernel(
    "out real[::1], in real[::1], out real[::1], out real[::1], "
    "real, real, real, real, real, real, real, real, real, real"
)
def nadam(p, grad, mean, square, of_grad, of_mean, correction, rest1, beta2, rest2, eps, l2, keep, sign, threads):
    numbers = of_grad, of_mean, correction, rest1, beta2, rest2, eps, l2, keep, sign
    share(two_states, pieces(grad), enough(threads, 4 * grad.size), _nadam, p, grad, mean, square, numbers)


@inline
def _nadam(p, grad, mean, square, numbers):
    of_grad, of_mean, correction, rest1, beta2, rest2, eps, l2, keep, sign = numbers
    g = sign * grad + l2 * p
    mean = mean + rest1 * (g - mean)
    square = beta2 * square + rest2 * g * g
    return keep * p - (of_grad * g + of_mean * mean) / (sqrt(square) * correction + eps), mean, square


@kernel(
    "out real[::1], in real[::1], out real[::1], out real[::1], real, real, real, real, real, real, real, real, bool"
)
def radam(p, grad, mean, square, rate, rest1, beta2, rest2, eps, l2, keep, sign, rectified, threads):
    numbers = rate, rest1, beta2, rest2, eps, l2, keep, sign, rectified
    share(two_states, pieces(grad), enough(threads, 4 * grad.size), _radam, p, grad, mean, square, numbers)


@inline
def _radam(p, grad, mean, square, numbers):
    rate, rest1, beta2, rest2, eps, l2, keep, sign, rectified = numbers
    g = sign * grad + l2 * p
    mean = mean + rest1 * (g - mean)
    square = beta2 * square + rest2 * g * g
    step = mean
    if rectified:
        step = mean / (sqrt(square) + eps)
    return keep * p - rate * step, mean, square


@kernel("out real[::1], in real[::1], out real[::1], out real[::1], real, real, real, real, real, real")
def ftrl(p, grad, squares, linear, slope, power, l1, l2, shrinkage, sign, threads):
    numbers, threads = (slope, power, l1, l2, shrinkage, sign), enough(threads, 16 * grad.size)
    share(two_states, pieces(grad), threads, _ftrl, p, grad, squares, linear, numbers)


@inline
def _ftrl(p, grad, squares, linear, numbers):
    slope, power, l1, l2, shrinkage, sign = numbers
    g = sign * grad
    total = squares + g * g
    if power == 0.5:
        before, after = slope * sqrt(squares), slope * sqrt(total)
    else:
        before, after = slope * exp(power * log(squares)), slope * exp(power * log(total))
    linear = linear + (g + shrinkage * p - (after - before) * p)
    inside = where(linear > l1, l1, where(linear < -l1, -l1, linear))
    return (inside - linear) / (after + l2), total, linear
