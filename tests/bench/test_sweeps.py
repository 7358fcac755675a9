"""How cost grows: exponents, crossovers, and what is swept."""

import json
import math

import pytest

from kernelwright.bench import choices, fair, growth, limits, measuring, suite, sweeps
from kernelwright.bench.choices import Options
from kernelwright.bench.sweeps import Axis
from kernelwright.kernels.operation import CATALOG


def test_the_exponent_is_that_of_large_sizes():
    xs = [2**i for i in range(4, 12)]
    assert growth.exponent(xs, [x**3 for x in xs]) == pytest.approx(3)
    overhead = [1e6 + x**3 for x in xs]  # which at the small end is all there is
    assert 2.7 < growth.exponent(xs, overhead) < 3
    assert growth.exponent(xs, [None] * 6 + [1.0, 2.0]) is None
    assert growth.exponent(xs, [None] + [x**2 for x in xs[1:]]) == pytest.approx(2)


def test_curves_cross_where_powers_do():
    xs = [1, 4, 16, 64, 256]
    ours, theirs = [100 * x for x in xs], [x**2 for x in xs]  # equal at 100
    assert growth.crossovers(xs, ours, theirs) == pytest.approx([100])
    assert growth.crossovers(xs, ours, ours) == []
    assert growth.crossovers(xs, [1, 3, 1, 3, 1], [2] * 5) == pytest.approx(
        [4 ** (math.log(2) / math.log(3) + i if i % 2 == 0 else i + 1 - math.log(2) / math.log(3)) for i in range(4)]
    )


def test_what_curves_say_is_put_into_words():
    crossed, ahead, refused = {"numpy": [12.34, 1.5e6], "torch": []}, {"numpy": True, "torch": False}, {"torch": "why"}
    found = sweeps.Sweep("f", "relu", "size", "x", [1], {}, {"numba": 1.0, "numpy": None}, crossed, ahead, refused)
    assert sweeps.words(found) == [
        "time grows, where x is large: numba like x^1.00",
        "against NumPy: ours crosses its time at x = 12.3; 1,500,000; at the largest x ours is the faster one",
        "against PyTorch: ours never crosses its time; at the largest x ours is the slower one",
        "no ratio to PyTorch: why",
    ]


@pytest.mark.parametrize("axis", sweeps.AXES, ids=lambda one: f"{one.operation}-{one.axis}")
def test_every_axis_has_sizes_that_its_operation_takes(axis):
    operation = CATALOG[axis.operation]
    assert list(axis.xs) == sorted(set(axis.xs))
    assert len(axis.xs) >= growth.FEWEST
    assert all(operation.takes(axis.sizes(x)) for x in axis.xs)


def test_every_family_has_one():
    assert {one.family for one in sweeps.AXES} == {operation.family for operation in CATALOG.values()}


def test_threads_are_an_axis_where_there_are_several():
    assert [one.axis for one in sweeps.axes(["matmul"], 1)] == ["size", "batch", "width"]
    *_, last = sweeps.axes(["matmul"], 6)
    assert (last.axis, last.xs, last.sizes(2)) == ("threads", (1, 2, 4, 6), (1024, 1024, 1024))
    with pytest.raises(ValueError, match="--sweep has nothing for relu6"):
        sweeps.axes(["relu6"], 1)


def test_a_sweep_from_the_command_to_the_file(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sweeps, "AXES", (Axis("relu", "size", "numbers", (8, 64, 512), lambda n: (n,)),))
    for name in ("SETTLE", "SETTLE_ALONE"):
        monkeypatch.setattr(measuring, name, 0.0)
    monkeypatch.setattr(sweeps, "BUDGET", 0.01)
    roof = limits.Limits(flops=1e11, bandwidth=1e10, cache=1 << 20, how="invented")
    monkeypatch.setattr(suite, "_roofs", lambda backends, threads: {"numba": roof})
    monkeypatch.setattr(fair, "keep_freed_memory", lambda: False)
    monkeypatch.setattr(fair, "ENVIRONMENT", {})
    monkeypatch.setattr(choices, "RIVALS", ("numpy",))
    written = tmp_path / "sweeps.json"
    assert suite.run(Options(["relu"], sweep=True, threads=[1], json=written)) == 0
    results = json.loads(written.read_text())
    (found,) = results["sweeps"]
    assert (found["family"], found["operation"], found["axis"]) == ("activations", "relu", "size")
    assert found["xs"] == [8, 64, 512]
    assert set(found["seconds"]) == set(found["exponent"]) == {"numpy", "numba"}
    assert all(seconds > 0 for curve in found["seconds"].values() for seconds in curve)
    assert set(found["crossovers"]) == set(found["faster_at_the_end"]) == {"numpy"}
    text = capsys.readouterr().out
    assert "| numbers |" in text
    assert "against NumPy: ours" in text
