"""What Sequential fuses is what its layers do one after the other."""

import numpy as np
import pytest

from kernelwright import kernels, layers
from kernelwright.kernels import simulator

from .test_layers import linear, rng


def norm(features):
    return layers.BatchNorm1d(features, dtype=np.float64)


NETWORKS = {
    "perceptron": lambda: (linear(5, 7), layers.ReLU(), linear(7, 6), layers.Sigmoid(), linear(6, 3), layers.Tanh()),
    "without biases": lambda: (linear(5, 7, bias=False), layers.Tanh(), linear(7, 2, bias=False)),
    "something between": lambda: (linear(5, 7), layers.ReLU(), layers.Identity(), linear(7, 2)),
    "two activations": lambda: (linear(5, 7), layers.Sigmoid(), layers.ReLU(), linear(7, 2)),
    "batch norms": lambda: (norm(5), layers.ReLU(), linear(5, 7), norm(7), layers.ReLU(), norm(7), layers.Tanh()),
    "nothing to fuse": lambda: (layers.ReLU(), linear(5, 7), layers.GELU(), linear(7, 2), linear(2, 2)),
}


def walked(net: layers.Sequential, x: np.ndarray, grad: np.ndarray, one_by_one: bool) -> list[np.ndarray]:
    """Output, input's gradient, and the parameters'."""
    net.zero_grad()
    if one_by_one:
        y, ways = x, []
        for layer in net:
            y, way = layer.forward(y)
            ways.append(way)
        for way in reversed(ways):
            grad = way(grad)
    else:
        y, backward = net.forward(x)
        grad = backward(grad)
    return [y, grad, *(parameter.grad.copy() for parameter in net.parameters())]


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_layers_one_after_the_other(make):
    net = layers.Sequential(*make())
    x = y = rng(1).standard_normal((9, 5))
    for layer in net:
        y = layer(y)
    np.testing.assert_allclose(net(x), y, rtol=1e-12, atol=1e-14)
    grad = rng(2).standard_normal(y.shape)
    for one, other in zip(walked(net, x, grad, False), walked(net, x, grad, True), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_a_subclass_is_called_as_it_is():
    """Its forward may know nothing of activations, and an activation's may be another function."""

    class Doubled(layers.Linear):
        def forward(self, x):
            y, backward = super().forward(x)
            return y, lambda grad, input_gradient=True: backward(2 * grad, input_gradient=input_gradient)

        def __call__(self, x):
            return 2 * super().__call__(x)

    class Shifted(layers.ReLU):
        def __call__(self, x):
            return super().__call__(x) + 1

    net = layers.Sequential(Doubled(5, 7, dtype=np.float64), layers.ReLU(), linear(7, 3), Shifted(), linear(3, 2))
    x = rng(1).standard_normal((9, 5))
    y = x
    for layer in net:
        y = layer(y)
    np.testing.assert_allclose(net(x), y, rtol=1e-12)
    np.testing.assert_allclose(net.forward(x)[0], y, rtol=1e-12)
    net.forward(x)[1](np.ones_like(y))


@pytest.mark.cuda
def test_launches_of_a_step():
    """A linear layer and its activation are one, the way back two: one for the input's gradient, one for the rest."""
    net = layers.Sequential(
        layers.Linear(20, 16), layers.ReLU(), layers.Linear(16, 12), layers.ReLU(), layers.Linear(12, 4)
    )
    x = rng(1).standard_normal((8, 20)).astype(np.float32)
    with kernels.using("simulator"), simulator.record(races=False) as reports:
        _, backward = net.forward(x)
        assert len(reports) == 3
        backward(np.ones((8, 4), np.float32), input_gradient=False)
    assert len(reports) == 8
    assert {report.kernel for report in reports} <= {"dots", "matmul"}
