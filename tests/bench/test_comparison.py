"""Two runs compared: what counts as slower, and what doesn't."""

import json
from pathlib import Path

import pytest

from kernelwright.bench import comparison
from kernelwright.bench.comparison import compare, read, sentences

ABOUT = {"cpu": "invented", "numpy": "2.0", "threads": 2}


def row(operation, backend, seconds, spread=0.01, **more):
    what = {"family": "f", "operation": operation, "workload": "1K", "direction": "forward", "backend": backend}
    return {**what, "error": None, "seconds": seconds, "spread": spread, **more}


def results(ours, machine=1.0, about=ABOUT, **more):
    """Ten operations of NumPy's, a little apart, and these of ours, all on a machine that is so many times slower."""
    rows = [row(f"op{i}", "numpy", machine * (1 + 0.002 * (-1) ** i)) for i in range(10)]
    return {"machine": about, "rows": rows + [row(name, "numba", machine * s, **more) for name, s in ours.items()]}


def test_a_slower_machine_makes_no_kernel_slower():
    same = {"a": 1.0, "b": 2.0}
    found = compare(results(same), results(same, machine=1.3))
    assert found.machine == pytest.approx(1.3, rel=0.01)
    assert (found.slower, found.faster, found.rivals) == ([], [], 10)


def test_what_changed_is_told():
    found = compare(results({"a": 1.0, "b": 1.0, "c": 1.0}), results({"a": 1.2, "b": 0.5, "c": 1.03}, machine=0.8))
    assert [one.what for one in found.slower] == ["a 1K forward numba float32 threads=2"]
    assert found.slower[0].change == pytest.approx(1.2, rel=0.01)
    assert [one.what.split()[0] for one in found.faster] == ["b"]
    text = "\n".join(sentences(found, Path("old.json")))
    assert "slower: a 1K forward" in text
    assert text.endswith("1 slower, 1 faster, of 3")


def test_noise_is_no_change():
    """Wide intervals, or rivals that scatter, excuse it."""
    wide = {"low": 0.8, "high": 1.25}
    assert compare(results({"a": 1.0}, **wide), results({"a": 1.2}, **wide)).slower == []
    scattered = results({"a": 1.2})
    for i, one in enumerate(scattered["rows"][:10]):
        one["seconds"] *= 1 + 0.15 * (-1) ** i
    found = compare(results({"a": 1.0}), scattered)
    assert found.least > 0.3
    assert found.slower == []


def test_another_version_of_numpy_is_no_yardstick():
    found = compare(results({"a": 1.0}), results({"a": 1.5}, machine=1.5, about={**ABOUT, "numpy": "2.1"}))
    assert (found.rivals, found.machine) == (0, 1.0)
    assert len(found.slower) == 1
    assert "too few times of NumPy" in next(iter(sentences(found, Path("old.json"))))


def test_rows_are_matched_by_all_that_they_are():
    old, new = results({"a": 1.0}, dtype="float64"), results({"a": 9.0}, dtype="float32")
    found = compare(old, new)
    assert found.changes == []
    assert found.missing == 1


def test_the_committed_results_can_be_read():
    path = Path(comparison.__file__).parent / "results" / "cpu.json"
    old = json.loads(path.read_text())
    found = compare(old, read(path, old["machine"]))
    assert len(found.changes) > 100
    assert (found.machine, found.slower, found.faster) == (1.0, [], [])


@pytest.mark.parametrize("text", ["tea", "{}", "[]", '{"machine": {"cpu": "invented"}, "rows": [{}]}'])
def test_what_is_no_result_is_refused(tmp_path, text):
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="holds no results of kernelwright bench"):
        read(path, ABOUT)


def test_another_processor_is_refused(tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps(results({"a": 1.0})))
    with pytest.raises(ValueError, match="was measured on invented, and this is real: no ratio"):
        read(path, {"cpu": "real"})
    assert read(path, ABOUT)["rows"]
