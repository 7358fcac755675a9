"""The definitions, in NumPy and in place. `sign` is −1 to maximize, else 1."""

import numpy as np


def _signs(x):
    return (x > 0).astype(x.dtype) - (x < 0)


def rprop(p, grad, before, size, lower, upper, least, most, sign):
    g = sign * grad
    turn = _signs(g * before)
    size[...] = np.clip(size * np.where(turn > 0, upper, np.where(turn < 0, lower, 1)), least, most)
    g[turn < 0] = 0
    p -= size * _signs(g)
    before[...] = g


def lion(p, grad, mean, lr, beta1, rest1, beta2, rest2, keep, sign):
    g = sign * grad
    p *= keep
    p -= lr * _signs(beta1 * mean + rest1 * g)
    mean[...] = beta2 * mean + rest2 * g
