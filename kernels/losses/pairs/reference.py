"""Losses of several predictions in NumPy: their definition. Each returns the losses, the gradients and the total."""

import numpy as np

from ..reduced import reduced

TINY = float(np.float32(1e-12))  # as in PyTorch


def margin_ranking_loss(input1, input2, target, margin, scale):
    left = margin - target * (input1 - input2)
    slope = np.where(left >= 0, target, 0)
    return reduced(np.maximum(left, 0), scale, -slope, slope)


def cosine_embedding_loss(a, b, target, margin, scale):
    square_a, square_b = (a**2).sum(1, keepdims=True) + TINY, (b**2).sum(1, keepdims=True) + TINY
    size, target = np.sqrt(square_a * square_b), target[:, None]
    cosine = (a * b).sum(1, keepdims=True) / size
    alike, unlike = target == 1, target == -1
    loss = np.where(alike, 1 - cosine, np.where(unlike, np.maximum(cosine - margin, 0), 0))
    slope = (unlike & (cosine >= margin)).astype(a.dtype) - alike
    by_a, by_b = b / size - cosine * a / square_a, a / size - cosine * b / square_b
    return reduced(loss[:, 0], scale, slope * by_a, slope * by_b)


def cosine_similarity_loss(a, b, scale):
    size = np.sqrt((a**2).sum(1, keepdims=True))
    unit_a, unit_b = a / np.maximum(size, 1e-7), b / np.maximum(np.sqrt((b**2).sum(1, keepdims=True)), 1e-7)
    cosine = (unit_a * unit_b).sum(1, keepdims=True)
    along = np.where(size < 1e-7, 0, cosine * unit_a)
    return reduced(-cosine[:, 0], scale, (along - unit_b) / np.maximum(size, 1e-7))


def triplet_margin_loss(a, b, c, margin, p, eps, swap, scale):
    near, far, other = (_distance(x, y, p, eps) for x, y in ((a, b), (a, c), (b, c)))
    swapped = swap & (other < far)
    left = margin + near - np.where(swapped, other, far)
    slope = (left >= 0).astype(a.dtype)
    pull = slope * _slope(a - b + eps, near, p)
    push = slope * np.where(swapped, _slope(b - c + eps, other, p), _slope(a - c + eps, far, p))
    by_a, by_b = np.where(swapped, pull, pull - push), np.where(swapped, -pull - push, -pull)
    return reduced(np.maximum(left, 0)[:, 0], scale, by_a, by_b, push)


def _distance(x, y, p, eps):
    return (abs(x - y + eps) ** p).sum(1, keepdims=True) ** (1 / p)


def _slope(v, distance, p):
    """Of the distance by v."""
    return np.where(v == 0, 0, np.sign(v) * (abs(v) / distance) ** (p - 1))
