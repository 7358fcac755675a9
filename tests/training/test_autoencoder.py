"""The recipe `autoencoder`: a shortened run, and what it is measured by."""

import json

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training.recipes import autoencoder, mlp

from ..catalog import BACKENDS


def test_it_is_better_than_a_pca(tmp_path):
    result = autoencoder.main(["--data", "digits", "--epochs", "8", "--lr", "3e-3", "--out", str(tmp_path)])
    assert result["ratio"] < 0.75  # 60 epochs come to less than a half
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["ratio"] == result["ratio"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    net = autoencoder.Autoencoder(64)
    assert training.load_checkpoint(tmp_path / "model.safetensors", net)["epoch"] == 8
    test = training.load("digits").test.images
    assert training.evaluate(net, layers.MSELoss(), (test, test))["loss"] == result["test_loss"]


def test_the_pca():
    from sklearn.decomposition import PCA

    digits = training.load("digits")
    theirs = PCA(8, svd_solver="full").fit(digits.train.images.astype(float))
    expected = theirs.inverse_transform(theirs.transform(digits.test.images))
    ours = autoencoder.principal_components(digits.train.images, digits.test.images, 8)
    np.testing.assert_allclose(ours, expected, atol=1e-5)


RECIPES = {
    "mlp": (lambda: mlp.network(6, 10), layers.CrossEntropyLoss(label_smoothing=0.1), np.arange(5)),
    "autoencoder": (lambda: autoencoder.Autoencoder(6, (16, 8), 2), layers.MSELoss(), None),
}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name, recipe):
    make, criterion, target = RECIPES[recipe]
    x = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    after = []
    for backend in ("reference", name):
        with kernels.using(backend):
            layers.manual_seed(0)
            net = make()
            trainer = training.Trainer(net, criterion, training.AdamW(net.parameters(), lr=1e-2))
            trainer.fit(training.DataLoader((x, x if target is None else target), 5), epochs=1, report=False)
            after.append((net.state_dict(), trainer.history[0]["loss"]))
    assert after[1][1] == pytest.approx(after[0][1], rel=1e-5)
    for key, value in after[0][0].items():
        # Adam's first step is lr · sign(gradient), nearly: a gradient around 1e-8 is rounding, and may go either way.
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=2e-3)
