"""One benchmark for each case of a family and each contender: what `kernelwright bench` times, for pytest-benchmark.

    pytest bench/                                        # all families, all sizes
    pytest bench/families/test_softmax.py -k forward     # as any test is chosen
    pytest bench/ --benchmark-autosave --benchmark-compare-fail=median:10%

Sizes and costs are the catalog's; a result must be right before it is timed (proof.py). Contenders do not take turns
here, as they do in `kernelwright bench`: for ratios, use that.
"""

import functools

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.bench import contenders, fair
from kernelwright.bench.proof import prove, two_examples
from kernelwright.kernels.operation import CATALOG

BACKENDS = [name for name, why in kernels.backends().items() if why is None and name in ("numba", "cupy")]


def plain(workload):
    """As it can be typed: pytest writes other signs as escapes."""
    for sign, typed in {"×": "x", "²": "^2", "³": "^3", "→": "to"}.items():
        workload = workload.replace(sign, typed)
    return workload


def pytest_configure(config):
    fair.make_fair()


def pytest_generate_tests(metafunc):
    """The family is the file's name."""
    family = metafunc.module.__name__.rpartition("test_")[2]
    found = [
        pytest.param(name, workload, direction, contender, id=f"{name}-{plain(workload)}-{direction}-{contender}")
        for name, operation in CATALOG.items()
        if operation.family == family
        for workload in operation.workloads
        for direction in contenders.directions(operation)
        for contender in (contenders.NUMPY, *BACKENDS)
        if contender != contenders.NUMPY or direction == "both" or not operation.with_gradient
    ]
    metafunc.parametrize(("operation", "workload", "direction", "contender"), found)


@functools.lru_cache(maxsize=1)  # the contenders of a case come one after another
def case_of(name, workload, direction):
    operation = CATALOG[name]
    return contenders.Case(operation, workload, operation.sized(operation.workloads[workload]), direction)


@pytest.fixture
def case(operation, workload, direction):
    return case_of(operation, workload, direction)


@pytest.fixture
def timed(benchmark, case, contender):
    """Prove the contender, time it, and note what of the arithmetic and the memory's traffic it reaches."""

    benchmark.group = f"{case.operation.name} {case.workload} {case.direction}"

    def run():
        entrant = contenders.contender(case, contender)
        with np.errstate(all="ignore"):
            if contender != contenders.NUMPY:
                with two_examples(case) as examples:
                    prove(entrant, examples)
            with entrant.context():

                def call():
                    entrant.call()
                    entrant.wait()

                benchmark(call)
        if benchmark.stats:
            seconds = benchmark.stats.stats.median
            benchmark.extra_info.update(
                gflops=case.cost.flops / seconds / 1e9, gigabytes_per_second=case.cost.bytes / seconds / 1e9
            )

    return run
