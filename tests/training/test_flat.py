"""Flat storage: where parameters live, and who may move them."""

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training.flat import gather


def make():
    layers.manual_seed(0)
    return layers.Sequential(layers.Linear(5, 3), layers.ReLU(), layers.Linear(3, 2))


def test_parameters_become_views_and_keep_their_values():
    net = make()
    x = np.random.default_rng(0).standard_normal((4, 5), np.float32)
    before = net(x)
    net.parameters()[0].grad += 2
    flat = gather(net.parameters())
    np.testing.assert_array_equal(net(x), before)
    offset = 0
    for parameter in net.parameters():
        assert offset % 16 == 0
        np.testing.assert_array_equal(flat.data[offset : offset + parameter.size], parameter.data.ravel())
        assert np.shares_memory(flat.data, parameter.data)
        assert np.shares_memory(flat.grad, parameter.grad)
        gap = slice(offset + parameter.size, offset + -(-parameter.size // 16) * 16)
        assert not flat.data[gap].any()
        assert not flat.grad[gap].any()
        offset = gap.stop
    assert flat.size == offset == 16 * 4
    assert (net.parameters()[0].grad == 2).all()


def test_views_live_through_loading_and_backward():
    net = make()
    flat = gather(net.parameters())
    net.load_state_dict({key: value + 1 for key, value in net.state_dict().items()})
    y, backward = net.forward(np.ones((2, 5), np.float32))
    backward(np.ones_like(y))
    flat.check()
    assert flat.data[:15].sum() == net.parameters()[0].data.sum()
    assert flat.grad.any()
    net.zero_grad()
    assert not flat.grad.any()


def test_the_same_list_shares_one_storage():
    net = make()
    one, two = training.SGD(net.parameters()), training.Adam(net.parameters())
    assert one.flat is two.flat
    one.step()
    two.step()


def test_a_moved_parameter_is_noticed():
    net = make()
    old = training.SGD(net.parameters(), lr=1.0)
    before = net.state_dict()
    training.SGD(net[0].parameters())
    net.parameters()[0].grad += 1
    with pytest.raises(RuntimeError, match=r"Parameter\(weight: 3×5 float32\) was moved after this optimizer was made"):
        old.step()
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    training.SGD(net.parameters()).step()  # made after the move


def test_order_matters():
    net = make()
    old = training.SGD(net.parameters())
    training.SGD(net.parameters()[::-1]).step()
    with pytest.raises(RuntimeError, match="was moved"):
        old.step()


def test_shared_weights_count_once():
    layer = layers.Linear(4, 4)
    assert gather([*layer.parameters(), *layer.parameters()]).size == 32
    net = layers.Sequential(layer, layers.ReLU(), layer)
    assert training.SGD(net.parameters()).flat.size == 32


def test_any_iterable():
    assert gather(parameter for _, parameter in make().named_parameters()).size == 64


def test_refused():
    with pytest.raises(ValueError, match="at least one parameter, and got none"):
        training.SGD(layers.ReLU().parameters())
    with pytest.raises(TypeError, match=r"needs parameters, as from network\.parameters"):
        training.SGD(make())  # type: ignore[arg-type]
    mixed = [*layers.Linear(2, 2).parameters(), *layers.Linear(2, 2, dtype=np.float64).parameters()]
    with pytest.raises(TypeError, match=r"must share a dtype: .*float32\), but .*float64\)"):
        training.SGD(mixed)


def test_mixed_backends_are_refused(monkeypatch):
    one, other = layers.Linear(2, 2), layers.Linear(2, 2)

    class Elsewhere(type(kernels.backend("reference"))):
        name = "elsewhere"
        array_type = memoryview

    for parameter in other.parameters():
        parameter.backend = Elsewhere()
    with pytest.raises(TypeError, match=r"must share a backend: .* is on numba, but .* is on elsewhere"):
        training.SGD([*one.parameters(), *other.parameters()])
