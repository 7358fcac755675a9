"""tinygrad (https://tinygrad.org): the whole step captured by TinyJit. On a CPU it needs clang."""

from collections.abc import Callable
from typing import Any

import numpy as np

PACKAGE, MODULE = "tinygrad", "tinygrad"


def make(network: str, parameters: list[np.ndarray], lr: float) -> tuple[Callable, Callable]:
    from tinygrad import Tensor, TinyJit

    own = [Tensor(parameter).realize() for parameter in parameters]

    def net(x: Any) -> Any:
        if network == "mlp":
            return x.linear(own[0].T, own[1]).relu().linear(own[2].T, own[3])
        for weight, bias in (own[:2], own[2:4]):
            x = x.conv2d(weight, bias, padding=1).relu().max_pool2d(2)
        return x.flatten(1).linear(own[4].T, own[5])

    @TinyJit
    def update(images: Any, labels: Any) -> Any:
        loss = net(images).sparse_categorical_crossentropy(labels)
        # Its optimizers have to be called differently in each version; this holds in all.
        steps = [own[i].assign(own[i] - lr * gradient) for i, gradient in enumerate(loss.gradient(*own))]
        return loss.realize(*steps)

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        return float(update(Tensor(images).realize(), Tensor(labels.astype(np.int32)).realize()).item())

    return step, lambda images: net(Tensor(images)).numpy()
