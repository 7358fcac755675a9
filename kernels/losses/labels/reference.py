"""Losses of class labels in NumPy: their definition. Each returns the losses, the gradient and the total.

Weights that there aren't are empty.
"""

import numpy as np

from ...softmax.reference import softmax
from ..reduced import reduced


def nll_loss(x, target, weight, ignore_index, mean):
    classes = x.shape[1]
    w = weight if weight.size else np.ones(classes, x.dtype)
    kept = target != ignore_index
    label = np.where(kept, target, 0)[:, None]
    wanted = kept[:, None] * w[:, None] * (label == np.arange(classes)[:, None])
    loss = np.where(kept, -(w[label] * np.take_along_axis(x, label, axis=1))[:, 0], 0)
    divisor = (kept[:, None] * w[label]).sum() or np.nan if mean else 1.0  # a mean over nothing is NaN
    return loss, np.where(wanted != 0, -wanted / divisor, 0), [loss.sum() / divisor]


def categorical_generalized_cross_entropy(x, target, q, scale):
    of_label = target[:, None] == np.arange(x.shape[1])
    p = (x * of_label).sum(axis=1)
    return reduced((1 - p**q) / q, scale, np.where(of_label, -(p[:, None] ** (q - 1)), 0))


def multi_margin_loss(x, target, weight, p, margin, scale):
    classes = x.shape[1]
    factor = (weight if weight.size else np.ones(classes, x.dtype))[target][:, None] / classes
    of_label = target[:, None] == np.arange(classes)
    left = margin - np.take_along_axis(x, target[:, None], axis=1) + x
    counts = (left > 0) & ~of_label
    slope = factor * np.where(counts, p * left ** (p - 1), 0)
    slope -= of_label * slope.sum(axis=1, keepdims=True)
    return reduced((factor * np.where(counts, left**p, 0)).sum(axis=1), scale, slope)


def multilabel_margin_loss(x, target, scale):
    rows, classes = x.shape
    loss, slope = np.zeros(rows, x.dtype), np.zeros_like(x)
    for row in range(rows):
        end = np.flatnonzero(target[row] < 0)
        labels = target[row, : end[0] if end.size else classes]
        for other in np.setdiff1d(np.arange(classes), labels):
            for label in labels:
                left = 1 - x[row, label] + x[row, other]
                if left > 0:
                    loss[row] += left / classes
                    slope[row, other] += 1 / classes
                    slope[row, label] -= 1 / classes
    return reduced(loss, scale, slope)


def categorical_hinge_loss(x, target, scale):
    wrong = (1 - target) * x
    largest = wrong == wrong.max(axis=1, keepdims=True)
    left = wrong.max(axis=1, keepdims=True) - (target * x).sum(axis=1, keepdims=True) + 1
    slope = largest * (1 - target) / largest.sum(axis=1, keepdims=True, dtype=x.dtype) - target
    return reduced(np.maximum(left, 0)[:, 0], scale, np.where(left > 0, slope, 0))


def categorical_focal_crossentropy(x, target, alpha, gamma, logits, smoothing, scale):
    total = 1 if logits else x.sum(axis=1, keepdims=True)
    p = softmax(x) if logits else x / total
    safe, q = np.maximum(p, 1e-7), np.maximum(1 - p, 1e-7)
    t = alpha * ((1 - smoothing) * target + smoothing / x.shape[1])
    loss = -t * q**gamma * np.log(safe)
    by_p = t * q ** (gamma - 1) * (gamma * np.log(safe) - q / safe)
    by_p = np.where((p == safe) & (1 - p == q), by_p, 0)
    slope = (by_p - (by_p * p).sum(axis=1, keepdims=True)) * (p if logits else 1 / total)
    return reduced(loss.sum(axis=1), scale, slope)
