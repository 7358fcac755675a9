"""The recipe `modular`: a shortened run on made clothes, what it is measured by, a step on every backend."""

import json

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training import mixed
from kernelwright.training.recipes import modular

from ..catalog import BACKENDS


def made_clothes(count, seed):
    """Ten patterns of 28 × 28 pixels, blurred by noise."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(9).random((10, 7, 7)).repeat(4, 1).repeat(4, 2).reshape(10, 784)
    labels = rng.integers(0, 10, count)
    images = patterns[labels] + 0.3 * rng.standard_normal((count, 784))
    return training.Part(np.clip(images, 0, 1).astype(np.float32), labels)


@pytest.fixture
def _no_download(monkeypatch):
    clothes = training.Dataset(made_clothes(3000, 0), made_clothes(500, 1), (28, 28), training.data.CLOTHES)
    sets = {"digits": training.load("digits"), "fashion-mnist": clothes}
    monkeypatch.setattr(mixed, "load", sets.__getitem__)


@pytest.mark.usefixtures("_no_download")
def test_the_experts_share_the_work(tmp_path, capsys):
    result = modular.main(["--epochs", "4", "--out", str(tmp_path)])
    assert result["test_accuracy"] > 0.85
    assert result["mutual_information"] > 0.2
    np.testing.assert_allclose(np.sum(result["shares"], 1), 1)
    both = (result["digits_accuracy"] + result["clothes_accuracy"]) / 2
    assert result["test_accuracy"] == pytest.approx(both, abs=0.01)
    assert "digits   go to the experts 0 to 3:" in capsys.readouterr().out
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["test_accuracy"] == result["test_accuracy"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    net = modular.mixture(64, 20)
    assert training.load_checkpoint(tmp_path / "model.safetensors", net)["epoch"] == 4
    data = mixed.digits_and_clothes(modular.CLOTHES)
    unseen = mixed.standardised(data.test.images, data.train.images)
    assert training.recall(training.predict(net, unseen), data.test.labels) == result["test_accuracy"]


@pytest.mark.usefixtures("_no_download")
def test_the_same_seed_gives_the_same_file(tmp_path, monkeypatch):
    monkeypatch.setattr(modular, "picture", lambda *_: None)
    files = []
    for i, seed in enumerate((4, 4, 5)):
        modular.main(["--epochs", "1", "--batch-size", "300", "--seed", str(seed), "--out", str(tmp_path / str(i))])
        files.append((tmp_path / str(i) / "model.safetensors").read_bytes())
    assert files[0] == files[1] != files[2]


@pytest.mark.usefixtures("_no_download")
def test_the_data():
    data = mixed.digits_and_clothes(2800)
    digits = training.load("digits")
    assert len(data.classes) == 20
    assert data.train.images.shape == (2 * 1437 + 2800, 64)
    assert data.test.images.shape == (360 + 500, 64)
    np.testing.assert_array_equal(data.train.images[1437:2874], digits.train.images)
    np.testing.assert_array_equal(data.train.labels[2874:], made_clothes(3000, 0).labels[:2800] + 10)
    assert mixed.task(data.train.labels).tolist() == 2874 * [0] + 2800 * [1]
    x = mixed.standardised(data.train.images, data.train.images)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-4)
    corner = np.zeros((1, 28, 28), np.float32)
    corner[0, :2, :2] = 1
    assert mixed.shrunk(corner)[0, :2].tolist() == [0.25, 0]


def test_without_fashion_mnist(monkeypatch, tmp_path):
    monkeypatch.setattr(training.data, "SYSTEM", tmp_path)
    monkeypatch.setattr(training.data, "cache_directory", lambda: tmp_path / "cache")
    monkeypatch.setattr(training.data, "URL", (tmp_path / "nowhere").as_uri())
    with pytest.raises(FileNotFoundError, match="Fashion-MNIST is not on this machine and can't be downloaded"):
        modular.main(["--out", str(tmp_path / "out")])


def test_how_much_an_expert_tells():
    served, groups = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    assert mixed.shares(served, groups, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert mixed.mutual_information(mixed.shares(served, groups, 3)) == pytest.approx(1)
    assert mixed.mutual_information(np.array([[0.5, 0.5], [0.5, 0.5]])) == pytest.approx(0)
    half = np.array([[1, 0], [0.5, 0.5]])  # H(¾, ¼) − ½ H(½, ½)
    assert mixed.mutual_information(half) == pytest.approx(0.8112781 - 0.5)


def test_the_noise_falls_and_an_interrupted_training_ends_like_one_that_was_not(tmp_path):
    rng = np.random.default_rng(0)
    data = rng.standard_normal((40, 64)).astype(np.float32), rng.integers(0, 20, 40)
    settings, noises = {"epochs": 4, "lr": 1e-2, "weight_decay": 0.0}, []

    class Note(training.Callback):
        def on_step_end(self, trainer):
            noises.append(trainer.network.noise)

    def begun():
        layers.manual_seed(3)
        return modular.trainer_of(modular.mixture(64, 20), settings, 5)

    def loader():
        return training.DataLoader(data, 8, shuffle=True, seed=5)

    whole = begun()
    whole.callbacks.append(Note())
    whole.fit(loader(), epochs=4, report=False)
    assert noises == [0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, *[0.0] * 13]
    begun().fit(loader(), epochs=1, directory=tmp_path, report=False)
    again = begun()
    again.fit(loader(), epochs=4, directory=tmp_path, resume=True, report=False)
    for key, value in whole.network.state_dict().items():
        np.testing.assert_array_equal(again.network.state_dict()[key], value, err_msg=key)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name):
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((6, 5)).astype(np.float32), np.arange(6)
    after = []
    for backend in ("reference", name):
        with kernels.using(backend):
            layers.manual_seed(0)
            net = modular.mixture(5, 6)
            optimizer = training.SGD(net.parameters(), lr=0.1)
            trainer = training.Trainer(net, layers.CrossEntropyLoss(), optimizer, metrics={"a": training.recall})
            trainer.fit(training.DataLoader((x, labels), 6), epochs=1, report=False)
            after.append((net.state_dict(), trainer.history[0]["loss"]))
    assert after[1][1] == pytest.approx(after[0][1], rel=1e-5)
    for key, value in after[0][0].items():
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=1e-5, err_msg=key)
