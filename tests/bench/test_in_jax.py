"""JAX in the suite: it does the same work, under the same conditions, or there is no ratio."""

import dataclasses

import pytest

from kernelwright.bench import contenders, fair, in_jax, measuring, proof
from kernelwright.kernels.operation import CATALOG

pytestmark = pytest.mark.compare
jax = pytest.importorskip("jax")
# Sizes that take JAX no time to compile; one operation of each of its tables.
SMALL = {
    "relu": (1000,),
    "conv_transpose2d": (2, 3, 5, 4, 4, 2, 1, 1),
    "lstm": (3, 2, 4),
    "gaussian_nll_loss": (50,),
}


def cases(name, dtype="float32"):
    return contenders.cases(CATALOG[name], False, {"small": SMALL[name]}, dtype)


def rows(case):
    with fair.everyone_with(1, None, "bench"):
        return {row.backend: row for row in measuring.measure(case, ["numba"], {}, 0.01, ("jax",))}


@pytest.fixture
def alone(monkeypatch):
    for name in ("SETTLE", "SETTLE_ALONE"):
        monkeypatch.setattr(measuring, name, 0.0)
    monkeypatch.setattr(in_jax, "threads", lambda: 1)


@pytest.mark.parametrize("name", SMALL)
def test_it_is_right(name):
    for case in cases(name):
        if case.refusal("jax") is None:
            entrant = contenders.contender(case, "jax")
            entrant.first()
            with proof.two_examples(case) as examples:
                found = proof.prove(entrant, examples)
            assert (found.dtype, found.allocates) == ("float32", True)


def test_it_has_a_ratio_and_with_other_threads_none(alone, monkeypatch):
    case = next(cases("relu"))
    found = rows(case)
    assert found["jax"].error is None
    assert found["numba"].ratios["jax"]["value"] > 0
    monkeypatch.setattr(in_jax, "threads", lambda: 3)
    assert rows(case)["numba"].refused == {"jax": "it may use 3 threads, we 1 thread"}


def test_in_float64_it_computes_so_and_nowhere_else(alone):
    found = rows(next(cases("relu", "float64")))
    assert found["jax"].error is None
    assert found["numba"].ratios["jax"]["value"] > 0
    assert not jax.config.jax_enable_x64


def test_another_function_is_found_out(alone, monkeypatch):
    monkeypatch.setitem(in_jax._functions(), "relu", lambda x: x)
    found = rows(next(cases("relu")))
    assert found["jax"].error.startswith("its result is wrong: ")
    assert found["numba"].ratios == {}


def test_every_function_is_of_the_catalog():
    assert in_jax._functions().keys() <= CATALOG.keys()
    assert not in_jax.knows(dataclasses.replace(CATALOG["relu"], function=dropped))


def dropped(x):
    return x


def test_its_threads_are_those_that_it_begins_with(monkeypatch):
    for name in (*in_jax.THREADS, "JAX_PLATFORMS"):
        monkeypatch.setenv(name, "")
    in_jax.with_threads(5)  # too late: JAX is there
    assert in_jax.threads() == (in_jax.os.cpu_count() or 1)
    monkeypatch.delitem(in_jax.sys.modules, "jax")
    in_jax.with_threads(5)
    assert in_jax.threads() == 5
    in_jax.with_threads(6)  # what is set is left
    assert in_jax.threads() == 5
