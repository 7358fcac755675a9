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
        history = training.fit(net, layers.CrossEntropyLoss(), optimizer, part, part, epochs=5, batch_size=32)
        scores = training.predict(net, images)
    assert history[-1].test_accuracy > 0.9
    assert isinstance(scores, np.ndarray)
