"""Where random numbers come from: Philox, a generator that counts, so the same seed gives the same weights and the same
dropout on every backend and machine.

Weights are drawn by NumPy's Philox; a mask of dropout is a function of a key and a place in its stream
(kernels/random), and only that place is kept here.

Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..kernels import capture
from ..kernels.random import counters

_generator = np.random.Generator(np.random.Philox())
_key, _place = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> 1), 0


def manual_seed(seed: int) -> None:
    """Make the initial weights of the layers built from now on, and all dropout, repeatable."""
    global _generator, _key, _place
    _generator = np.random.Generator(np.random.Philox(seed))
    # A stream of its own: 1 is the trainer's.
    _key, _place = int(np.random.SeedSequence([seed, 2]).generate_state(1, np.uint64)[0] >> 1), 0


def get_rng_state() -> dict[str, Any]:
    """The state of all that is random here, as plain numbers and lists: `set_rng_state` goes on from it.

    In a checkpoint it makes a training resumable: `training.save_checkpoint(path, network, rng=get_rng_state())`.
    """
    state: Any = _generator.bit_generator.state
    return {"key": _key, "place": _place, "weights": _plain(state)}


def set_rng_state(state: Mapping[str, Any]) -> None:
    """Go on from a state of `get_rng_state`, whatever has been drawn since."""
    global _key, _place
    if set(state) != {"key", "place", "weights"}:
        raise ValueError("set_rng_state: this isn't a state of get_rng_state")
    _generator.bit_generator.state = _arrays(state["weights"])
    _key, _place = int(state["key"]), int(state["place"])


def mask_stream(size: int) -> tuple[int, int]:
    """(seed, offset) of the next mask of dropout, of so many elements, for the kernels of kernels/random."""
    return counter_stream(counters(size))


def counter_stream(count: int) -> tuple[int, int]:
    """(seed, offset) of the next so many counters, for kernels that draw a mask: in a captured step another one at each
    replay."""
    recording = capture.recording()
    if recording:
        return _key, recording.draw(count)
    return stream(count)


def stream(count: int) -> tuple[int, int]:
    """(seed, offset) of the next so many counters, for numbers that are drawn here and now."""
    global _place
    capture.refuse("a draw of random numbers", "only Dropout's own masks are drawn anew at each replay")
    offset, _place = _place, _place + count
    return _key, offset


def normal_noise(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Draws from N(0, 1) that training needs on its way, from a place of their own in dropout's stream."""
    key = np.array(stream(counters(math.prod(shape))), np.uint64)
    drawing = np.random.Generator(np.random.Philox(key=key))
    return drawing.standard_normal(shape).astype(dtype)


def generator() -> np.random.Generator:
    """Of initial weights."""
    return _generator


def uniform(shape: tuple[int, ...], bound: float, dtype: Any) -> np.ndarray:
    """Numbers drawn evenly from −bound to bound, in double precision whatever `dtype` is to hold them."""
    return _generator.uniform(-bound, bound, shape).astype(dtype)


def _plain(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, (np.ndarray, np.generic)) else state


def _arrays(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _arrays(value) for name, value in state.items()}
    return np.array(state, np.uint64) if isinstance(state, list) else state
