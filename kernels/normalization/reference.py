"""Normalisation in NumPy: its definition. Arrays are (rows, n); a weight or a bias that there isn't is empty."""

import numpy as np


def layer_norm(x, weight, bias, eps):
    normal, scale = _layer(x, eps)
    statistics = np.concatenate([_mean(x), np.zeros_like(scale), scale], axis=1)
    return normal * _factors(weight) + (bias if bias.size else 0), statistics


def layer_norm_backward(grad, x, weight, eps, statistics):
    normal, scale = _layer(x, eps)
    if statistics.size:
        mean, rest, scale = np.split(statistics, 3, axis=1)
        normal = ((x - mean) - rest) * scale
    slope = grad * _factors(weight)
    along = _mean(slope) + normal * _mean(slope * normal)  # what a mean of 0 and a variance of 1 take away
    return scale * (slope - along), (grad * normal).sum(axis=0), grad.sum(axis=0)


def rms_norm(x, weight, eps):
    normal, _ = _rms(x, eps)
    return normal * _factors(weight)


def rms_norm_backward(grad, x, weight, eps):
    normal, scale = _rms(x, eps)
    slope = grad * _factors(weight)
    return scale * (slope - normal * _mean(slope * normal)), (grad * normal).sum(axis=0)


def _layer(x, eps):
    return _rms(x - _mean(x), eps)


def _rms(x, eps):
    """Rows whose root mean square is 1, and what they were multiplied by."""
    scale = 1 / np.sqrt(_mean(x * x) + eps)
    return x * scale, scale


def _mean(x):
    return x.sum(axis=1, keepdims=True) / max(x.shape[1], 1)


def _factors(weight):
    return weight if weight.size else 1
