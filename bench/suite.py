"""Every operation of the catalog, timed on the backends of this machine beside NumPy.

NumPy's contender is the family's reference.py on the same arrays: what one would write in NumPy. The call is made
once and the reference functions that answer it are noted with their inputs; then those functions alone are
timed. Ours is the public call, checks and dispatch included. Both allocate their results.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import kernels
from ..kernels import operation as catalog
from ..kernels.backend import Reference
from .timing import Timing, measure, measure_gpu

NUMPY = "numpy (library)"


@dataclass
class Row:
    """One operation, size, direction and backend."""

    family: str
    operation: str
    size: str
    direction: str  # forward, backward, or with gradient
    backend: str
    timing: Timing | None
    cost: catalog.Cost
    limit: float | None  # seconds that the machine's limits allow; None where caches make them meaningless
    versus_numpy: float | None  # above 1: ours is faster
    error: str | None = None

    @property
    def of_limit(self) -> float | None:
        return self.limit / self.timing.median if self.limit and self.timing else None

    def as_dict(self) -> dict[str, Any]:
        timing = self.timing._asdict() if self.timing else None
        return {**asdict(self), "timing": timing, "cost": self.cost._asdict(), "of_limit": self.of_limit}


class _Noting(Reference):
    """The reference backend, noting which functions run on what."""

    def __init__(self):
        super().__init__()
        self.calls: list[tuple[Callable, tuple]] = []

    def bind(self, function):
        run = super().bind(function)

        def noted(*args):
            self.calls.append((function, args[: function.__code__.co_argcount]))
            run(*args)

        return noted


@dataclass
class Case:
    """One call to time."""

    operation: catalog.Operation
    size: str
    direction: str
    cost: catalog.Cost
    function: Callable
    arguments: dict[str, Any]

    def on(self, backend: kernels.Backend) -> Callable[[], Any]:
        """The call on a backend, with arrays of its own."""
        arguments = {
            name: backend.from_numpy(x.copy()) if isinstance(x, np.ndarray) else x for name, x in self.arguments.items()
        }

        def call():
            with kernels.using(backend):
                return self.function(**arguments)

        return call

    def in_numpy(self) -> Callable[[], Any]:
        """The reference functions behind the call."""
        noting = _Noting()
        self.on(noting)()
        calls = noting.calls

        def call():
            return [function(*args) for function, args in calls]

        return call


def cases(operation: catalog.Operation, quick: bool) -> Iterator[Case]:
    """The calls to time. Quick: the first size, forward (of a loss with its gradient); of matmul all sizes."""
    workloads = operation.workloads(catalog.Draw(0, np.float32))
    few = quick and operation.name != "matmul"
    for size, sample in itertools.islice(workloads.items(), 1 if few else None):
        arguments = {name: x for name, x in operation.bind(sample).items() if name != "out"}
        cost = operation.cost(*sample.args, **sample.options)
        backward_cost = operation.backward_cost(*sample.args, **sample.options) if operation.backward_cost else cost
        if operation.with_gradient:
            yield Case(operation, size, "with gradient", backward_cost, operation.gradient, arguments)
        if not (quick and operation.with_gradient):
            yield Case(operation, size, "forward", cost, operation.function, arguments)
        if operation.backward and not quick:
            y = operation.function(**arguments)
            grad = np.random.default_rng(1).standard_normal(y.shape, np.float32)
            arguments = operation.backward_arguments(sample, (y,), grad)
            arguments.pop("out", None)
            yield Case(operation, size, "backward", backward_cost, operation.backward, arguments)


def run(case: Case, backends: list[str], limits: dict[str, dict[str, float]], cache: int, seconds: float) -> list[Row]:
    """Time one call on those backends. What fails is told in its row.

    `limits` are those of each backend's device, `cache` the bytes of the CPU's largest cache.
    """
    rows, timings, errors = [], {}, {}
    contenders: dict[str, Callable] = {}
    for name in backends:
        backend = kernels.backend(name)
        try:
            call = case.on(backend)
            if name == "cupy":
                timings[name] = measure_gpu(backend.device.cupy, call, seconds)  # pyright: ignore[reportAttributeAccessIssue]
            else:
                contenders[name] = call
        except Exception as error:  # a failing kernel must not end the run: its row says so
            errors[name] = f"{type(error).__name__}: {error}"
    try:
        contenders[NUMPY] = case.in_numpy()
        timings |= measure(contenders, seconds)
    except Exception as error:
        errors |= {name: f"{type(error).__name__}: {error}" for name in contenders if name not in timings}
    for name in backends:
        timing, limit = timings.get(name), limits[name]
        arithmetic, memory = case.cost.flops / limit["gflops"] / 1e9, case.cost.bytes / limit["gbytes"] / 1e9
        cached = memory > arithmetic and name != "cupy" and case.cost.bytes < 2 * cache
        ratio = timings[NUMPY].median / timing.median if timing and NUMPY in timings and name != "cupy" else None
        rows.append(
            Row(
                family=case.operation.family,
                operation=case.operation.name,
                size=case.size,
                direction=case.direction,
                backend=name,
                timing=timing,
                cost=case.cost,
                limit=None if cached else max(arithmetic, memory),
                versus_numpy=ratio,
                error=errors.get(name),
            )
        )
    return rows
