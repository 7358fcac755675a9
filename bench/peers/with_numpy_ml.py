"""numpy-ml (https://numpy-ml.readthedocs.io), by David Bourgin: everything in NumPy, to be read, not to be fast."""

import collections.abc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .work import CHANNELS, CLASSES, HIDDEN, SIDE

PACKAGE, MODULE = "numpy-ml", "numpy"  # itself it is imported below, with what it needs


def make(network: str, parameters: list[np.ndarray], lr: float) -> tuple[Callable, Callable]:
    # Its last release, of 2021, looks for these names where Python 3.10 has them no more.
    for name in ("Hashable", "Iterable", "Mapping"):
        setattr(collections, name, getattr(collections.abc, name))
    warnings.simplefilter("ignore")  # of packages that its other parts would like
    from numpy_ml.neural_nets import layers
    from numpy_ml.neural_nets.optimizers import SGD

    def weighted(kind: Any, *arguments: Any) -> Any:
        return kind(*arguments, optimizer=SGD(lr=lr, momentum=0.0))

    if network == "mlp":
        net = [weighted(layers.FullyConnected, HIDDEN, "ReLU"), weighted(layers.FullyConnected, CLASSES)]
    else:
        blocks = [(weighted(layers.Conv2D, n, (3, 3), 1, 1, 0, "ReLU"), layers.Pool2D((2, 2), 2)) for n in CHANNELS]
        net = [*blocks[0], *blocks[1], layers.Flatten(), weighted(layers.FullyConnected, CLASSES)]

    def forward(x: np.ndarray, retain: bool) -> np.ndarray:
        if x.ndim == 4:
            x = x.transpose(0, 2, 3, 1)  # its channels come last
        for layer in net:
            x = layer.forward(x, retain_derived=retain)
        return x

    # Its layers make their parameters at the first call; then ours take their place.
    forward(np.zeros((1, SIDE * SIDE) if network == "mlp" else (1, 1, SIDE, SIDE), np.float32), retain=False)
    own = [layer for layer in net if layer.parameters]
    for layer, weight, bias in zip(own, parameters[::2], parameters[1::2]):
        if weight.ndim == 4:
            weight = weight.transpose(2, 3, 1, 0)
        elif network == "cnn":
            weight = (
                weight.reshape(CLASSES, CHANNELS[1], SIDE // 4, SIDE // 4).transpose(2, 3, 1, 0).reshape(-1, CLASSES)
            )
        else:
            weight = weight.T
        layer.parameters = {"W": weight.copy(), "b": bias.reshape(layer.parameters["b"].shape)}

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        scores = forward(images, retain=True)
        rows = np.arange(len(labels))
        shifted = scores - scores.max(1, keepdims=True)
        logarithms = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        grad = np.exp(logarithms)
        grad[rows, labels] -= 1
        grad /= len(labels)
        for layer in reversed(net):
            grad = layer.backward(grad)
        for layer in net:
            layer.update()
        return float(-logarithms[rows, labels].mean())

    return step, lambda images: forward(images, retain=False)
