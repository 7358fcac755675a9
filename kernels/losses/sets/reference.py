"""Losses of whole sets in NumPy: their definition. Each returns the losses, the gradient and the total."""

import numpy as np

from ..reduced import reduced


def overlap(x, t, factor, both, of_x, of_t, eps, scale):
    shared, all_x, all_t = ((y).sum(1, keepdims=True) for y in (x * t, x, t))
    above, below = factor * shared + eps, both * shared + of_x * all_x + of_t * all_t + eps
    slope = -(factor * t * below - above * (both * t + of_x)) / below**2
    return reduced((1 - above / below)[:, 0], scale, slope)


def circle(similarity, labels, of_columns, itself, gamma, margin, scale):
    counts = np.ones(similarity.shape, bool) if itself else ~np.eye(*similarity.shape, dtype=bool)
    same, differ = ((labels[:, None] == of_columns) == alike for alike in (True, False))
    same, differ = same & counts, differ & counts
    distance = np.maximum(1 - similarity, 0)
    z = np.where(
        same,
        -gamma * (margin + distance) * (margin - distance),
        gamma * np.maximum(1 + margin - distance, 0) * (1 - margin - distance),
    )
    by_distance = np.where(same, 2 * gamma * distance, np.where(1 + margin > distance, 2 * gamma * (distance - 1), 0))
    both, share = 0, 0
    for kind in (same, differ):
        power = np.where(kind, np.exp(z), 0)
        total = power.sum(1, keepdims=True)
        both = both + np.log(total)
        share = share + power / np.where(total > 0, total, 1)
    slope = -np.exp(-np.logaddexp(0, -both)) * share * by_distance
    return reduced(np.logaddexp(0, both)[:, 0], scale, np.where(similarity > 1, 0, slope))
