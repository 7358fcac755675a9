"""What is timed: a call of a public function on a backend, and the same work in NumPy, PyTorch, JAX and numexpr.

Ours is the public function as users call it, checks and all. NumPy's side is the family's reference.py, called
directly: we let the public function run once on the backend `reference` and note which reference functions it calls
with which arguments; those calls are then repeated. So NumPy pays neither for our checks nor for the copy into `out`,
and both sides allocate what they return. Only what changes its arguments, an update, does so on both sides.

Not every reference is what a NumPy user would write for speed: where NumPy has no such function (erf), it is slow. A
loss's reference always makes the gradient too, so NumPy stands only beside the call that returns both.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.backend import Reference
from ..kernels.operation import Cost, Draw, Operation, Sample
from . import fair, in_jax, in_numexpr, in_torch
from .timing import Contender, OnGPU

NUMPY, TORCH, JAX, NUMEXPR = RIVALS = "numpy", "torch", "jax", "numexpr"
INSTALL = {NUMPY: "pip install numpy", **dict.fromkeys(RIVALS[1:], "pip install 'kernelwright[compare]'")}


@dataclass
class Case:
    """One row of figures for each contender."""

    operation: Operation
    workload: str
    sample: Sample
    direction: str  # "forward", "backward", or "both": a loss and its gradient in one call
    dtype: str = "float32"
    grad: np.ndarray | None = None  # what flows into a gradient, the same array for all contenders

    @property
    def cost(self) -> Cost:
        cost = self.operation.cost if self.direction == "forward" else self.operation.backward_cost
        assert cost is not None, f"{self.operation.name} has no backward_cost"
        return cost(*self.sample.args, **self.sample.options)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What its contenders read, by name; of a gradient only what flows into it, the rest belonging together."""
        if self.direction == "backward":
            assert self.grad is not None, "no contender has run forward yet"
            return {"grad": self.grad}
        return {name: x for name, x in self.operation.bind(self.sample).items() if isinstance(x, np.ndarray)}

    def gradient(self, shape: tuple[int, ...]) -> np.ndarray:
        """What flows in, of the output's shape."""
        if self.grad is None:
            self.grad = Draw(1, self.dtype).normal(*shape)
        return self.grad

    def has(self, rival: str) -> bool:
        """Whether that rival knows the operation at all."""
        if rival == TORCH:
            return self.operation.torch is not None
        if rival == JAX:
            return in_jax.knows(self.operation)
        return rival != NUMEXPR or in_numexpr.knows(self.operation, self.sample)

    def refusal(self, rival: str) -> str | None:
        """Why what that rival does isn't the same work; None if it is."""
        if rival == NUMPY and self.operation.with_gradient and self.direction != "both":
            return "its reference makes the gradient, too"
        if rival != TORCH:
            return None
        stalls = in_torch.STALLS if kernels.get_threads() > 1 else {}
        return in_torch.UNLIKE.get(self.operation.name) or stalls.get(self.operation.name)


def directions(operation: Operation) -> list[str]:
    """Of a loss first what training calls: the loss with its gradient."""
    found = ["forward"]
    if operation.backward is not None:
        found.append("backward")
    if operation.with_gradient:
        found.insert(0, "both")
    return found


def cases(
    operation: Operation, quick: bool, sizes: Mapping[str, tuple[int, ...]] | None = None, dtype: str = "float32"
) -> Iterator[Case]:
    """What to measure of an operation; `quick`: of all directions the first, of the workloads, too, but for matmul."""
    found, workloads = directions(operation), list((operation.workloads if sizes is None else sizes).items())
    if quick:
        found = found[:1]
        workloads = workloads if sizes is not None or operation.name == "matmul" else workloads[:1]
    for workload, numbers in workloads:
        sample = operation.sized(numbers, dtype)
        for direction in found:
            yield Case(operation, workload, sample, direction, dtype)


def contender(case: Case, name: str, rung: str | None = None) -> Contender:
    """A rival, or the backend of that name, on a rung of the operation's ladder."""
    if name == NUMPY:
        return _numpy_contender(case)
    if name == TORCH:
        return _torch_contender(case)
    if name == JAX:
        return _jax_contender(case)
    if name == NUMEXPR:
        return _numexpr_contender(case)
    backend: Any = kernels.backend(name)
    call = public_call(case, backend)
    arguments = call.keywords
    changed = case.operation.in_place if case.direction == "forward" else ()
    shared = {
        "context": functools.partial(_on, name, case.operation.name, rung),
        "arrays": {name: arguments[name] for name in case.arrays},
        "changes": [arguments[name] for name in changed if arguments.get(name) is not None],
        "from_numpy": backend.from_numpy,
    }
    if name == "cupy":
        return OnGPU(call, **shared, cupy=backend.device.cupy)
    return Contender(call, **shared)


@contextmanager
def _on(name: str, operation: str, rung: str | None) -> Iterator[None]:
    with kernels.using(name), kernels.rung(**{operation: rung}) if rung else nullcontext():
        yield


def public_call(case: Case, backend: kernels.Backend) -> functools.partial:
    """The public function with its arguments, to be called while that backend is in use.

    What it only reads are the case's own arrays, where the backend works on NumPy's.
    """
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
    grad = backend.from_numpy(case.gradient(outputs[0].shape))
    known = operation.backward_arguments(Sample((), arguments), outputs, grad)
    return functools.partial(operation.backward, **known)


def _torch_contender(case: Case) -> Contender:
    torch: Any = fair.pytorch()
    operation, sample = case.operation, case.sample
    if case.direction == "both":
        return Contender(in_torch.with_gradient(torch, operation, sample), arrays=case.arrays)
    if case.direction == "backward":
        return Contender(in_torch.backward(torch, operation, sample, case.gradient), arrays=case.arrays)
    return Contender(in_torch.forward(torch, operation, sample), torch.inference_mode, case.arrays)


def _jax_contender(case: Case) -> Contender:
    if case.direction == "backward":
        call = in_jax.backward(case.operation, case.sample, case.gradient)
    else:
        call = (in_jax.forward if case.direction == "forward" else in_jax.with_gradient)(case.operation, case.sample)
    return Contender(call, functools.partial(in_jax.precision, case.dtype), call.arrays, from_numpy=in_jax.own)


def _numexpr_contender(case: Case) -> Contender:
    arguments = public_call(case, kernels.backend("reference")).keywords
    return Contender(in_numexpr.call(case.operation, case.direction, arguments, case.dtype), arrays=case.arrays)


class _Noting(Reference):
    """The reference backend, noting which functions it calls, each with its arguments."""

    def __init__(self, in_place: bool):
        super().__init__()
        self.in_place = in_place  # what is called changes its arguments
        self.calls: list[Callable[[], Any]] = []

    def bind(self, function):
        bound, inputs = super().bind(function), function.__code__.co_argcount

        def kernel(*args):
            again = functools.partial(function, *args[:inputs])
            self.calls.append(functools.partial(bound, *args) if self.in_place else again)
            bound(*args)

        return kernel


def _numpy_contender(case: Case) -> Contender:
    in_place = case.operation.in_place if case.direction == "forward" else ()
    noting = _Noting(bool(in_place))
    public = public_call(case, noting)
    noting.calls.clear()  # the forward call that a backward call needs
    with kernels.using(noting):
        public()
    calls = noting.calls
    changes = [public.keywords[name] for name in in_place if public.keywords.get(name) is not None]
    if len(calls) == 1:
        return Contender(calls[0], changes=changes)

    def replay() -> None:
        for call in calls:
            call()

    return Contender(replay, changes=changes)
