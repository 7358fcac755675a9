"""numexpr in the suite: each expression is the operation, in its dtype and with as many threads."""

import pytest

from kernelwright.bench import contenders, fair, in_numexpr, measuring, proof
from kernelwright.kernels.operation import CATALOG

pytestmark = pytest.mark.compare
numexpr = pytest.importorskip("numexpr")


def cases(name, dtype="float32"):
    return contenders.cases(CATALOG[name], False, {"small": (60,)}, dtype)


@pytest.mark.parametrize("name", in_numexpr.EXPRESSIONS)
def test_it_is_right(name):
    for dtype in ("float32", "float64"):
        for case in cases(name, dtype):
            assert case.has("numexpr")
            entrant = contenders.contender(case, "numexpr")
            with proof.two_examples(case) as examples:
                found = proof.prove(entrant, examples)
            assert (found.dtype, found.allocates) == (dtype, True)


def test_there_is_no_erf():
    by_erf = contenders.Case(CATALOG["gelu"], "", CATALOG["gelu"].sized((60,)), "forward")
    by_erf.sample.options["approximate"] = "none"
    assert not by_erf.has("numexpr")
    assert not next(contenders.cases(CATALOG["softmax"], True)).has("numexpr")


def test_it_has_as_many_threads_as_all(monkeypatch):
    monkeypatch.setattr(measuring, "SETTLE_ALONE", 0.0)
    before = numexpr.get_num_threads()
    with fair.everyone_with(1, None, "bench"):
        assert fair.threads_of("numexpr") == 1
        found = {row.backend: row for row in measuring.measure(next(cases("relu")), ["numba"], {}, 0.01, ("numexpr",))}
    assert numexpr.get_num_threads() == before
    assert found["numba"].ratios["numexpr"]["value"] > 0
