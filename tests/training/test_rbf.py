"""The recipe `rbf`: shortened runs, its data, the planes of its picture, a step on every backend."""

import json

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training import regions, surface
from kernelwright.training.recipes import rbf

from ..catalog import BACKENDS


def test_it_reads_digits(tmp_path, capsys):
    result = rbf.main(["--epochs", "1", "--out", str(tmp_path)])
    assert result["solved_accuracy"] > 0.98
    assert result["test_accuracy"] > 0.97
    assert f"{result['test_accuracy']:.2%} of the test images right" in capsys.readouterr().out
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["test_accuracy"] == result["test_accuracy"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    net = layers.Sequential(layers.RadialBasis(64, 300), layers.Linear(300, 10))
    assert training.load_checkpoint(tmp_path / "model.safetensors", net)["epoch"] == 1
    test = training.load("digits").test
    assert training.accuracy(training.predict(net, test.images), test.labels) == result["test_accuracy"]


def test_it_comes_near_the_noise_and_the_same_seed_gives_the_same_bytes(tmp_path):
    found = []
    for name in ("first", "second"):
        options = ["--data", "surface", "--epochs", "1", "--seed", "3", "--out", str(tmp_path / name)]
        result = rbf.main(options)
        assert result["solved_ratio"] < 1.05
        assert result["test_ratio"] < 1.05
        found.append((tmp_path / name / "model.safetensors").read_bytes())
    assert (tmp_path / "first" / "training.png").stat().st_size > 20_000
    assert found[0] == found[1]


def test_the_surface():
    x, values = surface.noisy_surface(4000, seed=1)
    assert np.abs(x).max() <= surface.SIDE
    assert np.std(values[:, 0] - surface.surface(x)) == pytest.approx(surface.NOISE, rel=0.05)
    np.testing.assert_allclose(surface.surface(np.array([[0.5, 2.0]])), np.sin(1) + 0.5 * np.cos(6))
    other = surface.noisy_surface(4000, seed=1, part=1)[0]
    assert not (x == other).any()


def test_a_plane_through_three_samples():
    corners = np.random.default_rng(0).standard_normal((3, 5))
    across, up = np.array([0, 1, 0.5, 0.5]), np.array([0, 0, regions.HEIGHT, 0])
    expected = [*corners, (corners[0] + corners[1]) / 2]
    np.testing.assert_allclose(regions.plane(corners, across, up), expected, atol=1e-12)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name):
    rng = np.random.default_rng(0)
    x, target = rng.random((9, 3)).astype(np.float32), rng.random((9, 2)).astype(np.float32)
    after = []
    for backend in ("reference", name):
        with kernels.using(backend):
            layers.manual_seed(0)
            net = rbf.network(x, target, centres=4, scale=2.0, penalty=0.1, seed=0)
            trainer = training.Trainer(net, layers.MSELoss(), training.SGD(net.parameters(), lr=0.1))
            trainer.fit(training.DataLoader((x, target), 9), epochs=1, report=False)
            after.append((net.state_dict(), trainer.history[0]["loss"]))
    assert after[1][1] == pytest.approx(after[0][1], rel=1e-4)
    for key, value in after[0][0].items():
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=1e-4, err_msg=key)
