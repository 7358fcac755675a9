"""Augmentations: small changes that leave an image's class as it is, so that a network never sees quite the same twice.

Each takes and returns images (n, height, width); the input is left as it was.
"""

import numpy as np


def shift(images: np.ndarray, rng: np.random.Generator, pixels: int = 1, share: float = 0.5) -> np.ndarray:
    """Move a share of the images by up to so many pixels along each axis; what comes in is 0."""
    n, height, width = images.shape
    offsets = rng.integers(-pixels, pixels + 1, (2, n)) * (rng.random(n) < share)
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    rows, columns = (pixels + np.arange(size) - offset[:, None] for size, offset in zip((height, width), offsets))
    return padded[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def noise(images: np.ndarray, rng: np.random.Generator, deviation: float) -> np.ndarray:
    """Add to every pixel a draw from N(0, deviation²)."""
    return images + np.float32(deviation) * rng.standard_normal(images.shape, np.float32)
