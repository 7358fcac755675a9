"""A network's gradients against central differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kernelwright import kernels, layers

STEP = 1e-6


def check_gradients(net: layers.Module, forward: Callable[[Any], Any], x: np.ndarray) -> None:
    """In a random direction of each parameter, and of x if it is of real numbers; in float64; nothing may be random.

    `forward(x)` is the network's output and its way back.
    """
    rng = np.random.default_rng(1)
    with kernels.using("reference"):
        for held in (*net.parameters(), *net.buffers()):
            type(held).__init__(held, held.numpy().astype(np.float64), held.name)
        y, backward = forward(x)
        weights = rng.standard_normal(y.shape)
        net.zero_grad()
        grad_x = backward(weights, input_gradient=x.dtype.kind == "f")

        def slope(change: Callable[[float], np.ndarray]) -> float:
            after, before = (np.sum(forward(change(step))[0] * weights) for step in (STEP, -STEP))
            return (after - before) / (2 * STEP)

        for name, parameter in net.named_parameters():
            start, direction = parameter.numpy(), rng.standard_normal(parameter.shape)

            def moved(step, parameter=parameter, start=start, direction=direction):
                parameter.data = start + step * direction
                return x

            expected = slope(moved)
            parameter.data = start
            assert np.sum(parameter.grad * direction) == pytest.approx(expected, rel=1e-5, abs=1e-8), name
        if x.dtype.kind == "f":
            direction = rng.standard_normal(x.shape)
            expected = slope(lambda step: x + step * direction)
            assert np.sum(grad_x * direction) == pytest.approx(expected, rel=1e-5, abs=1e-8), "x"
