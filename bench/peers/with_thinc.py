"""thinc (https://thinc.ai), by Explosion. It has no convolution of two axes."""

from collections.abc import Callable

import numpy as np

from .work import CLASSES, HIDDEN, SIDE

PACKAGE, MODULE = "thinc", "thinc.api"
LACKS = {"cnn": "has no Conv2d"}


def make(network: str, parameters: list[np.ndarray], lr: float) -> tuple[Callable, Callable]:
    from thinc import api

    hidden, out = api.Relu(HIDDEN, SIDE * SIDE), api.Softmax(CLASSES, HIDDEN)
    net = api.chain(hidden, out)
    net.initialize()
    for layer, weight, bias in ((hidden, *parameters[:2]), (out, *parameters[2:])):
        layer.set_param("W", weight.copy())
        layer.set_param("b", bias.copy())
    optimizer = api.SGD(lr, L2=0.0, grad_clip=0.0, use_averages=False)

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        probabilities, backward = net.begin_update(images)
        grad = probabilities.copy()
        rows = np.arange(len(labels))
        grad[rows, labels] -= 1  # of the scores: its Softmax takes that for the probabilities' gradient
        backward(grad / len(labels))
        net.finish_update(optimizer)
        return float(-np.log(probabilities[rows, labels]).mean())

    return step, net.predict
