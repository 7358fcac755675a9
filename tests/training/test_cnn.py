"""The recipe `cnn`: a shortened run, and a step of a small one on every backend."""

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training.recipes import cnn

from ..catalog import BACKENDS


def test_it_reads_digits(tmp_path):
    result = cnn.main(["--data", "digits", "--epochs", "4", "--out", str(tmp_path)])
    assert result["test_accuracy"] >= 0.95
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert (tmp_path / "training.png").stat().st_size > 20_000
    net = cnn.network(8, 10)
    assert training.load_checkpoint(tmp_path / "model.safetensors", net)["epoch"] == 4
    test = training.load("digits").test
    scores = training.predict(net, test.images.reshape(-1, 1, 8, 8))
    assert training.accuracy(scores, test.labels) == result["test_accuracy"]


@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name):
    x = np.random.default_rng(0).random((4, 1, 8, 8)).astype(np.float32)
    after = []
    for backend in ("reference", name):
        with kernels.using(backend):
            layers.manual_seed(0)
            net = cnn.network(8, 3, (2, 3, 4))
            trainer = training.Trainer(net, layers.CrossEntropyLoss(), training.SGD(net.parameters(), lr=0.1))
            trainer.fit(training.DataLoader((x, np.arange(4) % 3), 4), epochs=1, report=False)
            after.append((net.state_dict(), trainer.history[0]["loss"]))
    assert after[1][1] == pytest.approx(after[0][1], rel=1e-5)
    for key, value in after[0][0].items():
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=1e-5, err_msg=key)
