"""Losses in NumPy: their definition. Each returns the losses, the gradient and the total, reduced by `scale`.

Weights that there aren't are empty. Logits are (outer, classes, inner).
"""

import numpy as np

from ..softmax.reference import log_softmax


def mse_loss(input, target, scale):
    difference = input - target
    loss = difference**2
    return loss, 2 * scale * difference, [scale * loss.sum()]


def binary_cross_entropy_with_logits(input, target, weight, pos_weight, scale):
    w = weight if weight.size else np.ones_like(input)
    p = pos_weight if pos_weight.size else np.ones_like(input)
    slope = 1 + (p - 1) * target
    log_1_exp = np.maximum(-input, 0) + np.log1p(np.exp(-np.abs(input)))  # log(1 + exp(−x))
    loss = w * ((1 - target) * input + slope * log_1_exp)
    gradient = scale * w * (slope * np.exp(-np.logaddexp(0, -input)) - p * target)
    return loss, gradient, [scale * loss.sum()]


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
    w = (weight if weight.size else np.ones(classes, logits.dtype))[:, None]
    kept = target != ignore_index
    label = np.where(kept, target, 0)[:, None]
    one_hot = (label == np.arange(classes)[:, None]).astype(logits.dtype)
    wanted = w * ((1 - label_smoothing) * one_hot + label_smoothing / classes)
    log_p = log_softmax(logits)
    # A class that isn't wanted doesn't count, even if it is impossible: 0 · ∞ is 0 here.
    loss = -np.where(wanted == 0, 0 * wanted, wanted * log_p).sum(axis=1) * kept
    loss = np.where(kept & np.isnan(log_p).any(axis=1), np.nan, loss)
    gradient = (np.exp(log_p) * wanted.sum(axis=1, keepdims=True) - wanted) * kept[:, None]
    gradient = np.where(kept[:, None], gradient, 0)
    weights = (w * one_hot).sum(axis=1) * kept
    divisor = weights.sum() if mean else 1.0
    return loss, gradient / divisor if divisor else 0 * gradient, [loss.sum() / np.asarray(divisor, logits.dtype)]
