"""NumPy alone: gradients by hand, convolutions as products of matrices of all windows."""

from collections.abc import Callable
from typing import Any

import numpy as np

PACKAGE, MODULE = "numpy", "numpy"
Way = Callable[[np.ndarray], np.ndarray]  # the output's gradient → the input's


def make(network: str, parameters: list[np.ndarray], lr: float) -> tuple[Callable, Callable]:
    layers: list[Any] = []
    for weight, bias in zip(parameters[::2], parameters[1::2]):
        last = weight is parameters[-2]
        layers.append((convolution if weight.ndim == 4 else linear, weight.copy(), bias.copy()))
        layers += [] if last else [(relu,)] if network == "mlp" else [(relu,), (pool,)]

    def forward(x: np.ndarray) -> tuple[np.ndarray, list[tuple[Way, tuple]]]:
        ways = []
        for layer, *own in layers:
            if layer is linear:
                shape, x = x.shape, x.reshape(len(x), -1)
                y, way = linear(x, *own)
                ways.append((lambda grad, way=way, shape=shape: _reshaped(way(grad), shape), own))
                x = y
            else:
                x, way = layer(x, *own)
                ways.append((way, own))
        return x, ways

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        scores, ways = forward(images)
        rows = np.arange(len(labels))
        shifted = scores - scores.max(1, keepdims=True)
        logarithms = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        grad = np.exp(logarithms)
        grad[rows, labels] -= 1
        grad /= len(labels)
        for way, own in reversed(ways):
            grad, *gradients = way(grad)
            for parameter, gradient in zip(own, gradients):
                parameter -= lr * gradient
        return float(-logarithms[rows, labels].mean())

    return step, lambda images: forward(images)[0]


def _reshaped(found: tuple, shape: tuple) -> tuple:
    return found[0].reshape(shape), *found[1:]


def linear(x, weight, bias):
    return x @ weight.T + bias, lambda grad: (grad @ weight, grad.T @ x, grad.sum(0))


def relu(x):
    return np.maximum(x, 0), lambda grad: (grad * (x > 0),)


def convolution(x, weight, bias):
    """3 × 3, with a border of zeros."""
    windows = _windows(x)

    def way(grad):
        rows = grad.transpose(0, 2, 3, 1).reshape(-1, grad.shape[1])
        # The input's gradient: a convolution of the output's with the weight, in and out exchanged, turned by half.
        turned = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
        return _product(_windows(grad), turned, grad), (rows.T @ windows).reshape(weight.shape), rows.sum(0)

    return _product(windows, weight, x) + bias[:, None, None], way


def _windows(x):
    """(images · height · width, channels · 9)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return seen.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * 9)


def _product(windows, weight, x):
    found = windows @ weight.reshape(len(weight), -1).T
    return found.reshape(len(x), *x.shape[2:], len(weight)).transpose(0, 3, 1, 2)


def pool(x):
    """The largest of each 2 × 2, the first of equals."""
    n, channels, height, width = x.shape
    blocks = x.reshape(n, channels, height // 2, 2, width // 2, 2).swapaxes(3, 4).reshape(*x.shape[:2], -1, 4)
    place = blocks.argmax(-1)[..., None]

    def way(grad):
        spread = np.zeros_like(blocks)
        np.put_along_axis(spread, place, grad.reshape(*x.shape[:2], -1, 1), -1)
        return (spread.reshape(n, channels, height // 2, width // 2, 2, 2).swapaxes(3, 4).reshape(x.shape),)

    return np.take_along_axis(blocks, place, -1).reshape(n, channels, height // 2, width // 2), way
