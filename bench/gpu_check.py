"""Is an operation right on this GPU? Against its definition in float64: values and gradients, in both precisions.

Inputs are drawn anew each time, from a seed that the report names. All memory that a kernel gets to fill holds NaN
before: an element that it forgets is noticed.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.backend import CuPy
from ..kernels.operation import Draw, Operation, Sample

DTYPES = (np.float32, np.float64)


class _Poisoned:
    """A device whose new arrays hold NaN, or the lowest integer."""

    def __init__(self, device: Any):
        self._device = device

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def empty(self, shape: Any, dtype: Any) -> Any:
        array = self._device.empty(shape, dtype)
        if array.size:
            array.fill(np.nan if array.dtype.kind == "f" else np.iinfo(array.dtype).min)
        return array


class Poisoning(CuPy):
    """The backend cupy on such a device."""

    @functools.cached_property
    def device(self) -> Any:
        return _Poisoned(kernels.backend("cupy").device)


def mistakes(operation: Operation, seed: int, backend: kernels.Backend) -> Iterator[str]:
    """What is wrong with it, a sentence each."""
    for dtype in DTYPES:
        count = len(list(operation.samples(Draw(seed, dtype))))
        for number in range(count):
            yield from _of_sample(operation, seed, dtype, number, backend)


def _of_sample(operation: Operation, seed: int, dtype: Any, number: int, backend: kernels.Backend) -> Iterator[str]:
    def draw(kind: Any) -> Sample:
        """Drawn again for each use, for some operations change their arguments."""
        sample = list(operation.samples(Draw(seed, dtype)))[number]
        return _each(sample, lambda x: x.astype(kind) if x.dtype.kind == "f" else x)

    note = draw(dtype).note
    for what, call in _calls(operation, draw(np.float64)):
        with kernels.using("reference"):
            wanted = call(draw(np.float64), lambda x: x)
        with kernels.using(backend):
            moved = _each(draw(dtype), backend.from_numpy)
            found = call(moved, lambda x: backend.from_numpy(np.asarray(x, dtype) if x.dtype.kind == "f" else x))
        given = [None if result is None else backend.to_numpy(result) for result in found]
        faults = _faults(given, wanted, operation.tolerance(dtype))
        if any(faults):
            # Where rounding decides (a sign of a product that underflows, a maximum of equals), the definition itself
            # is off in this precision: a result that agrees with that is right.
            with kernels.using("reference"):
                rounded = call(draw(dtype), lambda x: np.asarray(x, dtype) if x.dtype.kind == "f" else x)
            faults = _faults(given, wanted, operation.tolerance(dtype), rounded)
        for place, fault in enumerate(faults):
            if fault:
                yield f"{what}, result {place}, {np.dtype(dtype)}, {note}: {fault}"


def _calls(operation: Operation, sample: Sample) -> Iterator[tuple[str, Callable[..., tuple]]]:
    """The operation, and what gives its gradient: functions of a sample and of what moves arrays to its backend."""

    def forward(s: Sample, move: Callable) -> tuple:
        result = operation.function(*s.args, **s.options)
        if operation.in_place:
            return tuple(operation.bind(s)[name] for name in operation.in_place)
        return result if isinstance(result, tuple) else (result,)

    def with_gradient(s: Sample, move: Callable) -> tuple:
        return operation.gradient(*s.args, **s.options)

    yield "forward", forward
    if operation.with_gradient:
        yield "with its gradient", with_gradient
    if operation.backward:
        with kernels.using("reference"):
            outputs = forward(sample, lambda x: x)
        grad = np.random.default_rng(1).standard_normal(outputs[0].shape)

        def backward(s: Sample, move: Callable) -> tuple:
            given = tuple(move(output) for output in outputs)
            result = operation.backward(**operation.backward_arguments(s, given, move(grad)))  # type: ignore[misc]
            return result if isinstance(result, tuple) else (result,)

        yield "gradient", backward


def _each(sample: Sample, change: Callable[[np.ndarray], Any]) -> Sample:
    def one(x: Any) -> Any:
        return change(x) if isinstance(x, np.ndarray) else x

    return Sample(
        tuple(map(one, sample.args)), {k: one(v) for k, v in sample.options.items()}, sample.smooth, sample.note
    )


def _faults(found: Sequence[Any], wanted: Sequence[Any], tolerance: dict[str, float], or_else: Any = None) -> list[str]:
    """How far off each result is, in words; nothing where it isn't."""
    others = [None] * len(wanted) if or_else is None else or_else
    rows = zip(found, wanted, others, strict=True)
    return ["" if x is None and right is None else _fault(x, right, tolerance, other) for x, right, other in rows]


def _fault(result: Any, wanted: Any, tolerance: dict[str, float], or_else: Any) -> str:
    with np.errstate(all="ignore"):
        wanted = np.asarray(wanted).astype(result.dtype)  # what float32 can't hold is an infinity there
        if result.shape != wanted.shape:
            return f"the shape is {result.shape}, not {wanted.shape}"
        close = np.isclose(result, wanted, **tolerance, equal_nan=True)
        if or_else is not None:
            close |= np.isclose(result, or_else, **tolerance, equal_nan=True)
        if close.all():
            return ""
        place = tuple(int(i) for i in np.argwhere(~close)[0])
        return f"{(~close).sum()} of {close.size} wrong, the first at {place}: {result[place]}, not {wanted[place]}"
