"""A network trains alike on every backend: the same losses, step by step, as in float64 on the reference."""

import numpy as np
import pytest

from kernelwright import kernels, layers, training

from ..catalog import BACKENDS


def losses(backend: str, dtype, optimizer_type, steps: int = 6) -> list[float]:
    """Train a small network; the same draws for every backend."""
    rng = np.random.default_rng(0)
    images, labels = rng.standard_normal((33, 7)), rng.integers(0, 5, 33)
    with kernels.using(backend) as here:
        layers.manual_seed(0)
        net = layers.Sequential(
            layers.Linear(7, 16, dtype=dtype), layers.GELU(), layers.Linear(16, 5, dtype=dtype), layers.Tanh()
        )
        optimizer = optimizer_type(net.parameters(), lr=0.05, weight_decay=0.01)
        criterion = layers.CrossEntropyLoss(label_smoothing=0.1)
        x, t = here.from_numpy(images.astype(dtype)), here.from_numpy(labels)
        result = []
        for _ in range(steps):
            optimizer.zero_grad()
            logits, backward = net.forward(x)
            loss, loss_backward = criterion.forward(logits, t)
            backward(loss_backward(), input_gradient=False)
            optimizer.step()
            result.append(float(loss))
    return result


@pytest.mark.parametrize("optimizer", [training.SGD, training.Adam, training.AdamW, training.RMSprop])
@pytest.mark.parametrize("name", BACKENDS)
def test_the_same_losses(name, optimizer):
    expected = losses("reference", np.float64, optimizer)
    assert expected[-1] < expected[0]
    np.testing.assert_allclose(losses(name, np.float32, optimizer), expected, rtol=1e-4)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_whole_fit(name):
    """The training loop and the evaluation, on arrays of that backend."""
    rng = np.random.default_rng(1)
    centers = rng.standard_normal((3, 8)) * 3
    labels = rng.integers(0, 3, 96)
    images = (centers[labels] + rng.standard_normal((96, 8))).astype(np.float32)
    part = training.Part(images, labels)
    with kernels.using(name):
        layers.manual_seed(0)
        net = layers.Sequential(layers.Linear(8, 16), layers.ReLU(), layers.Linear(16, 3))
        optimizer = training.Adam(net.parameters(), lr=0.05)
        trainer = training.Trainer(
            net, layers.CrossEntropyLoss(), optimizer, metrics={"accuracy": training.accuracy}, clip_norm=5.0
        )
        history = trainer.fit(training.DataLoader(part, 32, shuffle=True), part, epochs=5)
        scores = training.predict(net, images)
    assert history[-1]["accuracy"] > 0.8
    assert history[-1]["val_accuracy"] > 0.9
    assert isinstance(scores, np.ndarray)


def of_several_kernels(backend: str, dtype, kind: str) -> list[np.ndarray]:
    """The weights after two steps of an optimizer that does more than one update a step, gradients clipped."""
    rng = np.random.default_rng(2)
    gradients = rng.standard_normal((2, 5, 4)).astype(dtype)
    gradients[0, 3] = 0
    with kernels.using(backend) as here:
        layers.manual_seed(0)
        net = layers.Linear(4, 5, bias=False, dtype=dtype)
        (weight,) = net.parameters()

        def closure():
            loss = kernels.mse_loss(weight.data, here.from_numpy(gradients[1]))
            weight.grad = weight.data - here.from_numpy(gradients[1])
            return loss

        optimizer = getattr(training, kind)(net.parameters())
        average = training.AveragedModel(net, 0.5)
        for gradient in gradients:
            weight.grad = here.from_numpy(gradient)
            training.clip_grad_norm_(net.parameters(), 2.0)
            training.clip_grad_value_(net.parameters(), 0.9)
            if kind == "LBFGS":
                optimizer.step(closure)
            else:
                optimizer.step()
            average.update_parameters(net)
        return [weight.numpy(), average.module.parameters()[0].numpy()]


@pytest.mark.parametrize("kind", ["Lamb", "Muon", "Adafactor", "SparseAdam", "AdamWScheduleFree", "LBFGS"])
@pytest.mark.parametrize("name", BACKENDS)
def test_of_several_kernels(name, kind):
    for ours, wanted in zip(of_several_kernels(name, np.float32, kind), of_several_kernels("reference", float, kind)):
        np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-5)
