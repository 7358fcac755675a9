"""Optimizer steps in NumPy, in place: their definition. The arguments are those of the kernels.

A state that isn't used is an array of size 0. `sign` is −1 to maximize, else 1.
"""

import numpy as np


def sgd(parameter, grad, buffer, lr, momentum, kept, weight_decay, sign, nesterov, first):
    g = sign * grad + weight_decay * parameter
    if momentum:
        buffer[...] = g if first else momentum * buffer + kept * g
        g = g + momentum * buffer if nesterov else buffer
    parameter -= (lr * g).astype(parameter.dtype)


def adam(p, grad, exp_avg, exp_avg_sq, largest, step_size, correction, rest1, beta2, rest2, eps, l2, keep, sign):
    g = sign * grad + l2 * p
    exp_avg += rest1 * (g - exp_avg)
    exp_avg_sq[...] = beta2 * exp_avg_sq + rest2 * g * g
    square = exp_avg_sq
    if largest.size:
        square = np.maximum(largest, exp_avg_sq, out=largest)
    p *= keep
    p -= step_size * exp_avg / (np.sqrt(square) * correction + eps)


def rmsprop(parameter, grad, square_avg, buffer, grad_avg, lr, alpha, rest, eps, weight_decay, momentum, sign):
    g = sign * grad + weight_decay * parameter
    square_avg[...] = alpha * square_avg + rest * g * g
    variance = square_avg
    if grad_avg.size:
        grad_avg += rest * (g - grad_avg)
        variance = square_avg - grad_avg * grad_avg
    direction = g / (np.sqrt(variance) + eps)
    if buffer.size:
        buffer[...] = momentum * buffer + direction
        direction = buffer
    parameter -= lr * direction
