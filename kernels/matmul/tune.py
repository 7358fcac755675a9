"""The choice of a tile by timing, once for a shape class on a GPU, where table.py has no measured entry.

The first product of a class runs each of the few choices that the model likes best, some times each; the fastest is
kept on disk beside the compiled kernels, so that later calls and processes choose the same, and sum in the same order.
`KERNELWRIGHT_AUTOTUNE=0` leaves it to the model. The simulator has nothing to time.
"""

import functools
import hashlib
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import cache
from .table import MEASURED, Choice, Shape, Tile, candidates, cycles, predicted, shape_class

TRIED = 8  # choices that are timed

_found: dict[tuple, Choice] = {}


def choice(device: Any, shape: Shape, attempt: Callable[[Choice], Any]) -> Choice:
    """For a product of that shape; `attempt` runs it with a choice."""
    key = device.arch, shape_class(shape)
    if key in MEASURED:
        return MEASURED[key]
    if not hasattr(device, "milliseconds"):
        return _predicted(device.arch, shape)
    known = device.card, *key
    if known not in _found:
        if os.environ.get("KERNELWRIGHT_AUTOTUNE") == "0":
            return _predicted(device.arch, shape)
        name = _file_name(known)
        kept = _read(name)
        if kept is None:
            if device.capturing():  # into a graph: nothing runs that could be timed
                return _predicted(device.arch, shape)
            kept = _fastest(device, shape, attempt)
            cache.write(name, json.dumps({"for": known, "choice": kept}).encode())
        _found[known] = kept
    return _found[known]


@functools.lru_cache(4096)
def _predicted(arch: int, shape: Shape) -> Choice:
    return predicted(arch, shape)


def _fastest(device: Any, shape: Shape, attempt: Callable[[Choice], Any]) -> Choice:
    promising = sorted(candidates(shape), key=lambda one: cycles(device.arch, one, shape))[:TRIED]

    def milliseconds(one: Choice) -> float:
        try:
            return device.milliseconds(lambda: attempt(one))
        except MemoryError:  # the sums of its parts don't fit beside what there is
            return math.inf

    return min(promising, key=milliseconds)


def _file_name(known: tuple) -> str:
    """Named after the GPU, the class, and what the kernels are made of: other kernels are timed anew."""
    digest = hashlib.sha256(repr(known).encode())
    for path in sorted(Path(__file__).parent.glob("*")):
        if path.suffix in (".cu", ".cuh") or path.name == "table.py":
            digest.update(path.read_bytes())
    return f"matmul-tile-{digest.hexdigest()[:24]}.json"


def _read(name: str) -> Choice | None:
    """What an earlier process found; None where there is nothing, or nothing that is a choice."""
    directory = cache.directory()
    if directory is None:
        return None
    try:
        tile, parts = json.loads((directory / name).read_bytes())["choice"]
        return Choice(Tile(*map(int, tile)), int(parts))
    except (OSError, ValueError, TypeError, KeyError):
        return None
