"""Initial values: the moments, bounds and structure that each function promises, and repeatable draws."""

import math

import numpy as np
import pytest

from kernelwright import layers
from kernelwright.layers import init


def filled(function, *args, shape=(300, 400), **options):
    layers.manual_seed(0)
    parameter = layers.Parameter(np.full(shape, np.nan))
    assert function(parameter, *args, **options) is parameter
    return parameter.data


# Function, arguments, whether even, the standard deviation.
SPREADS = [
    (init.uniform_, {"a": -1, "b": 1}, True, 1 / math.sqrt(3)),
    (init.normal_, {"std": 2.0}, False, 2.0),
    (init.xavier_uniform_, {"gain": 2}, True, 2 * math.sqrt(2 / 700)),
    (init.xavier_normal_, {}, False, math.sqrt(2 / 700)),
    (init.kaiming_uniform_, {}, True, math.sqrt(2 / 400)),
    (init.kaiming_uniform_, {"a": math.sqrt(5)}, True, math.sqrt(1 / 3 / 400)),
    (init.kaiming_normal_, {"mode": "fan_out", "nonlinearity": "tanh"}, False, 5 / 3 / math.sqrt(300)),
]


@pytest.mark.parametrize(("function", "options", "even", "std"), SPREADS)
def test_spread(function, options, even, std):
    x = filled(function, **options)
    np.testing.assert_allclose(x.std(), std, rtol=0.01)
    np.testing.assert_allclose(x.mean(), 0, atol=0.01 * std)
    if even:
        np.testing.assert_allclose(np.abs(x).max(), std * math.sqrt(3), rtol=1e-3)
    else:
        np.testing.assert_allclose(np.mean(np.abs(x) < std), math.erf(math.sqrt(0.5)), atol=0.005)
    np.testing.assert_array_equal(filled(function, **options), x)
    own = np.random.default_rng(1)
    assert (filled(function, **options, generator=own) != x).all()


def test_fans_of_a_convolution():
    x = filled(init.kaiming_normal_, nonlinearity="linear", shape=(40, 30, 5, 5))
    np.testing.assert_allclose(x.std(), 1 / math.sqrt(750), rtol=0.02)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"), [(0, 1, -2, 2), (1, 2, 0, 1.5), (0, 1, 5, 100), (0, 0.1, -9, -0.5), (3, 1, -2, 3)]
)
def test_truncated(mean, std, a, b):
    """Its mean is the integral's."""
    x = filled(init.trunc_normal_, mean, std, a, b)
    assert a <= x.min() <= x.max() <= b
    z = np.linspace(max(a, mean - 12 * std), min(b, mean + 12 * std), 100001)
    density = np.exp(-(((z - mean) / std) ** 2) / 2)
    expected = (z * density).sum() / density.sum()
    np.testing.assert_allclose(x.mean(), expected, atol=0.01 * std)


def test_structure():
    assert (filled(init.constant_, 3) == 3).all()
    assert (filled(init.ones_) == 1).all()
    assert not filled(init.zeros_).any()
    np.testing.assert_array_equal(filled(init.eye_, shape=(2, 3)), np.eye(2, 3))
    x = filled(init.sparse_, 0.25, shape=(10, 500), std=0.5)
    assert ((x == 0).sum(0) == 3).all()
    np.testing.assert_allclose(x[x != 0].std(), 0.5, rtol=0.05)
    array = np.empty((2, 2), np.float32)
    assert init.ones_(array) is array
    assert array.all()


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (4, 2, 3)])
def test_orthogonal(shape):
    x = filled(init.orthogonal_, 2, shape=shape).reshape(shape[0], -1)
    product = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_dirac():
    x = filled(init.dirac_, 2, shape=(4, 3, 3, 2))
    expected = np.zeros((4, 3, 3, 2))
    expected[[0, 1, 2, 3], [0, 1, 0, 1], 1, 1] = 1
    np.testing.assert_array_equal(x, expected)


def test_gains():
    assert init.calculate_gain("conv2d") == init.calculate_gain("sigmoid") == 1
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu", 1) == 1
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))
    assert (init.calculate_gain("tanh"), init.calculate_gain("selu")) == (5 / 3, 3 / 4)


V, M = np.ones(3), np.ones((3, 4))
MISTAKES = [
    (lambda: init.calculate_gain("gelu"), "calculate_gain: nonlinearity is 'gelu', it must be one of 'linear'"),
    (lambda: init.xavier_uniform_(V), "xavier_uniform_: tensor has the shape (3,), it must have at least 2 axes"),
    (lambda: init.kaiming_normal_(M, mode="fan"), "mode is 'fan', it must be one of 'fan_in', 'fan_out'"),
    (lambda: init.orthogonal_(V), "orthogonal_: tensor has the shape (3,), it must have at least 2 axes"),
    (lambda: init.eye_(V), "eye_: tensor has the shape (3,), its axes must be 2"),
    (lambda: init.dirac_(M), "dirac_: tensor has the shape (3, 4), its axes must be 3, 4, 5"),
    (lambda: init.dirac_(np.ones((3, 4, 5)), 2), "dirac_: groups is 2, it must divide the first axis, 3"),
    (lambda: init.normal_(V, std=-1), "normal_: std is -1, it must be at least 0"),
    (lambda: init.trunc_normal_(V, a=1, b=1), "std must be above 0 and a below b"),
    (lambda: init.sparse_(M, 2), "sparse_: sparsity is 2, it must be from 0 to 1"),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_refused(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert message in str(caught.value)
