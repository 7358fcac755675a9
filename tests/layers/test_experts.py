"""Mixtures of experts and modular networks: their ways back, what they drop, add and refuse."""

import numpy as np
import pytest

from kernelwright import kernels, layers, training

from ..catalog import BACKENDS, running
from .test_layers import linear, rng, slope


def together(**options):
    return layers.MixtureOfExperts(5, layers.Experts(4, 5, 6, 3, layers.Tanh(), dtype=np.float64), dtype=np.float64,
                                   **options)  # fmt: skip


def apart(**options):
    experts = [layers.Sequential(linear(5, 6), layers.Tanh(), linear(6, 3)), linear(5, 3), linear(5, 3, bias=False)]
    return layers.MixtureOfExperts(5, experts, dtype=np.float64, **options)


CASES = {
    "all": lambda: together(),
    "one": lambda: together(k=1),
    "one, weighed by nothing": lambda: together(k=1, over="chosen"),
    "two of all": lambda: together(k=2, over="all"),
    "apart, one": lambda: apart(k=1),
    "apart, two": lambda: apart(k=2),
}


@pytest.fixture(params=CASES)
def mixture(request):
    layers.manual_seed(0)
    return CASES[request.param]()


def test_way_back_is_the_gradient(mixture):
    """With the balancing loss, whose gradient reaches the gate."""
    x = rng(1).standard_normal((3, 4, 5))
    (y, loss), backward = mixture.forward_with_loss(x)
    np.testing.assert_array_equal(mixture(x), y)
    grad, grad_loss = rng(2).standard_normal(y.shape), 0.7
    found = backward((grad, grad_loss))

    def value():
        (y, loss), _ = mixture.forward_with_loss(x)
        return (y * grad).sum() + grad_loss * loss

    np.testing.assert_allclose(found, slope(value, x), rtol=1e-6, atol=1e-8)
    assert 0.9 < loss < 4
    gradients = [parameter.grad.copy() for parameter in mixture.parameters()]
    for parameter, gradient in zip(mixture.parameters(), gradients):
        np.testing.assert_allclose(gradient, slope(value, parameter.data), rtol=1e-6, atol=1e-8)
    mixture.zero_grad()
    mixture.balance = 0.7
    y, backward = mixture.forward(x)
    assert backward(grad, input_gradient=False) is None
    for parameter, gradient in zip(mixture.parameters(), gradients):
        np.testing.assert_array_equal(parameter.grad, gradient)


def test_two_calls_before_any_way_back(mixture):
    mixture.balance = 0.3
    x, other = rng(1).standard_normal((2, 7, 5))
    grad = rng(2).standard_normal((7, 3))
    first, second = mixture.forward(x)[1], mixture.forward(other)[1]
    one, two = first(grad), second(grad)
    np.testing.assert_array_equal(mixture.forward(other)[1](grad), two)
    np.testing.assert_array_equal(mixture.forward(x)[1](grad), one)


def test_no_tokens(mixture):
    y, backward = mixture.forward(np.ones((0, 5)))
    assert y.shape == (0, 3)
    assert backward(y).shape == (0, 5)


def test_noise():
    """Its gradient by both weights; the same draws after the same seed; none in inference."""
    mixture, x = together(k=2, noise=0.5, balance=0.1), rng(1).standard_normal((9, 5))
    assert not mixture.noise_gate.weight.data.any()
    mixture.noise_gate.weight.data = rng(2).standard_normal((4, 5))
    grad = rng(3).standard_normal((9, 3))

    def value():
        layers.manual_seed(7)
        (y, loss), _ = mixture.forward_with_loss(x)
        return (y * grad).sum() + 0.1 * loss

    layers.manual_seed(7)
    y, backward = mixture.forward(x)
    np.testing.assert_allclose(backward(grad), slope(value, x), rtol=1e-6, atol=1e-8)
    for parameter in mixture.parameters():
        np.testing.assert_allclose(parameter.grad, slope(value, parameter.data), rtol=1e-6, atol=1e-8)
    assert not np.array_equal(mixture.forward(x)[0], y)
    np.testing.assert_array_equal(mixture(x), mixture(x))
    mixture.noise = 0.0
    np.testing.assert_array_equal(mixture.forward(x)[0], mixture(x))


def test_capacity():
    """8 tokens that all want one expert of four, which has room for 1.5 · 8 / 4 = 3 of them."""
    mixture, x = together(k=1, capacity_factor=1.5), np.repeat(rng(1).standard_normal((1, 5)), 8, 0)
    y, backward = mixture.forward(x)
    assert y[:3].all()
    assert not y[3:].any()
    grad_x = backward(np.ones_like(y))
    assert grad_x[:3].all()
    assert not grad_x[3:].any()
    assert mixture(x).all()


def test_an_even_load_has_the_balancing_loss_1():
    mixture = together(k=1)
    mixture.gate.weight.data = 40 * np.eye(4, 5)
    x = np.tile(np.eye(4, 5), (3, 1))
    (_, loss), _ = mixture.forward_with_loss(x)
    assert loss == pytest.approx(1)
    (_, loss), _ = mixture.forward_with_loss(np.tile(np.eye(1, 5), (6, 1)))
    assert loss == pytest.approx(4)


def test_state_and_text():
    mixture = together(k=2, noise=1.0)
    experts = ["weight1", "bias1", "weight2", "bias2"]
    assert list(mixture.state_dict()) == [*(f"experts.{name}" for name in experts), "gate.weight", "noise_gate.weight"]
    other = together(k=2, noise=1.0)
    other.load_state_dict(mixture.state_dict())
    x = rng().standard_normal((3, 5))
    np.testing.assert_array_equal(other(x), mixture(x))
    assert list(apart().state_dict())[:2] == ["experts.0.0.weight", "experts.0.0.bias"]
    assert "(experts): Experts(" in repr(mixture)
    assert layers.summary(mixture, (3, 5), np.float64).parameters == 4 * (5 * 6 + 6 + 6 * 3 + 3) + 2 * 20


@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name):
    x, grad = (rng(seed).standard_normal((7, n)).astype(np.float32) for seed, n in ((1, 4), (2, 3)))
    results = []
    for here in ("reference", name):
        backend = kernels.backend(here)
        with running(here, "forward") if here == "simulator" else kernels.using(here):
            layers.manual_seed(0)
            mixture = layers.MixtureOfExperts(
                4, layers.Experts(3, 4, 5, 3), 2, noise=1.0, capacity_factor=1.0, balance=0.1
            )
            y, backward = mixture.forward(backend.from_numpy(x))
            found = backward(backend.from_numpy(grad))
            gradients = (parameter.backend.to_numpy(parameter.grad) for parameter in mixture.parameters())
            results.append([backend.to_numpy(y), backend.to_numpy(found), *gradients])
    for expected, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def modular(**top):
    modules = [layers.Sequential(linear(5, 4), layers.Dropout(0.5), linear(4, 3)), linear(5, 3)]
    return layers.Modular(modules, **top)


@pytest.mark.parametrize("top", [{"gate": linear(5, 2)}, {"combiner": layers.Sequential(linear(6, 4), layers.Tanh())}])
def test_a_modular_network_trains_its_top_alone(top):
    net, x = modular(**top), rng(1).standard_normal((4, 5))
    before = net.state_dict()
    y, backward = net.forward(x)
    np.testing.assert_array_equal(net(x), y)
    grad = rng(2).standard_normal(y.shape)
    backward(grad, input_gradient=False)
    assert len(net.parameters()) == 2
    for parameter in net.parameters():
        expected = slope(lambda: (net(x) * grad).sum(), parameter.data)
        np.testing.assert_allclose(parameter.grad, expected, rtol=1e-6, atol=1e-8)
    with pytest.raises(ValueError, match="there is no gradient by its input"):
        backward(grad)
    average = training.AveragedModel(net)
    training.AdamW(net.parameters(), lr=0.1, weight_decay=0.5).step()
    average.update_parameters(net)
    for key, value in average.module.state_dict().items():
        assert np.array_equal(value, before[key]) == key.startswith("modules."), key


def test_refused():
    x = np.ones((2, 5))
    with pytest.raises(ValueError, match="MixtureOfExperts: k is 5, it must be at most 4"):
        together(k=5)
    with pytest.raises(ValueError, match="MixtureOfExperts: there must be at least one expert"):
        layers.MixtureOfExperts(5, [])
    with pytest.raises(ValueError, match="over is 'some', it must be one of 'chosen', 'all'"):
        together(over="some")
    with pytest.raises(ValueError, match="Experts: hidden_features is 0, it must be an integer of at least 1"):
        layers.Experts(2, 3, 0, 4)
    with pytest.raises(ValueError, match=r"x has the shape \(2, 4\), its last axis must be 5"):
        together()(x[:, :4])
    with pytest.raises(ValueError, match=r"an expert's output has the shape \(2, 2\), it must be \(2, 3\)"):
        layers.MixtureOfExperts(5, [linear(5, 3), linear(5, 2)], dtype=np.float64)(x)
    with pytest.raises(ValueError, match="Modular: there must be at least one module"):
        layers.Modular([], linear(1, 1))
    with pytest.raises(TypeError, match="Modular: either combiner or gate must be given"):
        modular(gate=linear(5, 2), combiner=linear(6, 2))
    with pytest.raises(ValueError, match=r"the gate's output has the shape \(2, 3\), it must be \(2, 2\)"):
        modular(gate=linear(5, 3))(x)
    with pytest.raises(ValueError, match=r"the output of module 1 has the shape \(2, 3\), it must be \(2, 2\)"):
        layers.Modular([linear(5, 2), linear(5, 3)], gate=linear(5, 2))(x)
