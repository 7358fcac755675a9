"""Losses of several predictions; the twin of formulas.cuh."""

import math

from ...jit import inline
from ...simd import where


@inline
def margin_ranking(x, y, t, margin):
    """On vectors (simd.py): the loss, and its slopes by x and y."""
    left = margin - t * (x - y)
    slope = where(left >= 0, t, 0)
    return where(left < 0, 0, left), -slope, slope


# Of a row's x·y, x·x and y·y: the loss and its gradients' parts,
#     by x   across · y − along_x · x         by y   across · x − along_y · y


@inline
def embedding(dot, xx, yy, target, margin):
    """1 − cos for the target 1, max(0, cos − margin) for −1."""
    tiny = 9.999999960041972e-13  # 10⁻¹² in float32, as in PyTorch
    xx, yy = xx + tiny, yy + tiny
    size = math.sqrt(xx * yy)
    cosine = dot / size
    value, slope = 0 * cosine, 0.0
    if target == 1:
        value, slope = 1 - cosine, -1.0
    elif target == -1:
        left = cosine - margin
        if not left < 0:
            value, slope = left, 1.0
    return value, slope / size, slope * cosine / xx, slope * cosine / yy


@inline
def similarity(dot, xx, yy, _target, _margin):
    """−cos; a vector is divided by 10⁻⁷ where it is shorter, a number that has no gradient."""
    by_x, by_y = 1 / math.sqrt(xx), min(1 / math.sqrt(yy), 1e7)
    turning = 1.0
    if by_x > 1e7:
        by_x, turning = 1e7, 0.0
    value = -dot * by_x * by_y
    return value, -by_x * by_y, turning * value * by_x * by_x, 0.0 * value
