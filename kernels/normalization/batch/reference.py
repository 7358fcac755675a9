"""Batch norm in NumPy: its definition. x is (n, channels, spatial); a parameter that there isn't is empty."""

import numpy as np


def batch_norm(x, weight, bias, mean, variance, training, momentum, eps, relu):
    found_mean, found_variance = (x.mean((0, 2)), x.var((0, 2))) if training else (mean, variance)
    scale = 1 / np.sqrt(found_variance + eps)
    y = _line((x - _along(found_mean)) * _along(scale), weight, bias)
    y = np.maximum(y, 0) if relu else y  # a NaN stays one
    statistics = np.stack([found_mean, np.zeros_like(scale), scale])
    size = x.shape[0] * x.shape[2]
    unbiased = found_variance * (size / (size - 1)) if training else found_variance
    return y, statistics, _moved(mean, found_mean, momentum), _moved(variance, unbiased, momentum)


def batch_norm_backward(grad, x, weight, bias, statistics, training, relu):
    pivot, rest, scale = statistics
    normal = ((x - _along(pivot)) - _along(rest)) * _along(scale)
    if relu:
        grad = np.where(_line(normal, weight, bias) <= 0, x.dtype.type(0), grad)
    along, slope = (grad * normal).sum((0, 2)), grad.sum((0, 2))
    factor = _along(scale) * _along(weight, 1)
    if not training:
        return factor * grad, along, slope
    size = x.shape[0] * x.shape[2]
    return factor * (grad - _along(slope) / size - normal * (_along(along) / size)), along, slope


def _line(normal, weight, bias):
    return normal * _along(weight, 1) + _along(bias, 0)


def _along(parameter, default=0.0):
    """One number a channel, beside (n, channels, spatial)."""
    return parameter[:, None] if parameter.size else default


def _moved(old, new, momentum):
    return old + momentum * (new - old) if old.size else old
