"""What is timed: a call of a public function on a backend, and the same work in NumPy.

Ours is the public function as users call it, checks and all. NumPy's side is the family's reference.py, called
directly: we let the public function run once on the backend `reference` and note which reference functions it calls
with which arguments; those calls are then repeated. So NumPy pays neither for our checks nor for the copy into `out`,
and both sides allocate what they return.

Not every reference is what a NumPy user would write for speed: where NumPy has no such function (erf), it is slow. A
loss's reference always makes the gradient too, so NumPy stands only beside the call that returns both.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.backend import Reference
from ..kernels.operation import Cost, Draw, Operation, Sample
from .timing import Contender, OnGPU

NUMPY = "numpy"


@dataclass(frozen=True)
class Case:
    """One row of figures for each contender."""

    operation: Operation
    workload: str
    sample: Sample
    direction: str  # "forward", "backward", or "both": a loss and its gradient in one call

    @property
    def cost(self) -> Cost:
        cost = self.operation.cost if self.direction == "forward" else self.operation.backward_cost
        assert cost is not None, f"{self.operation.name} has no backward_cost"
        return cost(*self.sample.args, **self.sample.options)

    @property
    def numpy_does_the_same(self) -> bool:
        return self.direction == "both" or not self.operation.with_gradient


def cases(operation: Operation, quick: bool) -> Iterator[Case]:
    """What to measure of an operation; of a loss, `quick` takes what training calls: the loss with its gradient."""
    directions = ["forward"]
    if operation.backward is not None:
        directions.append("backward")
    if operation.with_gradient:
        directions.insert(0, "both")
    workloads = list(operation.workloads.items())
    if quick:
        directions = directions[:1]
        workloads = workloads if operation.name == "matmul" else workloads[:1]
    for workload, sizes in workloads:
        sample = operation.sized(sizes)
        for direction in directions:
            yield Case(operation, workload, sample, direction)


def contender(case: Case, name: str) -> Contender:
    """NumPy, or the backend of that name."""
    if name == NUMPY:
        return Contender(_numpy_call(case))
    backend: Any = kernels.backend(name)
    context = functools.partial(kernels.using, name)
    if name == "cupy":
        return OnGPU(public_call(case, backend), context, cupy=backend.device.cupy)
    return Contender(public_call(case, backend), context)


def public_call(case: Case, backend: kernels.Backend) -> Callable[[], Any]:
    """The public function with arguments of its own, to be called while that backend is in use."""
    operation = case.operation

    def own(name: str, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        return backend.from_numpy(value.copy() if name in operation.in_place else value)

    arguments = {name: own(name, value) for name, value in operation.bind(case.sample).items()}
    if case.direction == "both":
        return functools.partial(operation.gradient, **arguments)
    forward = functools.partial(operation.function, **arguments)
    if case.direction == "forward":
        return forward
    assert operation.backward is not None
    with kernels.using(backend):
        result = forward()
    outputs = result if isinstance(result, tuple) else (result,)
    grad = backend.from_numpy(Draw(1, np.float32).normal(*outputs[0].shape))
    known = operation.backward_arguments(Sample((), arguments), outputs, grad)
    return functools.partial(operation.backward, **known)


class _Noting(Reference):
    """The reference backend, noting which functions it calls, each with its arguments."""

    def __init__(self):
        super().__init__()
        self.calls: list[Callable[[], Any]] = []

    def bind(self, function):
        bound, inputs = super().bind(function), function.__code__.co_argcount

        def kernel(*args):
            self.calls.append(functools.partial(function, *args[:inputs]))
            bound(*args)

        return kernel


def _numpy_call(case: Case) -> Callable[[], Any]:
    noting = _Noting()
    public = public_call(case, noting)
    noting.calls.clear()  # the forward call that a backward call needs
    with kernels.using(noting):
        public()
    calls = noting.calls
    if len(calls) == 1:
        return calls[0]

    def replay() -> None:
        for call in calls:
            call()

    return replay
