"""The definitions, in NumPy and in place. `sign` is −1 to maximize, else 1."""

import numpy as np


def asgd(p, grad, average, eta, keep, mu, l2, sign):
    g = sign * grad + l2 * p
    p *= keep
    p -= eta * g
    average[...] = p if mu == 1 else average + mu * (p - average)


def schedule_free(y, grad, z, square, lr, of_step, weight, correction, beta2, rest2, eps, decay, sign):
    g = sign * grad
    square[...] = beta2 * square + rest2 * g * g
    step = g / (np.sqrt(square) * correction + eps) + decay * y
    y += weight * (z - y) - of_step * step
    z -= lr * step
