"""The simulator's own benchmark."""

import json

import pytest

from kernelwright.bench import command, simulation

pytestmark = pytest.mark.cuda


def test_a_run(tmp_path, capsys, monkeypatch):
    results, document = tmp_path / "results.json", tmp_path / "README.md"
    document.write_text("<!-- simulator figures -->\n<!-- /simulator figures -->\n")
    every = dict(simulation.cases())
    monkeypatch.setattr(simulation, "first_use", lambda: (12.3, 0.45))
    monkeypatch.setattr(simulation, "cases", lambda: [("softmax", every["softmax of the library, 128×1000"])])
    monkeypatch.setattr(simulation, "BUDGET", 0.01)
    options = ["--json", str(results), "--markdown", str(document)]
    assert command.main(["bench", "simulator", *options]) == 0
    out = capsys.readouterr().out
    assert "Ready in 12.3 s at the first use, when it compiles itself; in 0.45 s from the cache" in out
    assert out.strip().splitlines()[-3].startswith("| softmax")
    assert "| softmax" in document.read_text()
    found = json.loads(results.read_text())
    assert [row["mode"] for row in found["rows"]] == list(simulation.MODES)
    for row in found["rows"]:
        assert row["nanoseconds"] == pytest.approx(row["seconds"] / row["instructions"] * 1e9)
        assert row["instructions"] > 10_000


def test_every_kernel_of_it_is_sound():
    for name, launch in simulation.cases():
        if "library" not in name:
            report = launch(trace=True, races="histogram" in name)
            assert report.findings == [], name


def test_first_use_is_measured_in_a_process_of_its_own(monkeypatch):
    ran = []
    monkeypatch.setattr(
        simulation.subprocess, "run", lambda command, env, **_: ran.append(env["KERNELWRIGHT_CACHE_DIR"])
    )
    cold, cached = simulation.first_use()
    assert cold > 0
    assert cached > 0
    assert len(ran) == 2
    assert len(set(ran)) == 1


def test_no_place_for_the_figures(tmp_path, capsys):
    document = tmp_path / "README.md"
    document.write_text("")
    assert command.main(["bench", "simulator", "--markdown", str(document)]) == 2
    assert "no place for the figures: a line <!-- simulator figures -->" in capsys.readouterr().err
