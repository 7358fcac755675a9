"""Ours."""

from collections.abc import Callable

import numpy as np

from ... import layers, training
from .work import CHANNELS, CLASSES, HIDDEN, SIDE

PACKAGE, MODULE = "kernelwright", "numba"


def make(network: str, parameters: list[np.ndarray], lr: float) -> tuple[Callable, Callable]:
    """(step, scores): step trains with a batch and returns its loss, scores are those of each class."""
    first, second = CHANNELS
    nets = {
        "mlp": lambda: (layers.Linear(SIDE * SIDE, HIDDEN), layers.ReLU(), layers.Linear(HIDDEN, CLASSES)),
        "cnn": lambda: (
            *(layers.Conv2d(1, first, 3, padding=1), layers.ReLU(), layers.MaxPool2d(2)),
            *(layers.Conv2d(first, second, 3, padding=1), layers.ReLU(), layers.MaxPool2d(2)),
            *(layers.Flatten(), layers.Linear(second * (SIDE // 4) ** 2, CLASSES)),
        ),
    }
    net = layers.Sequential(*nets[network]())
    net.load_state_dict(dict(zip(net.state_dict(), parameters)))
    criterion, optimizer = layers.CrossEntropyLoss(), training.SGD(net.parameters(), lr=lr)

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        scores, backward = net.forward(images)
        loss, loss_backward = criterion.forward(scores, labels)
        optimizer.zero_grad()
        backward(loss_backward(), input_gradient=False)
        optimizer.step()
        return float(loss)

    return step, net
