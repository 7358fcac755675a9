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


def get_rng_state() -> dict[str, Any]:
    """What all draws of layers depend on from here on, as JSON can hold it."""
    state = _generator.bit_generator.state
    counter = {name: [int(x) for x in value] for name, value in state["state"].items()}
    return {**state, "state": counter, "buffer": [int(x) for x in state["buffer"]]}


def set_rng_state(state: dict[str, Any]) -> None:
    """Go on drawing from what `get_rng_state` returned."""
    arrays = {name: np.array(value, np.uint64) for name, value in state["state"].items()}
    _generator.bit_generator.state = {**state, "state": arrays, "buffer": np.array(state["buffer"], np.uint64)}


def uniform(shape: tuple[int, ...], bound: float, dtype: Any) -> np.ndarray:
    """Numbers drawn evenly from −bound to bound, in double precision whatever `dtype` is to hold them."""
    return _generator.uniform(-bound, bound, shape).astype(dtype)
