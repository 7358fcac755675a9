"""Rotary positions in NumPy: their definition. x is (batch, heads, rows, 2n), cosines and sines are (rows, n)."""

import numpy as np


def rotate(x, cosines, sines, direction):
    a, b = np.split(x, 2, axis=-1)
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        return np.concatenate([a * cosines - b * (direction * sines), b * cosines + a * (direction * sines)], axis=-1)
