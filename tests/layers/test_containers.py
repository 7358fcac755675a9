"""Layers that hold layers: side by side, named, in lists and dictionaries."""

import numpy as np
import pytest

from kernelwright import layers

from .test_layers import linear, rng, slope

CASES = {
    "Residual": lambda: layers.Residual(layers.Sequential(linear(5, 5), layers.Tanh())),
    "Residual with a shortcut": lambda: layers.Residual(linear(5, 3), linear(5, 3, bias=False)),
    "Concatenate": lambda: layers.Concatenate(linear(5, 2), layers.Identity(), layers.Tanh()),
    "Concatenate along axis 0": lambda: layers.Concatenate(layers.Tanh(), layers.Sigmoid(), axis=0),
    "a named Sequential": lambda: layers.Sequential({"first": linear(5, 4), "second": layers.Tanh()}),
}


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_way_back_is_the_gradient(make):
    layer, x = make(), rng(1).standard_normal((4, 5))
    y, backward = layer.forward(x)
    np.testing.assert_array_equal(layer(x), y)
    grad = rng(2).standard_normal(y.shape)
    found = backward(grad)
    np.testing.assert_allclose(found, slope(lambda: (layer(x) * grad).sum(), x), rtol=1e-6, atol=1e-8)
    for parameter in layer.parameters():
        expected = slope(lambda: (layer(x) * grad).sum(), parameter.data)
        np.testing.assert_allclose(parameter.grad, expected, rtol=1e-6, atol=1e-8)
    layer.zero_grad()
    assert backward(grad, input_gradient=False) is None
    assert all(parameter.grad.any() for parameter in layer.parameters())


def test_parallel():
    layer, x = layers.Parallel(linear(5, 2), layers.Tanh(), layers.Identity()), rng(1).standard_normal((4, 5))
    (one, two, three), backward = layer.forward(x)
    assert len(layer(x)) == 3
    np.testing.assert_array_equal(three, x)
    grads = rng(2).standard_normal(one.shape), rng(3).standard_normal(two.shape), None
    found = backward(grads)
    expected = slope(lambda: (layer(x)[0] * grads[0]).sum() + (layer(x)[1] * grads[1]).sum(), x)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    with pytest.raises(ValueError, match="2 gradients are given, there must be 3"):
        backward(grads[:2])


def test_sequential_grows():
    net = layers.Sequential(linear(2, 3)).append(layers.Tanh()).extend([linear(3, 4)])
    net.insert(1, layers.ReLU())
    assert list(net.state_dict()) == ["0.weight", "0.bias", "3.weight", "3.bias"]
    assert [type(layer).__name__ for layer in net] == ["Linear", "ReLU", "Tanh", "Linear"]
    assert list(net[2:].state_dict()) == ["1.weight", "1.bias"]
    named = layers.Sequential({"a": linear(2, 3), "b": layers.Tanh()})
    assert list(named.state_dict()) == ["a.weight", "a.bias"]
    assert named.a is named[0]
    assert list(named[:1].state_dict()) == ["a.weight", "a.bias"]
    with pytest.raises(AttributeError, match="Sequential has no 'c'"):
        _ = named.c


def test_lists_and_dictionaries():
    class Two(layers.Module):
        def __init__(self):
            self.steps = layers.ModuleList([linear(2, 2)])
            self.heads = layers.ModuleDict({"a": linear(2, 1)})

    net = Two()
    net.steps.append(linear(2, 2, bias=False))
    net.steps[0] = layers.Tanh()
    net.heads["b"] = linear(2, 3, bias=False)
    assert list(net.state_dict()) == ["steps.1.weight", "heads.a.weight", "heads.a.bias", "heads.b.weight"]
    assert (len(net.steps), len(net.heads), list(net.heads), "a" in net.heads) == (2, 2, ["a", "b"], True)
    assert [name for name, _ in net.heads.items()] == [*net.heads.keys()]
    assert net.heads["a"] in list(net.heads.values())
    del net.heads["a"]
    assert list(net.heads) == ["b"]


def test_refused():
    x = np.ones((2, 3))
    with pytest.raises(TypeError, match="ModuleList: layer 0 is 3, it must be a Module"):
        layers.ModuleList([3])
    with pytest.raises(ValueError, match=r"a layer's name is 'a\.b', it must be a word without dots"):
        layers.ModuleDict({"a.b": layers.Tanh()})
    with pytest.raises(TypeError, match="Residual: inner is None, it must be a Module"):
        layers.Residual(None)
    with pytest.raises(ValueError, match=r"the output of shortcut has the shape \(2, 3\), it must be \(2, 4\)"):
        layers.Residual(linear(3, 4))(x)
    with pytest.raises(ValueError, match=r"the output of layer 1 has the shape \(2, 3\), it must be \(4, 3\)"):
        layers.Concatenate(layers.Concatenate(layers.Tanh(), layers.Tanh(), axis=0), layers.Tanh())(x)
    with pytest.raises(ValueError, match="Concatenate: axis is 2, it must be from -2 to 1"):
        layers.Concatenate(layers.Tanh(), axis=2)(x)
    with pytest.raises(ValueError, match="there must be at least one layer"):
        layers.Concatenate()
