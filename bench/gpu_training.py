"""How long training takes until so many of the test images are right, compilation apart: Fashion-MNIST on the GPU.

The recipe's convolutional network, AdamW and batches of 256; images lie on the device, each step is replayed from a
CUDA graph. Of an epoch only the steps are counted, their order and a wait at their end, and not the test after it.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import kernels, layers, training
from ..training.recipes import cnn
from . import steps

RIGHT, BATCH = 0.9, 256
MOST = 20  # epochs


class Reached(NamedTuple):
    accuracy: float
    epochs: int
    steps: int
    seconds: float


def fashion(wait: Callable[[], None]) -> Reached:
    """Raises FileNotFoundError where the images are neither here nor to be had."""
    data = training.load("fashion-mnist")

    def network() -> layers.Module:
        return cnn.network(data.shape[0], len(data.classes))

    train, test = ((part.images.reshape(-1, 1, *data.shape), part.labels) for part in (data.train, data.test))
    return until(RIGHT, network, train, test, BATCH, wait)


def until(right: float, network: Callable[[], layers.Module], train: Any, test: Any, batch: int, wait: Any) -> Reached:
    """Train a network on the current backend until that share of the test images is right, or for MOST epochs.

    `train` and `test` are images and labels; `wait` returns when the device has done all that it was told.
    """
    backend: Any = kernels.current()
    images, labels = (backend.from_numpy(array) for array in train)
    _, step = _start(network)
    for _ in range(3):  # another network's: the kernels get compiled
        step(images[:batch], labels[:batch])
    net, step = _start(network)
    rng, epochs, seconds, accuracy = np.random.default_rng(0), 0, 0.0, 0.0
    while accuracy < right and epochs < MOST:
        wait()
        started = time.perf_counter()
        order = backend.from_numpy(rng.permutation(len(images)))
        for first in range(0, len(images) - batch + 1, batch):
            chosen = order[first : first + batch]
            step(images[chosen], labels[chosen])
        wait()
        seconds += time.perf_counter() - started
        epochs += 1
        accuracy = float(training.accuracy(training.predict(net, test[0]), test[1]))
    return Reached(accuracy, epochs, epochs * (len(images) // batch), seconds)


def _start(network: Callable[[], layers.Module]) -> tuple[layers.Module, Callable[..., Any]]:
    """A new network, the same each time, and its step."""
    layers.manual_seed(0)
    net = network()
    optimizer = training.AdamW(net.parameters(), **steps.CNN_OPTIONS)
    return net, training.capture(steps.step_of(net, optimizer))
