"""The suite: what it measures, and what becomes of the figures."""

import dataclasses
import json

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.bench import choices, contenders, fair, limits, machine, measuring, proof, report, suite
from kernelwright.bench.choices import Options
from kernelwright.kernels.operation import CATALOG, Cost, Draw, Sample

ROOF = limits.Limits(flops=1e11, bandwidth=1e10, cache=1 << 20, how="invented")
ROOFS = dict.fromkeys(("numpy", "numba"), ROOF)


@pytest.fixture
def tiny(monkeypatch, threads_alike):
    """A catalog of one small operation, and limits that need no measuring."""
    operation = dataclasses.replace(CATALOG["relu"], workloads={"9": (9,), "7": (7,)})
    monkeypatch.setattr(choices, "CATALOG", {"relu": operation})
    for name in ("BUDGET", "QUICK_BUDGET"):
        monkeypatch.setattr(suite, name, 0.005)
    for name in ("SETTLE", "SETTLE_ALONE"):
        monkeypatch.setattr(measuring, name, 0.0)
    monkeypatch.setattr(suite, "_roofs", lambda backends, threads: ROOFS)
    monkeypatch.setattr(fair, "keep_freed_memory", lambda: False)  # the tests after this one don't want it
    monkeypatch.setattr(fair, "ENVIRONMENT", {})
    monkeypatch.setattr(choices, "RIVALS", ("numpy",))
    return operation


def always(sample):
    """An example of whatever size."""
    return lambda draw, *sizes: sample


def all_cases(quick=False):
    """Every case, on workloads that are small."""
    for operation in CATALOG.values():
        samples = operation.samples(Draw(0, np.float32))
        sample = next(s for s in samples if all(x.size > 1 for x in s.args if isinstance(x, np.ndarray)))
        small = dataclasses.replace(operation, example=always(sample), workloads={"small": ()})
        yield from contenders.cases(small, quick)


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.operation.name}-{c.direction}") for c in all_cases()])
def test_every_case_can_be_called_in_its_dtype_and_costs_something(case):
    assert case.cost.flops > 0
    assert case.cost.bytes > 0
    numpy = contenders.contender(case, "numpy")
    numpy.sample(2)
    # In whose dtype the definition computes, so that NumPy's time is that of the same work.
    assert np.dtype(np.float64) not in {array.dtype for array in proof._flat(numpy.call())}


def test_numpy_gets_the_reference_functions_by_themselves():
    operation = CATALOG["linear"]
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape, np.float32) for shape in ((4, 3), (5, 3), (5,))]
    case = contenders.Case(operation, "4×3→5", Sample(tuple(arrays)), "forward")
    call = contenders.contender(case, "numpy").call
    x, weight, bias = arrays
    np.testing.assert_allclose(call().reshape(4, 5), x @ weight.T + bias, rtol=1e-6)
    assert kernels.current().name == "numba"


def test_a_contender_changes_no_one_elses_arrays():
    sample = next(iter(CATALOG["sgd_update"].samples(Draw(0, np.float32))))
    case = contenders.Case(CATALOG["sgd_update"], "", sample, "forward")
    before = [x.copy() for x in sample.args]
    for name in ("numpy", "numba"):
        contender = contenders.contender(case, name)
        contender.sample(2)
    for x, was in zip(sample.args, before):
        np.testing.assert_array_equal(x, was)


def test_quick_takes_one_size_forward_but_all_of_matmul():
    def what(name):
        return [(case.workload, case.direction) for case in contenders.cases(small(name), quick=True)]

    def small(name):
        operation = CATALOG[name]
        sample = Sample((np.ones((2, 2), np.float32),) * 2)
        return dataclasses.replace(operation, example=always(sample))

    assert [direction for _, direction in what("relu")] == ["forward"]
    assert [direction for _, direction in what("mse_loss")] == ["both"]
    assert len(what("matmul")) > 3


def test_rows_are_sane(tiny):
    for case in contenders.cases(tiny, quick=False):
        rows = {row.backend: row for row in measuring.measure(case, ["numba"], ROOFS, 0.005)}
        ours, numpy = rows["numba"], rows["numpy"]
        assert ours.error is None
        assert 0 < ours.seconds < 1
        assert ours.first_call > 0
        assert ours.refused == {}
        assert ours.vs_numpy == ours.ratios["numpy"]["value"]
        assert numpy.seconds > 0
        assert ours.flops == pytest.approx(case.cost.flops / ours.seconds)
        assert (ours.bound, ours.of_limit) == ("cache", None)


def test_the_roof_is_the_lower_one():
    assert ROOF.bound(Cost(1e11, 1e6)) == "flops"
    assert ROOF.share(Cost(1e11, 1e6), 2.0) == pytest.approx(0.5)
    assert ROOF.bound(Cost(1, 1e10)) == "memory"
    assert ROOF.share(Cost(1, 1e10), 4.0) == pytest.approx(0.25)
    assert ROOF.bound(Cost(1, 1e5)) == "cache"


def test_a_failure_is_a_row(tiny, capsys, monkeypatch):
    def broken(x, out=None):
        if kernels.current().name == "numba":
            raise ArithmeticError("no such luck")
        return kernels.relu(x, out=out)

    operation = dataclasses.replace(tiny, function=broken)
    monkeypatch.setattr(choices, "CATALOG", {"relu": CATALOG["relu"], "broken": operation})
    assert suite.run(Options(["broken"], quick=True, backends=["numba"])) == 1
    assert "failed: broken 9 forward numba: ArithmeticError: no such luck" in capsys.readouterr().out


def test_json_and_markdown(tiny, tmp_path, capsys):
    document = tmp_path / "R.md"
    document.write_text("before\n<!-- figures -->\nstale\n<!-- /figures -->\nafter\n")
    written = tmp_path / "deep" / "figures.json"
    assert suite.run(Options(backends=["numba"], json=written, markdown=document)) == 0
    assert "limits of numba: 100 GFLOP/s, 10 GB/s" in capsys.readouterr().out

    results = json.loads(written.read_text())
    assert results["complete"] is True
    assert {"cpu", "threads", "threading_layer", "numpy", "numba", "blas", "date", "load"} <= set(results["machine"])
    assert results["limits"]["numba"]["flops"] == 1e11
    assert [(row["workload"], row["direction"], row["backend"]) for row in results["rows"]] == [
        (size, direction, backend)
        for size in ("9", "7")
        for direction in ("forward", "backward")
        for backend in ("numpy", "numba")
    ]

    text = document.read_text()
    assert text.startswith("before\n<!-- figures -->\n")
    assert text.endswith("<!-- /figures -->\nafter\n")
    assert "stale" not in text
    assert text.count("| relu ") == 2
    report.write_markdown(document, report.figures(results))
    assert document.read_text() == text  # written anew, not once more


def test_a_regression_ends_with_1(tiny, tmp_path, capsys):
    """Against results in which ours took a thousandth of the time, and then a thousand times as much."""
    written = tmp_path / "now.json"
    assert suite.run(Options(backends=["numba"], json=written)) == 0
    results = json.loads(written.read_text())
    for factor, code, word in ((1e-3, 1, "slower: relu"), (1e3, 0, "faster: relu")):
        old = json.loads(written.read_text())
        for row in old["rows"]:
            if row["backend"] == "numba":
                row.update({name: row[name] * factor for name in ("seconds", "low", "high") if row[name]})
        (tmp_path / "old.json").write_text(json.dumps(old))
        assert suite.run(Options(backends=["numba"], compare=tmp_path / "old.json")) == code
        assert word in capsys.readouterr().out
    assert results["machine"]["noise"]["decided"] >= 0
    assert len(results["machine"]["fairness"]) >= 4


def test_noise_is_told():
    def rows(*verdicts, spread=0.01):
        row = measuring.Row("f", "o", "1", "forward", "numba", spread=spread)
        found = [{"value": 1.0, "low": 0.9, "high": 1.1, "verdict": verdict} for verdict in verdicts]
        return [dataclasses.replace(row, ratios={"numpy": one}) for one in found]

    assert suite.noise(rows("faster", "slower"), 0.01)["warning"] is None
    assert "other programs used 25%" in suite.noise(rows("faster"), 0.25)["warning"]
    assert "times spread by 30%" in suite.noise(rows("faster", spread=0.3), 0.0)["warning"]
    found = suite.noise(rows("faster", "undecided", "undecided"), None)
    assert (found["decided"], found["undecided"]) == (1, 2)
    assert "2 of 3 ratios can't be told from 1" in found["warning"]


def test_rows_of_each_dtype_and_thread_and_rung(monkeypatch, tiny):
    matmul = dataclasses.replace(CATALOG["matmul"], workloads={"8³": (8, 8, 8)})
    (case, *_) = contenders.cases(matmul, True, None, "float64")
    rows = measuring.measure(case, ["numba"], ROOFS, 0.0, (), rungs=True, least=1)
    assert {row.rung for row in rows} >= {None, "1_naive"}
    assert {(row.dtype, row.error) for row in rows} == {("float64", None)}


@pytest.mark.cuda
def test_the_simulator_counts_and_has_no_time(tiny, tmp_path, capsys):
    """Nine numbers lie in two sectors of 32 bytes: read, and written."""
    written = tmp_path / "counted.json"
    assert suite.run(Options(backends=["numba", "simulator"], quick=True, json=written)) == 0
    (row,) = (row for row in json.loads(written.read_text())["rows"] if row["backend"] == "simulator")
    assert (row["seconds"], row["ratios"], row["error"]) == (None, None, None)
    assert row["simulated"]["ideal_sectors"] == 4
    assert row["simulated"]["sectors"] >= 4
    assert row["simulated"]["bank_wavefronts"] == 0
    text = capsys.readouterr().out
    assert " of 4" in text
    assert "Of the simulator's rows there is no time" in text


def test_what_is_too_large_is_not_simulated(capsys):
    case = contenders.Case(CATALOG["relu"], "large", Sample((np.ones(1 << 23, np.float32),)), "forward")
    (row,) = measuring.measure(case, ["simulator"], {}, 0.0, ())
    assert row.simulated is None
    assert "too many to simulate" in row.refused["simulator"]
    report.show([row], {})
    assert "not simulated: 1 cases, which are too large: --sizes takes smaller ones" in capsys.readouterr().out


def test_ctrl_c_keeps_what_was_measured(tiny, tmp_path, monkeypatch, capsys):
    measure, calls = suite.measure, []

    def once(*args):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return measure(*args)

    monkeypatch.setattr(suite, "measure", once)
    written = tmp_path / "figures.json"
    assert suite.run(Options(backends=["numba"], json=written)) == 130
    results = json.loads(written.read_text())
    assert results["complete"] is False
    assert len(results["rows"]) == 2
    assert "relu" in capsys.readouterr().out


def test_the_limits_of_this_cpu():
    cpu = limits.of_cpu()
    assert 1e9 < cpu.flops_one_thread < 1e12
    assert cpu.flops > 0.5 * cpu.flops_one_thread
    assert 1e9 < cpu.bandwidth < 1e12
    assert cpu.cache > 1 << 16


def test_the_machine_in_a_line():
    line = machine.line(machine.describe())
    assert machine.cpu_name() in line
    assert f"NumPy {np.__version__}" in line
