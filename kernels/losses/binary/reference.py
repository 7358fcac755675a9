"""Losses of a yes or no in NumPy: their definition. Each returns the losses, the gradient and the total.

Weights that there aren't are empty.
"""

import numpy as np

from ..reduced import reduced


def binary_cross_entropy(input, target, weight, scale):
    w = weight if weight.size else np.ones_like(input)
    yes, no = np.maximum(np.log(input), -100), np.maximum(np.log(1 - input), -100)
    slope = w * (input - target) / np.maximum(input * (1 - input), np.float32(1e-12))  # as in PyTorch
    return reduced(-w * (target * yes + (1 - target) * no), scale, slope)


def soft_margin_loss(input, target, scale):
    return reduced(np.logaddexp(0, -target * input), scale, -target * np.exp(-np.logaddexp(0, target * input)))


def hinge_embedding_loss(input, target, margin, scale):
    near, far, left = target != -1, target != 1, margin - input
    loss = np.where(near, input, 0) + np.where(far, np.maximum(left, 0), 0)
    return reduced(loss, scale, near.astype(input.dtype) - (far & (left >= 0)))


def hinge_loss(input, target, scale):
    target = np.where(target == 0, -1, target)
    left = 1 - target * input
    return reduced(np.maximum(left, 0), scale, np.where(left > 0, -target, 0))


def squared_hinge_loss(input, target, scale):
    target = np.where(target == 0, -1, target)
    left = np.maximum(1 - target * input, 0)
    return reduced(left**2, scale, -2 * target * left)


def binary_focal_crossentropy(input, target, gamma, smoothing, weight_0, weight_1, logits, scale):
    p = np.exp(-np.logaddexp(0, -input)) if logits else input
    q = np.exp(-np.logaddexp(0, input)) if logits else 1 - input
    t = (1 - smoothing) * target + smoothing / 2
    w = (1 - t) * weight_0 + t * weight_1
    entropy = -t * np.log(np.maximum(p, 1e-7)) - (1 - t) * np.log(np.maximum(q, 1e-7))
    missed = t * q + (1 - t) * p
    by_entropy = np.where(q < 1e-7, 0, (1 - t) / q) - np.where(p < 1e-7, 0, t / p)
    slope = w * (gamma * missed ** (gamma - 1) * (1 - 2 * t) * entropy + missed**gamma * by_entropy)
    return reduced(w * missed**gamma * entropy, scale, slope * p * q if logits else slope)


def binary_cross_entropy_with_logits(input, target, weight, pos_weight, scale):
    w = weight if weight.size else np.ones_like(input)
    p = pos_weight if pos_weight.size else np.ones_like(input)
    slope = 1 + (p - 1) * target
    log_1_exp = np.maximum(-input, 0) + np.log1p(np.exp(-np.abs(input)))  # log(1 + exp(−x))
    loss = w * ((1 - target) * input + slope * log_1_exp)
    gradient = scale * w * (slope * np.exp(-np.logaddexp(0, -input)) - p * target)
    return loss, gradient, [scale * loss.sum()]
