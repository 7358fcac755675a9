"""The recipe `gan`: its gradients, what it is measured by, a shortened run, an interrupted one, every backend."""

import json
import signal

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training.recipes import _judge, gan

from ..catalog import BACKENDS

CLASSES, SIDE, WIDTHS = 3, 4, (4, 3)


def draws(n, dtype=np.float32):
    """Real images, labels, kinds and noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % CLASSES
    real, noise = rng.uniform(-1, 1, (n, 1, SIDE, SIDE)), rng.standard_normal((n, gan.NOISE))
    return real.astype(dtype), labels, np.eye(CLASSES, dtype=dtype)[labels], noise.astype(dtype)


def test_it_draws_digits(tmp_path):
    """A generator that heeds no class has a tenth of its images recognised; one that heeds no noise, or whose classes
    have collapsed to one image each, has a deviation of nearly 0."""
    result = gan.main(["--data", "digits", "--batch-size", "32", "--epochs", "6", "--out", str(tmp_path)])
    assert result["judge_accuracy"] >= 0.97
    assert result["recognised"] >= 0.9
    assert result["worst"] >= 0.6
    assert result["deviation"] >= 0.25
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["recognised"] == result["recognised"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    generator = gan.Generator(10, 8)
    assert training.load_checkpoint(tmp_path / "model.safetensors", generator)["epoch"] == 6


def test_what_is_measured():
    judge = layers.Sequential(layers.Flatten())  # an image is of the class of its brightest pixel
    made, labels = np.zeros((8, 1, 2, 2), np.float32), np.repeat(np.arange(4), 2)
    made.reshape(8, 4)[np.arange(8), labels] = 1
    np.testing.assert_array_equal(_judge.recognised(judge, made, labels), 1)
    assert _judge.deviation(made, labels) == 0  # all recognised, and collapsed
    made[1, 0, 0, 1] = 2  # class 0: one of two is taken for class 1, and one pixel of four deviates by 1
    np.testing.assert_array_equal(_judge.recognised(judge, made, labels), [0.5, 1, 1, 1])
    assert _judge.deviation(made, labels) == pytest.approx(1 / 16)
    images = training.Part(np.arange(16, dtype=np.float32)[None] / 15, np.zeros(1, int))
    expected = 2 * np.array([[2.5, 4.5], [10.5, 12.5]]) / 15 - 1
    np.testing.assert_allclose(gan.prepared(images, (4, 4), 2), expected[None, None], rtol=1e-6)


@pytest.mark.parametrize("of", ["discriminator", "generator"])
def test_gradients(of):
    """Against central differences in a random direction of each parameter, in float64."""
    with kernels.using("reference"):
        layers.manual_seed(0)
        net = gan.Gan(CLASSES, SIDE, WIDTHS, np.float64)
        real, labels, kinds, noise = draws(6, np.float64)

        def loss():
            made, backward = net.generator.forward((noise, kinds))
            net.zero_grad()
            if of == "discriminator":
                return gan.discriminator_loss(net.discriminator, real, made, labels, kinds)
            found, grad = gan.generator_loss(net.discriminator, made, labels, kinds)
            backward(grad)
            return found

        loss()
        parameters = list(getattr(net, of).named_parameters())
        gradients = [parameter.grad.copy() for _, parameter in parameters]
        rng = np.random.default_rng(1)
        for (name, parameter), gradient in zip(parameters, gradients):
            before, direction, losses = parameter.numpy(), rng.standard_normal(parameter.shape), []
            for step in (1e-6, -1e-6):
                parameter.data = before + step * direction
                losses.append(loss())
            parameter.data = before
            expected = (losses[0] - losses[1]) / 2e-6
            assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-5, abs=1e-8), name


def test_the_losses():
    """Of two images whose scores, −1 and 2, lie among those of other classes."""
    scores, kinds = np.array([[-1.0, 9, 9], [9, 9, 2]]), np.eye(3)[[0, 2]]
    own = np.array([-1, 2])
    with kernels.using("reference"):
        for real, sign in ((True, -1), (False, 1)):
            loss, backward = gan.reality(scores, kinds, real)
            assert float(loss) == pytest.approx(np.log1p(np.exp(sign * own)).mean())
            expected = sign / (1 + np.exp(-sign * own)) / 2
            np.testing.assert_allclose(backward(), kinds * expected[:, None])


class PressCtrlC(training.Callback):
    at = 0

    def on_step_end(self, trainer):
        if trainer.step == self.at:
            signal.raise_signal(signal.SIGINT)


def small():
    """All of a contest, in small."""
    layers.manual_seed(3)
    judge = layers.Sequential(layers.Flatten(), layers.Linear(SIDE**2, CLASSES))
    net = gan.Gan(CLASSES, SIDE, WIDTHS)
    return gan.contest(net, 1e-2, gan.Judged(judge, 1.0, CLASSES), PressCtrlC())


def words(trainer):
    """The history without times, and the images shown."""
    history = [{name: x for name, x in row.items() if name != "seconds"} for row in trainer.history]
    return history, [images.tolist() for images in trainer.callbacks[0].epochs]


def test_an_interrupted_training_ends_like_one_that_was_not(tmp_path, capsys):
    real, labels, kinds, _ = draws(24)

    def loader():
        return training.DataLoader((real, labels, kinds), 6, shuffle=True, seed=5, transforms=(gan.draw_noise,))

    whole = small()
    whole.fit(loader(), epochs=3, report=False)
    assert whole.average.decay == 12 / 21  # after the last of 12 steps, the number 11
    assert len(whole.callbacks[0].epochs) == 3
    broken = small()
    broken.callbacks[1].at = 6
    with pytest.raises(KeyboardInterrupt):
        broken.fit(loader(), epochs=3, directory=tmp_path, report=False)
    assert "interrupted in epoch 2 after 2 batches" in capsys.readouterr().out
    again = small()
    again.fit(loader(), epochs=3, directory=tmp_path, resume=True, report=False)
    assert words(again) == words(whole)
    for ours, expected in ((again.network, whole.network), (again.average.module, whole.average.module)):
        for key, value in expected.state_dict().items():
            np.testing.assert_array_equal(ours.state_dict()[key], value, err_msg=key)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name):
    after = []
    for backend in ("reference", name):
        with kernels.using(backend):
            layers.manual_seed(0)
            net = gan.Gan(CLASSES, SIDE, WIDTHS)
            steps = [training.SGD(part.parameters(), lr=0.1) for part in (net.generator, net.discriminator)]
            average = training.AveragedModel(net, 0.9)
            trainer = gan.Contest(net, None, training.MultiOptimizer(steps), average=average)
            trainer.fit(training.DataLoader(draws(6), 6), epochs=1, report=False)
            after.append((net.state_dict(), trainer.history[0]))
    for key in ("loss", "generator"):
        assert after[1][1][key] == pytest.approx(after[0][1][key], rel=1e-5)
    for key, value in after[0][0].items():
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=1e-5, err_msg=key)
