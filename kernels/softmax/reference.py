"""Softmax in NumPy: its definition. Arrays are (outer, n, inner)."""

import numpy as np


def softmax(x):
    if not x.size:
        return x
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(grad, y):
    return y * (grad - (grad * y).sum(axis=1, keepdims=True))


def log_softmax(x):
    if not x.size:
        return x
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def log_softmax_backward(grad, y):
    return grad - np.exp(y) * grad.sum(axis=1, keepdims=True)


def sparsemax(x):
    """Algorithm 1 of arXiv:1602.02068: the k largest are kept, k as large as 1 + k z₍ₖ₎ > z₍₁₎ + … + z₍ₖ₎ allows."""
    if not x.size:
        return x
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        shifted = x - x.max(axis=1, keepdims=True)
    falling = -np.sort(-shifted, axis=1)
    k = np.arange(1, x.shape[1] + 1, dtype=x.dtype)[:, None]
    sums = np.cumsum(falling, axis=1)
    kept = (1 + k * falling > sums).sum(axis=1, keepdims=True)
    last = np.maximum(kept, 1)
    tau = (np.take_along_axis(sums, last - 1, axis=1) - 1) / last.astype(x.dtype)
    hopeless = np.isnan(shifted).any(axis=1, keepdims=True)
    return np.where(hopeless, np.nan, np.maximum(shifted - tau, 0))


def sparsemax_backward(grad, y):
    kept = ~(y <= 0)  # a NaN makes all NaN
    with np.errstate(invalid="ignore"):
        mean = np.where(kept, grad + 0 * y, 0).sum(axis=1, keepdims=True)
        mean /= kept.sum(axis=1, keepdims=True, dtype=grad.dtype)
    return np.where(kept, grad - mean, 0)
