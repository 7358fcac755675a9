"""PyTorch in the suite: it does the same work, under the same conditions, or there is no ratio."""

import dataclasses

import pytest

from kernelwright import kernels
from kernelwright.bench import contenders, fair, in_torch, measuring
from kernelwright.kernels.operation import CATALOG

pytestmark = pytest.mark.compare
pytest.importorskip("torch")
SMALL = {"relu": (1000,), "softmax": (16, 40), "cross_entropy": (16, 10), "matmul": (17, 9, 5)}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    for name in ("SETTLE", "SETTLE_ALONE"):
        monkeypatch.setattr(measuring, name, 0.0)


def rows(name, sizes):
    operation = dataclasses.replace(CATALOG[name], workloads={"small": sizes})
    with fair.everyone_with(1, fair.pytorch(), "bench"):
        for case in contenders.cases(operation, False):
            yield case, {row.backend: row for row in measuring.measure(case, ["numba"], {}, 0.01, ("torch",))}


@pytest.mark.parametrize("name", SMALL)
def test_it_is_right_and_has_a_ratio(name):
    directions = set()
    for case, found in rows(name, SMALL[name]):
        ours, theirs = found["numba"], found["torch"]
        assert (ours.error, theirs.error) == (None, None)
        assert (theirs.threads, theirs.dtype, theirs.proved) == (1, "float32", True)
        assert ours.refused == {}
        assert ours.ratios["torch"]["value"] > 0
        directions.add(case.direction)
    assert len(directions) == 2


def test_a_gradient_that_is_only_a_view_has_none():
    """That of a sum: PyTorch's takes no memory."""
    for case, found in rows("sum", (8, 32, 1)):
        refused = found["numba"].refused
        assert ("writes into arrays that are there" in refused.get("torch", "")) == (case.direction == "backward")


def test_a_counterpart_that_does_more_is_no_rival():
    for name, why in in_torch.UNLIKE.items():
        assert contenders.Case(CATALOG[name], "", None, "forward").refusal("torch") == why


@pytest.mark.parametrize("threads", [1, 2])
def test_a_counterpart_that_stalls_with_several_threads_is_a_rival_with_one(threads, monkeypatch):
    monkeypatch.setattr(kernels, "get_threads", lambda: threads)
    for name, why in in_torch.STALLS.items():
        assert contenders.Case(CATALOG[name], "", None, "forward").refusal("torch") == (why if threads > 1 else None)
