"""The definitions, in NumPy and in place. `sign` is −1 to maximize, else 1."""

import numpy as np


def adagrad(p, grad, total, rate, eps, l2, sign):
    g = sign * grad + l2 * p
    total += g * g
    p -= rate * g / (np.sqrt(total) + eps)


def adadelta(p, grad, square, steps, lr, rho, rest, eps, l2, sign):
    g = sign * grad + l2 * p
    square[...] = rho * square + rest * g * g
    step = np.sqrt(steps + eps) / np.sqrt(square + eps) * g
    steps[...] = rho * steps + rest * step * step
    p -= lr * step


def adamax(p, grad, mean, largest, rate, rest1, beta2, eps, l2, sign):
    g = sign * grad + l2 * p
    mean += rest1 * (g - mean)
    largest[...] = np.maximum(beta2 * largest, np.abs(g) + eps)
    p -= rate * mean / largest


def nadam(p, grad, mean, square, of_grad, of_mean, correction, rest1, beta2, rest2, eps, l2, keep, sign):
    g = sign * grad + l2 * p
    mean += rest1 * (g - mean)
    square[...] = beta2 * square + rest2 * g * g
    p *= keep
    p -= (of_grad * g + of_mean * mean) / (np.sqrt(square) * correction + eps)


def radam(p, grad, mean, square, rate, rest1, beta2, rest2, eps, l2, keep, sign, rectified):
    g = sign * grad + l2 * p
    mean += rest1 * (g - mean)
    square[...] = beta2 * square + rest2 * g * g
    p *= keep
    p -= rate * mean / (np.sqrt(square) + eps) if rectified else rate * mean


def ftrl(p, grad, squares, linear, slope, power, l1, l2, shrinkage, sign):
    g = sign * grad
    before, after = slope * squares**power, slope * (squares + g * g) ** power
    squares += g * g
    linear += g + shrinkage * p - (after - before) * p
    p[...] = (np.clip(linear, -l1, l1) - linear) / (after + l2)
