"""Where initial weights come from: Philox, a generator that counts, so the same seed gives the same weights on every
backend and machine.

Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011.
"""

from typing import Any

import numpy as np

_generator = np.random.Generator(np.random.Philox())


def manual_seed(seed: int) -> None:
    """Make the initial weights of the layers built from now on repeatable."""
    global _generator
    _generator = np.random.Generator(np.random.Philox(seed))


def uniform(shape: tuple[int, ...], bound: float, dtype: Any) -> np.ndarray:
    """Numbers drawn evenly from −bound to bound, in double precision whatever `dtype` is to hold them."""
    return _generator.uniform(-bound, bound, shape).astype(dtype)
