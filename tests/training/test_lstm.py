"""The recipes `lstm` and `gru`: a run, what they are measured by, an interrupted one, a step on every backend."""

import importlib.util
import json
import re
import sys

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training import series
from kernelwright.training.recipes import gru, lstm

from ..catalog import BACKENDS
from .gradients import check_gradients

needs_sunspots = pytest.mark.skipif(
    importlib.util.find_spec("statsmodels") is None, reason="the sunspots come with statsmodels, which isn't installed"
)


@needs_sunspots
@pytest.mark.parametrize("recipe", [lstm, gru])
def test_it_forecasts_sunspots(recipe, tmp_path, capsys):
    """After all epochs it is at a half of the seasonal error. The year before, given back, is at 0.97, so that
    one below 0.7 has learned how the cycle goes."""
    result = recipe.main(["--epochs", "20", "--out", str(tmp_path)])
    name = result["recipe"]
    assert result["test_rmse"] < 0.7 * result["seasonal_rmse"]
    assert result["rmse_by_years_ahead"][name][10] > result["rmse_by_years_ahead"][name][0]
    assert f"error {result['test_rmse']:.3f} in 1956 to 2008" in capsys.readouterr().out
    names = {"best.safetensors", "last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["test_rmse"] == result["test_rmse"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    net = lstm.committee(name)
    assert training.load_checkpoint(tmp_path / "model.safetensors", net)["epoch"] == result["best_epoch"]
    losses = [row["val_loss"] for row in result["history"]]
    assert losses[result["best_epoch"] - 1] == min(losses)


@needs_sunspots
def test_sunspots():
    years, numbers = series.sunspots()
    assert (years[0], years[-1], len(numbers)) == (1700, 2008, 309)
    assert (numbers[0], numbers[-1]) == (5, 2.9)


def test_without_statsmodels(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.datasets", None)
    with pytest.raises(kernels.Unavailable, match=re.escape("statsmodels can't be imported") + ".*kernelwright"):
        series.sunspots()


def test_what_it_is_measured_by():
    pasts, after = series.windows(np.arange(6.0), 3, 2)
    np.testing.assert_array_equal(pasts, [[0, 1, 2], [1, 2, 3]])
    np.testing.assert_array_equal(after, [[3, 4], [4, 5]])
    with pytest.raises(ValueError, match=r"values has 4 numbers, it must have at least 3 \+ 2"):
        series.windows(np.arange(4.0), 3, 2)
    np.testing.assert_array_equal(series.seasonal(3)(pasts), [0, 1])
    np.testing.assert_array_equal(series.forecast(series.seasonal(2), pasts, 3), [[1, 2, 1], [2, 3, 2]])
    np.testing.assert_allclose(series.rmse(np.array([[3.0, 0], [4, 0]]), np.zeros((2, 2))), [12.5**0.5, 0])
    made = [1.0, 2.0]
    for _ in range(10):
        made.append(0.5 * made[-1] - 0.8 * made[-2] + 1)
    line = series.autoregression(np.array(made), 2)
    np.testing.assert_allclose(line(np.array([[9.0, 1, 2], [9, 3, -1]])), [1.2, -1.9])  # 9: too long ago
    np.testing.assert_allclose(series.forecast(line, np.array([made[:2]]), 10)[0], made[2:], atol=1e-12)


@pytest.mark.parametrize("cell", lstm.CELLS)
def test_gradients(cell):
    with kernels.using("reference"):
        layers.manual_seed(0)
        net = layers.Concatenate(*(lstm.Forecaster(cell, 3, dropout=0, order=2) for _ in range(2)))
        check_gradients(net, net.forward, np.random.default_rng(0).standard_normal((3, 4, 1)))


class Stop(training.Callback):
    def on_step_end(self, trainer):
        if trainer.step == 5:
            raise KeyboardInterrupt


def begun(cell, *callbacks):
    layers.manual_seed(3)
    net = lstm.Forecaster(cell, 4, order=3)
    average = training.AveragedModel(net, 0.9)
    optimizer = training.AdamW(net.parameters(), lr=1e-2)
    return training.Trainer(net, layers.MSELoss(), optimizer, average=average, callbacks=callbacks)


def test_an_interrupted_training_ends_like_one_that_was_not(tmp_path):
    values = np.sin(np.arange(30, dtype=np.float32))
    x, target = series.windows(values, 6)

    def loader():
        return training.DataLoader((x[..., None], target), 8, shuffle=True, seed=5, transforms=(lstm.blurred,))

    whole = begun("lstm")
    whole.fit(loader(), epochs=3, report=False)
    broken = begun("lstm", Stop())
    with pytest.raises(KeyboardInterrupt):
        broken.fit(loader(), epochs=3, report=False)
    broken.callbacks.clear()
    broken.save(tmp_path / "last.safetensors")
    again = begun("lstm")
    again.fit(loader(), epochs=3, directory=tmp_path, resume=True, report=False)
    for ours, expected in ((again.network, whole.network), (again.average.module, whole.average.module)):
        for key, value in expected.state_dict().items():
            np.testing.assert_array_equal(ours.state_dict()[key], value, err_msg=key)


@pytest.mark.parametrize("cell", lstm.CELLS)
@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name, cell):
    x = np.random.default_rng(0).standard_normal((3, 4, 1)).astype(np.float32)
    after = []
    for backend in ("reference", name):
        with kernels.using(backend):
            layers.manual_seed(0)
            net = lstm.Forecaster(cell, 3, order=2)
            trainer = training.Trainer(net, layers.MSELoss(), training.SGD(net.parameters(), lr=0.1))
            trainer.fit(training.DataLoader((x, x[:, 0]), 3), epochs=1, report=False)
            after.append((net.state_dict(), trainer.history[0]["loss"]))
    assert after[1][1] == pytest.approx(after[0][1], rel=1e-5)
    for key, value in after[0][0].items():
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=1e-5, err_msg=key)
