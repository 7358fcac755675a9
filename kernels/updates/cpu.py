"""Optimizer steps on the CPU: one pass over the flat arrays. A state that isn't used has size 0."""

import math

from numba import prange

from ..jit import kernel


@kernel("out real[::1], in real[::1], out real[::1], real, real, real, real, bool, bool")
def sgd(parameter, grad, buffer, lr, momentum, kept, weight_decay, nesterov, first):
    for i in prange(parameter.size):
        g = grad[i] + weight_decay * parameter[i]
        if buffer.size:
            b = g if first else momentum * buffer[i] + kept * g
            buffer[i] = b
            g = g + momentum * b if nesterov else b
        parameter[i] -= lr * g


@kernel("out real[::1], in real[::1], out real[::1], out real[::1], real, real, real, real, real, real, real, real")
def adam(parameter, grad, exp_avg, exp_avg_sq, step_size, correction, rest1, beta2, rest2, eps, l2, keep):
    for i in prange(parameter.size):
        g = grad[i] + l2 * parameter[i]
        m = exp_avg[i] + rest1 * (g - exp_avg[i])
        v = beta2 * exp_avg_sq[i] + rest2 * g * g
        exp_avg[i], exp_avg_sq[i] = m, v
        parameter[i] = keep * parameter[i] - step_size * m / (math.sqrt(v) * correction + eps)


@kernel("out real[::1], in real[::1], out real[::1], out real[::1], out real[::1], real, real, real, real, real, real")
def rmsprop(parameter, grad, square_avg, buffer, grad_avg, lr, alpha, rest, eps, weight_decay, momentum):
    for i in prange(parameter.size):
        g = grad[i] + weight_decay * parameter[i]
        v = alpha * square_avg[i] + rest * g * g
        square_avg[i] = v
        if grad_avg.size:
            average = grad_avg[i] + rest * (g - grad_avg[i])
            grad_avg[i] = average
            v -= average * average
        direction = g / (math.sqrt(v) + eps)
        if buffer.size:
            direction += momentum * buffer[i]
            buffer[i] = direction
        parameter[i] -= lr * direction
