"""Group norm in NumPy: its definition. x is (n · groups, channels, spatial); a parameter that there isn't is empty."""

import numpy as np


def group_norm(x, weight, bias, groups, eps):
    mean = x.mean((1, 2))
    scale = 1 / np.sqrt(x.var((1, 2)) + eps)
    normal = (x - mean[:, None, None]) * scale[:, None, None]
    y = normal * _of_channels(x, weight, groups, 1) + _of_channels(x, bias, groups, 0)
    return y, np.stack([mean, np.zeros_like(mean), scale])


def group_norm_backward(grad, x, weight, statistics, groups):
    pivot, rest, scale = statistics[:, :, None, None]
    normal = ((x - pivot) - rest) * scale
    g = grad * _of_channels(x, weight, groups, 1)
    along = (g * normal).mean((1, 2), keepdims=True)
    grad_x = scale * (g - g.mean((1, 2), keepdims=True) - normal * along)
    of_channels = (terms.sum(2).reshape(-1, groups * x.shape[1]).sum(0) for terms in (grad * normal, grad))
    return grad_x, *of_channels


def _of_channels(x, parameter, groups, default):
    """One number a channel, beside x."""
    return np.tile(parameter.reshape(groups, -1, 1), (len(x) // groups, 1, 1)) if parameter.size else default
