"""Losses of real predictions in NumPy: their definition. Each returns the losses, the gradient and the total."""

import math

import numpy as np

from ..reduced import reduced


def l1_loss(input, target, scale):
    difference = input - target
    return reduced(abs(difference), scale, _sign(difference))


def mse_loss(input, target, scale):
    difference = input - target
    return reduced(difference**2, scale, 2 * difference)


def huber_loss(input, target, delta, scale):
    difference = input - target
    size = abs(difference)
    loss = np.where(size <= delta, difference**2 / 2, delta * (size - delta / 2))
    return reduced(loss, scale, np.clip(difference, -delta, delta))


def smooth_l1_loss(input, target, beta, scale):
    if beta == 0:
        return l1_loss(input, target, scale)
    difference = input - target
    size = abs(difference)
    loss = np.where(size < beta, difference**2 / (2 * beta), size - beta / 2)
    return reduced(loss, scale, np.clip(difference / beta, -1, 1))


def poisson_nll_log(input, target, full, scale):
    loss = np.exp(input) - target * input + full * _log_factorial(target)
    return reduced(loss, scale, np.exp(input) - target)


def poisson_nll(input, target, full, eps, scale):
    loss = input - target * np.log(input + eps) + full * _log_factorial(target)
    return reduced(loss, scale, 1 - target / (input + eps))


def gaussian_nll_loss(input, target, var, constant, eps, scale):
    difference, var = input - target, np.maximum(var, eps)
    loss = (np.log(var) + difference**2 / var) / 2 + constant
    return reduced(loss, scale, difference / var, (1 / var - difference**2 / var**2) / 2)


def kl_div(input, target, scale):
    loss = np.where(target == 0, 0, target * np.log(target)) - target * input
    return reduced(loss, scale, -target)


def kl_div_log(input, target, scale):
    return reduced(np.exp(target) * (target - input), scale, -np.exp(target))


def log_cosh_loss(input, target, scale):
    difference = input - target
    return reduced(np.logaddexp(difference, -difference) - math.log(2), scale, np.tanh(difference))


def mean_absolute_percentage_error(input, target, scale):
    difference, size = input - target, np.maximum(abs(target), 1e-7)
    return reduced(100 * abs(difference) / size, scale, 100 * _sign(difference) / size)


def mean_squared_logarithmic_error(input, target, scale):
    difference = np.log(np.maximum(input, 1e-7) + 1) - np.log(np.maximum(target, 1e-7) + 1)
    return reduced(difference**2, scale, np.where(input <= 1e-7, 0, 2 * difference / (input + 1)))


def _sign(x):
    """Of NaN it is 0, as in PyTorch."""
    return np.where(np.isnan(x), 0, np.sign(x))


def _log_factorial(target):
    """Stirling's approximation, for counts above 1."""
    t = np.where(target > 1, target, 1)
    return np.where(target > 1, t * np.log(t) - t + np.log(2 * np.pi * t) / 2, 0)
