"""Before a contender is timed: does it do the work?

Each is called on two different inputs, and what it returns is held against the definition in float64. In between its
inputs are overwritten where they lie, so that one that keeps its result and returns it again is found out; and the
arrays that it returned are filled with NaN before they are given back, so that one that writes nothing, or not all,
returns them as it finds them. This looks for work that isn't done: a hundredth of the largest number is near enough,
for precision is what the tests hold every kernel to.

What its calls do besides is observed as well, and makes like things of like: in which dtype the results are, and
whether a call makes the arrays that it returns.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ..kernels.operation import Sample
from .contenders import Case, contender
from .ratios import Conditions
from .timing import Contender

NEAR = 1e-2  # of the largest number in the result


class Wrong(ArithmeticError):
    """What a contender returned isn't the result."""


Example = tuple[Mapping[str, np.ndarray], list[np.ndarray]]  # inputs by name, and the results that they must have


@contextmanager
def two_examples(case: Case) -> Iterator[list[Example]]:
    """Another input than the case's, and then the case's own, which contenders with arrays of their own are left with.

    In the other one, the first array of floating-point numbers is halved and lies the other way round: an input as
    valid as the first, and nearly every operation has another result for it.
    """
    arrays = dict(case.arrays)
    kept = {name: array.copy() for name, array in arrays.items()}
    first = next((name for name, array in kept.items() if array.dtype.kind == "f"), None)
    other = dict(kept)
    if first:
        array = kept[first]
        other[first] = np.flip(array) * array.dtype.type(0.5)
    try:
        judge = contender(in_float64(case), "reference")
        wanted = [[_kept(as_numpy(array), case.dtype) for array in outcome(judge, values)] for values in (other, kept)]
        del judge
        yield list(zip((other, kept), wanted))
    finally:
        for name, array in arrays.items():
            array[...] = kept[name]


def _kept(array: np.ndarray, dtype: str) -> np.ndarray:
    with np.errstate(over="ignore"):  # what float32 can't hold is an infinity there
        return array.astype(dtype if array.dtype.kind == "f" else array.dtype)


def in_float64(case: Case) -> Case:
    """The same, for the definition to judge by: in float32 it may overflow where a kernel doesn't."""

    def wide(x: Any) -> Any:
        return x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x

    sample = case.sample
    options = {name: wide(x) for name, x in sample.options.items()}
    return replace(case, sample=Sample(tuple(map(wide, sample.args)), options), dtype="float64", grad=None)


def outcome(entrant: Contender, values: Mapping[str, np.ndarray]) -> list[Any]:
    """What a call returns for these inputs: its arrays, and those of its inputs that it is there to change."""
    for name, array in entrant.arrays.items():
        if name in values:
            array[...] = entrant.from_numpy(values[name])
    with entrant.context():
        result = entrant.call()
        entrant.wait()
    return [*_flat(result), *entrant.changes]


def _flat(result: Any) -> Iterator[Any]:
    """Arrays of tuples of tuples, without those that aren't there."""
    if isinstance(result, (tuple, list)):
        for part in result:
            yield from _flat(part)
    elif result is not None:
        yield result


def prove(entrant: Contender, examples: Sequence[Example]) -> Conditions:
    """Raise Wrong unless all its results are right; what was seen of its calls."""
    results = [outcome(entrant, examples[0][0])]
    for values, wanted in examples:
        for array in results[-1]:
            _poison(array)
        results.append(outcome(entrant, values))
        compare([as_numpy(array) for array in results[-1]], wanted)
    return observed(results[-2], results[-1])


def compare(found: list[np.ndarray], wanted: list[np.ndarray]) -> None:
    """Raise Wrong unless they are the same arrays, nearly. A rival may return fewer: a maximum without its place."""
    if not found:
        raise Wrong("its result is wrong: it returns none")
    for array, right in zip(found, wanted):
        if array.shape != right.shape:
            raise Wrong(f"its result is wrong: of shape {array.shape}, not {right.shape}")
        if right.dtype.kind != "f":
            share = float(np.mean(array != right)) if right.size else 0.0
            if share > NEAR:
                raise Wrong(f"its result is wrong: {share:.0%} of it are other numbers")
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(array - right)
        scale = float(np.abs(right).max(initial=0.0))
        if math.isfinite(scale) and distance.max(initial=0.0) <= NEAR * scale:
            continue
        _look_closer(array, right, distance)


def _look_closer(array: np.ndarray, right: np.ndarray, distance: np.ndarray) -> None:
    """Raise Wrong, unless it is infinities and NaN in the right places that keep the distance from being small."""
    finite = np.isfinite(right)
    scale = float(np.abs(right[finite]).max(initial=0.0))
    same = (array == right) | (np.isnan(array) & np.isnan(right)) | (finite & (distance <= NEAR * scale))
    if not np.all(same):
        off = float(distance[~same].max(initial=0.0))
        how = (
            f"off by up to {off:.2g}, of numbers up to {scale:.2g}"
            if math.isfinite(off)
            else "not finite, or should be"
        )
        raise Wrong(f"its result is wrong: {np.mean(~same):.2%} of it are {how}")


def watch(entrant: Contender) -> Conditions:
    """What is seen of two calls, whatever they return."""
    return observed(outcome(entrant, {}), outcome(entrant, {}))


def observed(one: list[Any], other: list[Any]) -> Conditions:
    """What two calls show whose results are both still held: arrays in the same place twice were there before."""
    large = [(a, b) for a, b in zip(one, other) if math.prod(a.shape)]
    places = [(_place(a), _place(b)) for a, b in large]
    if not large or any(None in pair for pair in places):
        return Conditions(dtype=_dtype(large))
    return Conditions(dtype=_dtype(large), allocates=all(a != b for a, b in places))


def _dtype(pairs: list[tuple[Any, Any]]) -> str | None:
    return str(pairs[0][0].dtype).removeprefix("torch.") if pairs else None


def _place(array: Any) -> int | None:
    """The address of its first element."""
    if isinstance(array, np.generic):
        return id(array)
    if isinstance(array, np.ndarray):
        return array.__array_interface__["data"][0]
    if hasattr(array, "data_ptr"):  # PyTorch
        return array.data_ptr()
    if hasattr(array, "unsafe_buffer_pointer"):  # JAX
        return array.unsafe_buffer_pointer()
    pointer = getattr(getattr(array, "data", None), "ptr", None)  # CuPy
    return pointer if pointer is not None else None


def as_numpy(array: Any) -> np.ndarray:
    """Of whichever library it is."""
    if hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    elif hasattr(array, "get") and not isinstance(array, np.ndarray):
        array = array.get()
    return np.asarray(array)


def _poison(array: Any) -> None:
    """NaN everywhere, or the largest whole number; where the array can't be written it can't be used again either."""
    if isinstance(array, np.ndarray):
        if array.flags.writeable:
            kind = array.dtype.kind
            array.fill(np.nan if kind == "f" else True if kind == "b" else np.iinfo(array.dtype).max)
    elif hasattr(array, "detach"):  # PyTorch
        array = array.detach()
        if array.is_floating_point() and array.is_contiguous():
            array.fill_(math.nan)
    elif hasattr(array, "get") and array.dtype.kind == "f":  # CuPy
        array.fill(math.nan)
