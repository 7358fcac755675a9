"""Losses of class predictions in NumPy: their definition. Each returns the losses, the gradient and the total.

Weights that there aren't are empty. Logits are (outer, classes, inner).
"""

import numpy as np

from ...softmax.reference import log_softmax


def cross_entropy_probabilities(logits, target, weight, label_smoothing, scale):
    classes = logits.shape[1]
    w = (weight if weight.size else np.ones(classes, logits.dtype))[:, None]
    log_p = log_softmax(logits)
    wanted = w * ((1 - label_smoothing) * target + label_smoothing / classes)
    loss = -(wanted * log_p).sum(axis=1)
    gradient = scale * (np.exp(log_p) * wanted.sum(axis=1, keepdims=True) - wanted)
    return loss, gradient, [scale * loss.sum()]


def cross_entropy_indices(logits, target, weight, ignore_index, label_smoothing, mean):
    classes = logits.shape[1]
    w = weight if weight.size else np.ones(classes, logits.dtype)
    kept = (target != ignore_index)[:, None]
    label = np.where(kept, target[:, None], 0)
    log_p = log_softmax(logits)
    loss = -(1 - label_smoothing) * w[label] * np.take_along_axis(log_p, label, axis=1)
    if label_smoothing:  # else an impossible class counts only where it is the label: no 0 · ∞
        loss -= label_smoothing / classes * (w[:, None] * log_p).sum(axis=1, keepdims=True)
    loss = np.where(kept, loss, 0)[:, 0]
    one_hot = label == np.arange(classes)[:, None]
    wanted = kept * w[:, None] * ((1 - label_smoothing) * one_hot + label_smoothing / classes)
    gradient = np.exp(log_p) * wanted.sum(axis=1, keepdims=True) - wanted
    divisor = (kept * w[label]).sum() or np.nan if mean else 1.0  # a mean over nothing is NaN
    return loss, np.where(kept, gradient / divisor, gradient), [loss.sum() / divisor]
