"""Optimizer steps on the CPU: one pass over the flat arrays. A state that isn't used has size 0.
`sign` is −1 to maximize, else 1.

Every array is read and written where it lies, so its lines are in the cache when they are stored to: no streaming here.
"""

from ..elementwise import PIECE, pieces
from ..jit import kernel, task
from ..share import enough, share
from ..simd import lanes, load_first, maximum, sqrt, store_first


@kernel("out real[::1], in real[::1], out real[::1], real, real, real, real, real, bool, bool")
def sgd(parameter, grad, buffer, lr, momentum, kept, weight_decay, sign, nesterov, first, threads):
    numbers = lr, momentum, kept, weight_decay, sign
    threads = enough(threads, parameter.size)
    share(_sgd, pieces(grad), threads, parameter, grad, buffer, numbers, nesterov, first)


@task
def _sgd(start, stop, parameter, grad, buffer, numbers, nesterov, first):
    lr, momentum, kept, weight_decay, sign = numbers
    w, end = lanes(grad), min(stop * PIECE, grad.size)
    for i in range(start * PIECE, end, w):
        n = min(w, end - i)
        p = load_first(parameter, i, n, 0)
        g = sign * load_first(grad, i, n, 0) + weight_decay * p
        if buffer.size:
            b = g
            if not first:
                b = momentum * load_first(buffer, i, n, 0) + kept * g
            store_first(buffer, i, n, b)
            g = g + momentum * b if nesterov else b
        store_first(parameter, i, n, p - lr * g)


@kernel(
    "out real[::1], in real[::1], out real[::1], out real[::1], out real[::1], "
    "real, real, real, real, real, real, real, real, real"
)
def adam(
    p, grad, exp_avg, exp_avg_sq, largest, step_size, correction, rest1, beta2, rest2, eps, l2, keep, sign, threads
):
    numbers = step_size, correction, rest1, beta2, rest2, eps, l2, keep, sign
    share(_adam, pieces(grad), enough(threads, 4 * grad.size), p, grad, exp_avg, exp_avg_sq, largest, numbers)


@task
def _adam(first, last, parameter, grad, exp_avg, exp_avg_sq, largest, numbers):
    step_size, correction, rest1, beta2, rest2, eps, l2, keep, sign = numbers
    w, end = lanes(grad), min(last * PIECE, grad.size)
    for i in range(first * PIECE, end, w):
        n = min(w, end - i)
        p, m, v = load_first(parameter, i, n, 0), load_first(exp_avg, i, n, 0), load_first(exp_avg_sq, i, n, 0)
        g = sign * load_first(grad, i, n, 0) + l2 * p
        m = m + rest1 * (g - m)
        v = beta2 * v + rest2 * g * g
        store_first(exp_avg, i, n, m)
        store_first(exp_avg_sq, i, n, v)
        if largest.size:
            v = maximum(load_first(largest, i, n, 0), v)
            store_first(largest, i, n, v)
        store_first(parameter, i, n, keep * p - step_size * m / (sqrt(v) * correction + eps))


@kernel(
    "out real[::1], in real[::1], out real[::1], out real[::1], out real[::1], real, real, real, real, real, real, real"
)
def rmsprop(p, grad, square_avg, buffer, grad_avg, lr, alpha, rest, eps, weight_decay, momentum, sign, threads):
    numbers = lr, alpha, rest, eps, weight_decay, momentum, sign
    threads = enough(threads, 4 * grad.size)
    share(_rmsprop, pieces(grad), threads, p, grad, square_avg, buffer, grad_avg, numbers)


@task
def _rmsprop(first, last, parameter, grad, square_avg, buffer, grad_avg, numbers):
    lr, alpha, rest, eps, weight_decay, momentum, sign = numbers
    w, end = lanes(grad), min(last * PIECE, grad.size)
    for i in range(first * PIECE, end, w):
        n = min(w, end - i)
        p = load_first(parameter, i, n, 0)
        g = sign * load_first(grad, i, n, 0) + weight_decay * p
        v = alpha * load_first(square_avg, i, n, 0) + rest * g * g
        store_first(square_avg, i, n, v)
        if grad_avg.size:
            average = load_first(grad_avg, i, n, 0)
            average = average + rest * (g - average)
            store_first(grad_avg, i, n, average)
            v = v - average * average
        direction = g / (sqrt(v) + eps)
        if buffer.size:
            direction = direction + momentum * load_first(buffer, i, n, 0)
            store_first(buffer, i, n, direction)
        store_first(parameter, i, n, p - lr * direction)
