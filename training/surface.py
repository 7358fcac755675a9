"""A function of two numbers, seen through noise: the truth is known, so that it can be said how near a fit comes."""

import numpy as np

NOISE, SIDE = 0.1, 1.5


def surface(x: np.ndarray) -> np.ndarray:
    """sin 2x₁ + x₁ cos 3x₂ of the rows of x (n, 2): (n,)."""
    return np.sin(2 * x[:, 0]) + x[:, 0] * np.cos(3 * x[:, 1])


def noisy_surface(count: int, seed: int, part: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Places (count, 2), drawn evenly from a square around 0, and values (count, 1) there, with normal noise; float32.

    `part` numbers samples that have nothing in common, such as those for training and for the test.
    """
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, part])))
    x = rng.uniform(-SIDE, SIDE, (count, 2))
    values = surface(x) + NOISE * rng.standard_normal(count)
    return x.astype(np.float32), values[:, None].astype(np.float32)
