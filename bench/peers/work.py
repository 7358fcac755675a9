"""The work that all peers do: two networks, their first parameters, the images and the order of the batches.

    mlp    784 ──► Linear 256 ──► ReLU ──► Linear 10
    cnn    1 × 28 × 28 ──► Conv 16, 3 × 3 ──► ReLU ──► MaxPool 2 ──► Conv 32, 3 × 3 ──► ReLU ──► MaxPool 2 ──► Linear 10

Trained by plain gradient descent on the mean cross-entropy: that is what every library has, and has alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ... import training

SIDE, CLASSES = 28, 10
BATCH, LR, SEED = 128, 0.1, 0
HIDDEN, CHANNELS = 256, (16, 32)
NETWORKS = ("mlp", "cnn")
ACCURACY = 0.85  # of the first TESTED test images
TESTED, EVERY = 2048, 50  # and after how many steps it is looked at


@dataclass
class Work:
    """Images are (n, 784) for the mlp, (n, 1, 28, 28) for the cnn; float32. Labels are int64."""

    network: str
    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    def batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Without end, shuffled anew in each epoch; the last, smaller batch is left out."""
        generator = np.random.Generator(np.random.Philox(SEED))
        while True:
            for batch in training.batches(len(self.images), BATCH, generator):
                if len(batch) == BATCH:
                    yield self.images[batch], self.labels[batch]


def work(network: str) -> Work:
    """Fashion-MNIST, for that network."""
    data = training.load("fashion-mnist")
    shape = (-1, SIDE * SIDE) if network == "mlp" else (-1, 1, SIDE, SIDE)
    test = data.test.images[:TESTED], data.test.labels[:TESTED]
    return Work(network, data.train.images.reshape(shape), data.train.labels, test[0].reshape(shape), test[1])


def parameters(network: str) -> list[np.ndarray]:
    """[weight, bias, weight, bias, …] in PyTorch's layouts; weights as He et al. draw them, biases 0."""
    first, second = CHANNELS
    flat = second * (SIDE // 4) ** 2
    shapes = {
        "mlp": ((HIDDEN, SIDE * SIDE), (CLASSES, HIDDEN)),
        "cnn": ((first, 1, 3, 3), (second, first, 3, 3), (CLASSES, flat)),
    }
    generator = np.random.Generator(np.random.Philox(SEED))
    found = []
    for shape in shapes[network]:
        deviation = np.sqrt(2 / np.prod(shape[1:]))
        found += [(deviation * generator.standard_normal(shape)).astype(np.float32), np.zeros(shape[0], np.float32)]
    return found
