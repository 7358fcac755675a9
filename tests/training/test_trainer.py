"""The loop around it all, on a problem that takes a moment."""

import sys

import numpy as np
import pytest

from kernelwright import layers, training
from kernelwright.training.progress import progress


def problem(count, seed):
    """Points in the plane; the class is the quadrant."""
    points = np.random.default_rng(seed).uniform(-1, 1, (count, 2)).astype(np.float32)
    return training.Part(points, (points[:, 0] > 0) * 2 + (points[:, 1] > 0).astype(np.int64))


TRAIN, TEST = problem(500, 0), problem(200, 1)


def fit(seed=0, train=TRAIN, test=TEST, lr=0.02, **options):
    layers.manual_seed(seed)
    net = layers.Sequential(layers.Linear(2, 16), layers.Tanh(), layers.Linear(16, 4))
    optimizer = training.Adam(net.parameters(), lr=lr)
    options = {"epochs": 4, "batch_size": 16, "seed": seed, **options}
    return net, training.fit(net, layers.CrossEntropyLoss(), optimizer, train, test, **options)


def test_it_learns_and_tells(capsys):
    net, history = fit()
    assert [row.epoch for row in history] == [1, 2, 3, 4]
    assert history[-1].test_accuracy > 0.95
    assert history[-1].train_loss < history[0].train_loss
    assert history[-1].test_accuracy == training.accuracy(training.predict(net, TEST.images), TEST.labels)
    assert history[-1][3:5] == training.evaluate(net, layers.CrossEntropyLoss(), TEST)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[-1].startswith(f"epoch 4/4   loss {history[-1].train_loss:.4f}   train ")


def test_the_same_seed_gives_the_same_network():
    def wobble(images, rng):
        return images + rng.standard_normal(images.shape, np.float32) * np.float32(0.01)

    (one, first), (same, second), (other, _) = (fit(seed, augment=wobble) for seed in (0, 0, 1))
    for key, value in one.state_dict().items():
        np.testing.assert_array_equal(value, same.state_dict()[key])
        assert not np.array_equal(value, other.state_dict()[key])
    assert [row[:5] for row in first] == [row[:5] for row in second]


def test_the_schedule_is_stepped():
    class Count:
        steps = 0

        def step(self):
            self.steps += 1

    count = Count()
    fit(schedule=count)
    assert count.steps == 4 * 32


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_diverging_loss_is_said():
    images = TRAIN.images.copy()
    images[7] = np.nan
    with pytest.raises(ValueError, match="the loss became nan in epoch 1: try a lower learning rate"):
        fit(train=training.Part(images, TRAIN.labels))


def test_no_samples():
    nothing = training.Part(TRAIN.images[:0], TRAIN.labels[:0])
    with pytest.raises(ValueError, match="there are 0 training and 200 test samples"):
        fit(train=nothing)


def test_progress_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with progress("start", 10, "samples") as bar:
        bar.advance(5, "epoch 1/2")
        bar.line("a line that stays")
        bar.advance(5)
    written = capsys.readouterr().out
    assert "a line that stays" in written
    assert "100%" in written
    assert "samples/s" in written


def test_accuracy():
    scores = np.array([[1, 2], [2, 1], [0, 5], [3, 0]])
    assert training.accuracy(scores, np.array([1, 0, 0, 0])) == 0.75
    with pytest.raises(ValueError, match=r"scores \(4, 2\) and labels \(3,\)"):
        training.accuracy(scores, np.zeros(3))
    with pytest.raises(ValueError, match="there are no samples"):
        training.accuracy(scores[:0], np.zeros(0))
