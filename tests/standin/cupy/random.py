"""cupy.random: NumPy's generator, filling arrays of ours."""

from typing import Any

import numpy as np

from .array import to_device


class Generator:
    def __init__(self, seed: int):
        self._rng = np.random.default_rng(seed)

    def standard_normal(self, size: Any = None, dtype: Any = float, out: Any = None):
        del out
        return to_device(self._rng.standard_normal(size, dtype))


def default_rng(seed: Any = None) -> Generator:
    return Generator(seed)
