"""An operation's counterpart in JAX (jax_functions.py), as a call to be timed: compiled by jit, waited for.

Its arrays are copies, made before: JAX takes no array of NumPy's as it lies but those that begin at a multiple of 64
bytes, which NumPy's don't. A gradient is jax.vjp's: the forward call is made once, outside, and isn't counted. A loss
with its gradient is jax.value_and_grad's. In float64 what a contender does is done under jax.enable_x64, and there
alone.

JAX gets its threads when it makes its first array, and keeps them: as many as PJRT_NPROC says, or NPROC, or as there
are CPUs. There is no call that changes it (found by counting the threads of a process; XLA reads the two variables in
xla/pjrt/utils.cc). So the suite sets it to the number of threads that it measures with first, and ratios with
another number are refused.
"""

import importlib
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from ..kernels.operation import Operation, Sample

THREADS = ("PJRT_NPROC", "NPROC")


def with_threads(count: int) -> None:
    """To be called before JAX is imported, or it is too late; a number that the user has set is left."""
    if "jax" not in sys.modules:
        if not any(os.environ.get(name) for name in THREADS):
            os.environ[THREADS[0]] = str(count)
        os.environ.setdefault("JAX_PLATFORMS", "cpu")  # beside kernels for the CPU


def threads() -> int:
    """How many its calls may use."""
    given = next((os.environ[name] for name in THREADS if os.environ.get(name)), None)
    return int(given) if given else getattr(os, "process_cpu_count", os.cpu_count)() or 1


def knows(operation: Operation) -> bool:
    return operation.name in _functions()


def _functions() -> dict[str, Callable[..., Any]]:
    return importlib.import_module(f"{__package__}.jax_functions").FUNCTIONS


class Held:
    """An array of JAX's, which can't change: to write into it is to put another one in its place."""

    def __init__(self, array: np.ndarray):
        self.array = own(array)

    def __setitem__(self, place: Any, array: Any) -> None:
        self.array = array


def own(array: np.ndarray) -> Any:
    """A copy of it, in JAX's memory."""
    import jax

    with precision(str(array.dtype)):
        return jax.numpy.array(array)


def precision(dtype: str) -> AbstractContextManager:
    """Where float64 is float64; without it JAX computes in float32, as it does for its users."""
    import jax

    return jax.enable_x64(dtype == "float64")


class Call:
    """The compiled function on the arrays that it holds."""

    def __init__(self, function: Callable[..., Any], held: dict[str, Held], *first: Any):
        import jax

        self.function, self.held, self.first = jax.jit(function), tuple(held.values()), first
        self.arrays, self.wait = held, jax.block_until_ready

    def __call__(self) -> Any:
        return self.wait(self.function(*self.first, *(held.array for held in self.held)))


def forward(operation: Operation, sample: Sample) -> Call:
    function, held, _ = _of_arrays(operation, sample)
    return Call(function, held)


def with_gradient(operation: Operation, sample: Sample) -> Call:
    """A loss and its gradients by `operation.by`."""
    import jax

    function, held, places = _of_arrays(operation, sample, operation.by)
    return Call(jax.value_and_grad(function, places), held)


def backward(operation: Operation, sample: Sample, grad: Callable[[tuple[int, ...]], np.ndarray]) -> Call:
    """The gradients by `differentiable`; `grad`, given the output's shape, is what flows in."""
    import jax

    function, held, places = _of_arrays(operation, sample, operation.differentiable)
    arrays = [one.array for one in held.values()]

    def of_those(*wanted: Any) -> Any:
        named = dict(zip(places, wanted))
        return function(*(named.get(i, array) for i, array in enumerate(arrays)))

    with precision(str(arrays[places[0]].dtype)):
        y, pull = jax.vjp(of_those, *(arrays[i] for i in places))
    return Call(lambda pull, grad: pull(grad), {"grad": Held(grad(y.shape))}, pull)


def _of_arrays(
    operation: Operation, sample: Sample, by: tuple[str, ...] = ()
) -> tuple[Callable[..., Any], dict[str, Held], tuple[int, ...]]:
    """The function of its arrays alone; the arrays by name; the places of those of the names `by` among them."""
    names = list(operation.bind(sample))
    held = {name: Held(x) for name, x in zip(names, sample.args) if isinstance(x, np.ndarray)}
    function = _functions()[operation.name]

    def of_arrays(*arrays: Any) -> Any:
        rest = iter(arrays)
        args = [next(rest) if isinstance(x, np.ndarray) else x for x in sample.args]
        return function(*args, **sample.options)

    places = tuple(i for i, name in enumerate(held) if name in by)
    return of_arrays, held, tuple(sorted(places, key=lambda i: by.index(list(held)[i])))
