"""The comparison with other libraries: that the hand-written NumPy is right, that ours does the same, what is told."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from kernelwright.bench import command, peers
from kernelwright.bench.peers import measure, work


@pytest.fixture(params=work.NETWORKS)
def given(request, monkeypatch):
    """A few images of noise with a bright row for each class, so that they can be learnt."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, work.CLASSES, 24)
    images = generator.random((24, work.SIDE, work.SIDE), np.float32) / 4
    images[np.arange(24), 2 * labels + 4] = 1
    shape = (24, -1) if request.param == "mlp" else (24, 1, work.SIDE, work.SIDE)
    monkeypatch.setattr(work, "BATCH", 8)
    return work.Work(request.param, images.reshape(shape), labels, images.reshape(shape), labels)


def train(peer, given, steps=3):
    """The losses of some steps, and the scores thereafter."""
    step, scores = measure.module(peer).make(given.network, work.parameters(given.network), work.LR)
    batches = given.batches()
    return [step(*next(batches)) for _ in range(steps)], scores(given.test_images)


def test_ours_does_what_numpy_does(given):
    ours, theirs = train("kernelwright", given), train("numpy", given)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-3)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=0.02, atol=0.02)
    assert theirs[0][-1] != theirs[0][0]


def test_training_ends_where_the_accuracy_is_reached(given, monkeypatch):
    monkeypatch.setattr(work, "EVERY", 2)
    monkeypatch.setattr(work, "ACCURACY", 0.0)
    found = measure.measure(measure.module("numpy").make, given, seconds=100)
    assert found.steps == 2
    assert found.reached == pytest.approx(found.first_step + found.step)
    monkeypatch.setattr(work, "ACCURACY", 1.1)
    found = measure.measure(measure.module("numpy").make, given, seconds=0)
    assert (found.steps, found.reached) == (2, None)
    assert found.peak is None or found.peak >= 0


def test_batches_are_the_same_each_time_and_shuffled_anew(given):
    one, other = given.batches(), given.batches()
    first = [next(one)[1] for _ in range(6)]
    np.testing.assert_array_equal(first, [next(other)[1] for _ in range(6)])
    assert not np.array_equal(first[:3], first[3:])


def found(losses, reached=1.5, **more):
    """What a process prints."""
    step = {"step": 2e-3, "first_step": 1.0, "steps": 250, "losses": losses}
    return {**step, "accuracy": 0.86, "reached": reached, "peak": 5_000_000, **more}


@pytest.fixture
def processes(monkeypatch):
    """Instead of processes: what each would print, or an exception's last line."""
    printed = {"numpy": found([2.5, 2.0]), "jax": found([2.5, 2.1]), "numpy_ml": found([2.5], reached=None)}

    def run(command, **options):
        *_, name, _network, _seconds = command
        if name in printed:
            return SimpleNamespace(returncode=0, stdout=json.dumps(printed[name]) + "\n", stderr="")
        return SimpleNamespace(returncode=1, stdout="", stderr="Traceback\nRuntimeError: no usable devices\n")

    monkeypatch.setattr(peers, "subprocess", SimpleNamespace(run=run, TimeoutExpired=TimeoutError))
    monkeypatch.setattr(peers.machine, "installed", lambda name: None if name == "torch" else "1.2")
    return printed


def test_the_table_leaves_nobody_out(processes, tmp_path, capsys):
    results, page = tmp_path / "peers.json", tmp_path / "peers.md"
    page.write_text("<!-- peers -->\n<!-- /peers -->\n")
    assert command.main(["bench", "peers", "--json", str(results), "--markdown", str(page)]) == 1  # tinygrad failed
    rows = {(row["network"], row["peer"]): row for row in json.loads(results.read_text())["peers"]}
    assert len(rows) == len(work.NETWORKS) * len(peers.PEERS)
    assert rows["mlp", "numpy"]["note"] == ""
    assert rows["mlp", "jax"]["note"] == "its losses differ from NumPy's"
    assert rows["cnn", "numpy_ml"]["note"] == "not within 30 s"
    assert rows["mlp", "torch"]["note"] == "not installed"
    assert rows["cnn", "thinc"]["note"] == "has no Conv2d"
    assert rows["cnn", "tinygrad"]["note"] == "failed: RuntimeError: no usable devices"
    text = page.read_text()
    assert text.count("tinygrad") == 2
    line = next(line for line in text.splitlines() if "NumPy, by hand 1.2" in line)
    assert [part.strip() for part in line.strip("|").split("|")][2:7] == ["2 ms", "1 s", "1.5 s", "250", "5 MB"]


def test_mistakes_are_told(capsys):
    assert command.main(["bench", "peers", "--only", "keras"]) == 2
    assert "bench peers: there is no peer 'keras': it must be one of kernelwright, numpy" in capsys.readouterr().err
    assert command.main(["bench", "peers", "--threads", "1"]) == 2
    assert "bench peers: --threads has no use here" in capsys.readouterr().err
