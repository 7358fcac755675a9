"""Convolution in NumPy: its definition, a sum over the window's places of products with all that is seen there."""

import itertools

import numpy as np

from .geometry import unpack


def convolution(x, weight, bias, geometry, precision):
    geometry, size = unpack(geometry)
    n, groups, outputs = len(x), geometry.groups, len(weight)
    w = weight.reshape(groups, outputs // groups, *weight.shape[1:])
    y = np.zeros((n, groups, outputs // groups, *size), x.dtype)
    for place, seen in _windows(x, weight.shape[2:], geometry, size):
        y += np.einsum("ngcdhw,goc->ngodhw", seen, w[(..., *place)])
    y = y.reshape(n, outputs, *size)
    return y + bias[:, None, None, None] if bias.size else y


def transposed(x, weight, bias, geometry, precision):
    """The gradient of a convolution by its input, x being that of its output; with a bias."""
    geometry, size = unpack(geometry)
    n, groups = len(x), geometry.groups
    w = weight.reshape(groups, len(weight) // groups, *weight.shape[1:])
    y = np.zeros((n, w.shape[2] * groups, *size), x.dtype)
    parts = x.reshape(n, groups, w.shape[1], *x.shape[2:])
    for place, rows in _places(weight.shape[2:], geometry, x.shape[2:]):
        part = np.einsum("ngodhw,goc->ngcdhw", parts, w[(..., *place)]).reshape(n, y.shape[1], *x.shape[2:])
        inside = [(row >= 0) & (row < s) for row, s in zip(rows, size)]
        kept = [row[i] for row, i in zip(rows, inside)]
        y[(slice(None), slice(None), *np.ix_(*kept))] += part[(slice(None), slice(None), *np.ix_(*inside))]
    return y + bias[:, None, None, None] if bias.size else y


def weight_gradient(grad, x, geometry, precision):
    geometry, kernel = unpack(geometry)
    n, groups = len(x), geometry.groups
    parts = grad.reshape(n, groups, grad.shape[1] // groups, *grad.shape[2:])
    out = np.zeros((groups, grad.shape[1] // groups, x.shape[1] // groups, *kernel), x.dtype)
    for place, seen in _windows(x, kernel, geometry, grad.shape[2:]):
        out[(..., *place)] = np.einsum("ngodhw,ngcdhw->goc", parts, seen)
    return out.reshape(-1, *out.shape[2:])


def _windows(x, kernel, geometry, size):
    """For each place in the window, what all positions see there: (n, groups, channels, *size)."""
    channels = x.reshape(len(x), geometry.groups, x.shape[1] // geometry.groups, *x.shape[2:])
    for place, rows in _places(kernel, geometry, size):
        seen = np.zeros((*channels.shape[:3], *size), x.dtype)
        inside = [(row >= 0) & (row < s) for row, s in zip(rows, x.shape[2:])]
        where = np.ix_(*(np.flatnonzero(i) for i in inside))
        seen[(..., *where)] = channels[(..., *np.ix_(*(row[i] for row, i in zip(rows, inside))))]
        yield place, seen


def _places(kernel, geometry, size):
    """For each place in the window, which input rows the positions see, axis by axis."""
    for place in itertools.product(*(range(k) for k in kernel)):
        every = zip(place, size, geometry.stride, geometry.padding, geometry.dilation)
        yield place, [np.arange(n) * s - p + k * d for k, n, s, p, d in every]
