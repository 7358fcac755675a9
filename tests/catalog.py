"""Walks of the catalog that several tests share."""

import zlib
from contextlib import contextmanager

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.operation import CATALOG, Draw, Operation, Sample

DTYPES = (np.float32, np.float64)
RUNS_HERE = {name: why for name, why in kernels.backends().items() if name != "reference"}
BACKENDS = [
    pytest.param(name, marks=[pytest.mark.skip(reason=f"the backend {name} can't run here: {why}")] if why else [])
    for name, why in RUNS_HERE.items()
]
OPERATIONS = list(CATALOG.values())


def orders(name: str, dtype=np.float32) -> tuple[str, ...]:
    """In which blocks run: the simulator has a choice, and its answers must not depend on it.

    That is seen in float32; in float64, the same source, one order will do.
    """
    if name != "simulator":
        return ("",)
    return simulator.ORDERS if dtype == np.float32 else simulator.ORDERS[-1:]


@contextmanager
def running(name: str, order: str):
    """A backend, watched where it is the simulator: no kernel of ours may race or leave its arrays."""
    with kernels.using(name):
        if name != "simulator":
            yield
            return
        with simulator.record(order) as reports:
            yield
    for report in reports:
        assert report.findings == [], str(report)


def by_name(operation: Operation) -> str:
    return operation.name


def samples(operation: Operation, dtype) -> list[Sample]:
    """An operation's samples, the same ones in every test."""
    return list(operation.samples(Draw(zlib.crc32(operation.name.encode()), dtype)))


def is_real(x) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def converted(sample: Sample, convert) -> Sample:
    """The sample with every array replaced."""

    def one(x):
        return convert(x) if isinstance(x, np.ndarray) else x

    options = {name: one(value) for name, value in sample.options.items()}
    return Sample(tuple(one(x) for x in sample.args), options, sample.smooth, sample.note)


def in_float64(sample: Sample) -> Sample:
    return converted(sample, lambda x: x.astype(np.float64) if is_real(x) else x)


def as_tuple(result) -> tuple:
    return result if isinstance(result, tuple) else (result,)


def moved_to(backend, sample: Sample) -> Sample:
    """The sample's arrays as the backend's own: NumPy's as they are, layout and all."""
    return converted(sample, backend.from_numpy)


def same(actual, expected, tolerance: dict, what: str) -> None:
    """Equal to a tolerance; NaN where it is NaN, the same infinity where there is one."""
    assert actual.shape == np.shape(expected), what
    with np.errstate(over="ignore"):  # a float64 that float32 can't hold is an infinity there
        expected = np.asarray(expected).astype(actual.dtype)
    np.testing.assert_allclose(actual, expected, **tolerance, equal_nan=True, err_msg=what)
