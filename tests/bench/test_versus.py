"""Ours beside NumPy's and PyTorch's: that all do the same work, and what is said of it."""

import json
import os
import re
import time
from functools import partial
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from kernelwright import kernels
from kernelwright.bench import command, copying, fair, first_use, report, rivals, steps, targets, timing, versus
from kernelwright.bench.rivals import COMPILED, COPY, DEFAULT, JAX, NUMPY, OURS, TORCH
from kernelwright.bench.targets import Row, Target
from kernelwright.kernels.threads import get_threads

# Every kind of work, small.
SMALL = {
    **{f"matmul {t}": rivals.product((5, 7, 3), t) for t in ("", "a", "b", "ab")},
    "vector": rivals.product((1, 33, 17)),
    **{
        f"{name} {backward}": rivals.activation(name, backward, 1000)
        for name in rivals.TORCH_ACTIVATIONS
        for backward in (False, True)
    },
    **{f"gelu tanh {back}": rivals.activation("gelu", back, 1000, approximate="tanh") for back in (False, True)},
    **{
        f"{name} {backward}": work(name, backward, 6, 40)
        for work, names in (
            (rivals.softmax, ("softmax", "log_softmax")),
            (rivals.normalization, ("layer_norm", "rms_norm")),
        )
        for name in names
        for backward in (False, True)
    },
    "loss": rivals.cross_entropy(9, 4),
    **{f"{name} {count}": rivals.step(name, count, 50) for name in rivals.OPTIMIZERS for count in (1, 3)},
    "training": steps.mlp_step(8),
}


@pytest.fixture
def tiny(monkeypatch):
    """Two small groups, no time spent, nothing of the process changed."""
    monkeypatch.setattr(
        versus, "WORK", {"matmul": lambda quick: [SMALL["matmul "]], "losses": lambda quick: [SMALL["loss"]]}
    )
    monkeypatch.setattr(versus, "BUDGET", 0.0)
    monkeypatch.setattr(versus, "QUICK_BUDGET", 0.0)
    monkeypatch.setattr(versus, "SETTLE", 0.0)
    monkeypatch.setattr(versus, "SETTLE_ALONE", 0.0)
    monkeypatch.setattr(timing, "TURN", 0.0)
    monkeypatch.setattr(fair, "keep_freed_memory", lambda: False)
    monkeypatch.setattr(first_use, "seconds", lambda: (12.0, 0.75))
    monkeypatch.setattr(fair, "ENVIRONMENT", {})
    monkeypatch.setattr(fair, "pytorch", lambda: None)


def values(result) -> list[np.ndarray]:
    """Whatever a call returned, as arrays of its own."""
    parts = result if isinstance(result, (tuple, list)) else [result]
    return [np.array(part.detach().numpy() if hasattr(part, "detach") else part) for part in parts]


def assert_same(calls, times=1):
    ours = [values(calls[OURS]()) for _ in range(times)]
    for name in calls.keys() - {OURS, COPY}:
        theirs = [values(calls[name]()) for _ in range(times)]
        for mine, other in zip(ours, theirs):
            for x, y in zip(mine, other):
                np.testing.assert_allclose(x, y, rtol=2e-4, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("name", SMALL)
def test_ours_can_be_called(name):
    calls = SMALL[name].calls(None, 1)
    assert_same(calls)
    assert set(calls) - {JAX} == ({OURS, NUMPY} if name.startswith(("matmul", "vector")) else {OURS})


@pytest.mark.compare
@pytest.mark.parametrize("name", SMALL)
def test_pytorch_does_the_same(name):
    torch = pytest.importorskip("torch")
    calls = SMALL[name].calls(torch, 1)
    calls.pop(COMPILED, None)  # which would take half a minute
    assert TORCH in calls
    assert (DEFAULT in calls) == name.startswith(("Adam", "SGD"))
    if name == "layer_norm False":  # then come the statistics: ours in one array, PyTorch's in two
        for who, call in list(calls.items()):
            calls[who] = lambda call=call: call()[0]
    assert_same(calls, times=3)


@pytest.mark.compare
def test_jax_takes_the_same_steps():
    pytest.importorskip("jax")
    calls = SMALL["training"].calls(None, os.cpu_count() or 1)
    assert set(calls) == {OURS, JAX}
    assert_same(calls, times=5)


@pytest.mark.compare
def test_all_fill_the_array_that_is_given():
    torch = pytest.importorskip("torch")
    for name in ("matmul a", "sigmoid True", "softmax False"):
        calls = SMALL[name].calls(torch, 1)
        (one,), (same,) = values(calls[TORCH]()), values(calls[OURS]())
        given = calls[OURS].keywords["out"]
        for call in calls.values():
            given.fill(np.nan)
            call()
            np.testing.assert_allclose(given, one, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(one, same, rtol=1e-5, atol=1e-6)


@pytest.mark.compare
def test_pytorch_kernels_are_timed_without_autograd():
    torch = pytest.importorskip("torch")
    seen = []

    def calls(torch, threads):
        return {OURS: int, TORCH: lambda: seen.append(torch.is_inference_mode_enabled())}

    for autograd in (False, True):
        versus.measure("softmax", rivals.Work("it", "1", calls, autograd), 1, torch, 0.0)
        assert set(seen) == {not autograd}
        seen.clear()


def test_every_group_has_work_and_targets():
    assert list(targets.TARGETS) == [*versus.WORK, *versus.APART]
    for group, work in versus.WORK.items():
        every, few = list(work(False)), list(work(True))
        assert 0 < len(few) < len(every)
        assert len({(piece.operation, piece.size) for piece in every}) == len(every)
        for target in targets.TARGETS[group]:
            assert any(piece.size.startswith(target.size) for piece in every)


def test_a_copy_moves_as_many_bytes():
    for size in (8, 1000, 1 << 16):
        call: Any = copying.moving(size, 1)
        call()
        source, target = call.args[-2:]
        assert source.nbytes + target.nbytes == size // 8 * 8
        assert (target == 1).all()


def row(group="softmax", size="9", threads=1, **ratios):
    return Row(group, "it", size, threads, {OURS: 2.0, **{name: 2.0 * ratio for name, ratio in ratios.items()}})


def test_a_ratio_is_the_rivals_time_over_ours():
    assert row(torch=1.5).ratio(TORCH) == 1.5
    assert row(torch=1.5).ratio(NUMPY) is None
    assert row(torch=1.1).missed() == ["PyTorch 1.2×"]
    assert row(torch=1.2).missed() == []
    assert row("training", "batch 1024", torch=1.5).missed() == []
    assert row("training", "batch 64", torch=1.5).missed() == ["PyTorch 2×"]


def test_verdicts(monkeypatch):
    each, mean = Target(TORCH, 0.5), Target(TORCH, 2.0, mean=True)
    monkeypatch.setitem(targets.TARGETS, "softmax", (each, mean))
    rows = [row(torch=1.0), row(torch=4.0, size="10"), row(torch=0.25, threads=2), row(numpy=3.0, threads=2)]
    one, numpy, two = targets.verdicts([*rows[:2], rows[3], rows[2]])
    assert (one.threads, one.mean, one.worst, one.where, one.met) == (1, pytest.approx(2.0), 1.0, "it 9", True)
    assert one.targets == ("each ≥ 0.5×", "mean ≥ 2×")
    assert (two.threads, two.worst, two.met) == (2, 0.25, False)
    assert (numpy.rival, numpy.mean, numpy.met) == (NUMPY, pytest.approx(3.0), None)


def test_targets_by_size():
    rows = [row("training", "batch 64", torch=1.9), row("training", "batch 1024", torch=1.2, compiled=0.5)]
    small, large, compiled = targets.verdicts(rows)
    assert (small.size, small.met, large.size, large.met) == ("batch 64", False, "batch 1024", True)
    assert (compiled.rival, compiled.met) == (COMPILED, None)


def test_a_run(tiny, tmp_path, capsys):
    results, document = tmp_path / "deep" / "versus.json", tmp_path / "README.md"
    document.write_text("before\n<!-- cpu figures -->\nold\n<!-- /cpu figures -->\nafter\n")
    options = ["--threads", "1", "--json", str(results), "--markdown", str(document)]
    assert command.main(["bench", "cpu", *options]) == 0
    out = capsys.readouterr().out
    assert "PyTorch isn't installed, so NumPy alone is compared with: pip install torch==2.13.0" in out
    assert "losses: nothing to compare with" in out
    assert re.search(r"^\| matmul +\| 5×7×3 +\| +1 \| .*× \|", out, re.MULTILINE)
    assert re.search(r"^\| first MLP .* kept on disk .* allowed 1× \|$", out, re.MULTILINE)

    found = json.loads(results.read_text())
    assert found["complete"] is True
    assert {"cpu", "numpy", "pytorch", "environment", "blas", "threads", "others"} <= set(found["machine"])
    first, *kept = found["rows"]
    assert (first["group"], first["threads"], set(first["seconds"])) == ("matmul", 1, {OURS, NUMPY})
    assert [taken["seconds"] for taken in kept] == [{OURS: 12.0, "allowed": 20.0}, {OURS: 0.75, "allowed": 0.5}]
    verdict = found["verdicts"][0]
    assert verdict["mean"] == pytest.approx(first["seconds"][NUMPY] / first["seconds"][OURS])

    text = document.read_text()
    assert text.startswith("before\n<!-- cpu figures -->\n")
    assert text.endswith("<!-- /cpu figures -->\nafter\n")
    assert "old" not in text
    assert "| first use" in text
    assert text.count("| matmul") == 1


def test_the_threads_are_everyones_and_are_given_back(tiny, capsys):
    def blas():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    seen, before = [], (get_threads(), blas())

    def calls(torch, threads):
        seen.append((threads, get_threads(), blas()))
        return SMALL["matmul "].calls(torch, threads)

    versus.WORK["matmul"] = lambda quick: [rivals.Work("it", "1", calls)]
    assert versus.run(True, ["matmul"], [1], None, None) == 0
    assert seen == [(1, 1, {1})]
    assert (get_threads(), blas()) == before


def test_a_failure_is_told_and_the_others_run_on(tiny, capsys):
    def calls(torch, threads):
        return {OURS: partial(int, "no hands"), NUMPY: int}

    versus.WORK["matmul"] = lambda quick: [rivals.Work("juggling", "3 balls", calls), SMALL["matmul "]]
    assert versus.run(False, ["matmul"], [1], None, None) == 1
    out = capsys.readouterr().out
    assert re.search(r"juggling .* failed \|$", out, re.MULTILINE)
    assert "failed: juggling 3 balls, threads: 1: ours: ValueError: invalid literal" in out
    assert "| matmul " in out


def test_torch_compile_may_fail(tiny, capsys):
    def calls(torch, threads):
        return {**SMALL["matmul "].calls(torch, threads), COMPILED: partial(int, "no compiler")}

    versus.WORK["matmul"] = lambda quick: [rivals.Work("it", "1", calls)]
    assert versus.run(False, ["matmul"], [1], None, None) == 0
    assert "failed: it 1, threads: 1: torch.compile: ValueError: invalid literal" in capsys.readouterr().out


def test_other_programs_are_noticed(tiny, monkeypatch, capsys, tmp_path):
    document = tmp_path / "README.md"
    document.write_text("<!-- cpu figures -->\n<!-- /cpu figures -->\n")
    monkeypatch.setattr(fair, "share_of_others", lambda: lambda: 0.25)
    assert versus.run(True, ["matmul"], [1], None, document) == 0
    assert "warning: other programs used 25% of the processor meanwhile" in capsys.readouterr().out
    assert "Other programs used 25.0% of the processor meanwhile." in document.read_text()


def test_this_program_is_no_other():
    share = fair.share_of_others()
    end = time.perf_counter() + 0.2
    while time.perf_counter() < end:
        pass
    assert share() is None or 0 <= share() < 1


def test_ctrl_c_keeps_what_was_measured(tiny, tmp_path, monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(first_use, "seconds", interrupted)
    written = tmp_path / "versus.json"
    assert versus.run(True, None, [1], written, None) == 130
    found = json.loads(written.read_text())
    assert found["complete"] is False
    assert [taken["group"] for taken in found["rows"]] == ["matmul"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["cpu", "--only", "tea"], "there is no group 'tea': it must be one of matmul, ladder, vectors, activations,"),
        (["cpu", "--threads", "two"], "--threads is 'two': it must be numbers, such as 2,1"),
        (["cpu", "--threads", "0"], "n is 0, it must be from 1 to"),
        (["cpu", "--backends", "numba"], "--backends has no use here"),
        (["cpu", "--markdown", "no/such/file.md"], "no/such/file.md"),
        (["matmul", "--only", "matmul"], "--only has no use here, it is an option of bench cpu"),
        (["matmul", "--threads", "0"], "n is 0, it must be from 1 to"),
        (["matmul", "--threads", "all"], "--threads is 'all': it must be numbers, such as 2,1"),
        (["matmul", "--dtypes", "int8"], "--dtypes has 'int8': it must be of float32, float64"),
        (["matmul", "--against", "abacus"], "--against has 'abacus': it must be of numpy, torch"),
        (["relu6", "--sweep"], "--sweep has nothing for relu6"),
        (["relu", "--sweep", "--rungs"], "--rungs has no use with --sweep"),
        (["cpu", "--sweep"], "--sweep has no use here"),
        (["matmul", "--compare", "no/such/file.json"], "no/such/file.json"),
        (["matmul", "--sizes", "5x5x5x5"], "no operation here has the sizes 5x5x5x5"),
    ],
)
def test_a_mistake_is_one_sentence(options, message, capsys):
    assert command.main(["bench", *options]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert kernels.current().name == "numba"


def test_no_place_for_the_figures(tmp_path, capsys):
    document = tmp_path / "README.md"
    document.write_text("")
    assert command.main(["bench", "cpu", "--markdown", str(document)]) == 2
    assert "no place for the figures: a line <!-- cpu figures -->" in capsys.readouterr().err


def test_first_use_is_measured_in_processes_of_their_own(monkeypatch):
    ran = []

    class Ended:
        stdout = "1.5\n"

    def run(command, env, **_):
        ran.append(env["KERNELWRIGHT_CACHE_DIR"])
        return Ended

    monkeypatch.setattr(first_use.subprocess, "run", run)
    assert first_use.seconds() == (1.5, 1.5)
    assert len(ran) == 2
    assert len(set(ran)) == 1


def test_a_first_step():
    assert 0 < first_use.step() < 100


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (23.4, "23×"), (1.234, "1.23×"), (0.014, "0.01×"), (0.0036, "0.0036×")]
)
def test_a_ratio_has_the_digits_that_it_needs(value, text):
    assert report.ratio(value) == text
