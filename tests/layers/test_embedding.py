"""Layers whose input is numbers of rows: their gradients, and what the way back returns for such an input."""

import re

import numpy as np
import pytest

from kernelwright import layers

from .test_layers import slope

X = np.array([[0, 3, 1], [3, 2, 3]])
FLAT, OFFSETS = X.reshape(-1), np.array([0, 4, 4])


def embedding(**options):
    layers.manual_seed(0)
    return layers.Embedding(5, 7, **options, dtype=np.float64)


def bag(**options):
    layers.manual_seed(0)
    return layers.EmbeddingBag(5, 7, **options, dtype=np.float64)


CASES = {
    "Embedding": (embedding, (X,)),
    "sum": (lambda: bag(mode="sum"), (X,)),
    "mean": (lambda: bag(padding_idx=3), (FLAT, OFFSETS)),
    "max": (lambda: bag(mode="max", include_last_offset=True), (FLAT, np.array([0, 2, 6]))),
    "factors": (lambda: bag(mode="sum"), (FLAT, OFFSETS, np.linspace(-1, 1, 6))),
}


@pytest.mark.parametrize(("make", "arguments"), CASES.values(), ids=CASES)
def test_way_back_is_the_gradient(make, arguments):
    layer = make()
    other = (arguments[0][::-1].copy(), *arguments[1:])
    (y, first), (_, second) = layer.forward(*arguments), layer.forward(*other)
    grad = np.random.default_rng(1).standard_normal(y.shape)
    np.testing.assert_array_equal(y, layer(*arguments))
    factors = arguments[2] if len(arguments) > 2 else None
    slopes = first(grad)
    second(2 * grad)

    def value():
        return (layer(*arguments) * grad).sum() + 2 * (layer(*other) * grad).sum()

    np.testing.assert_allclose(layer.weight.grad, slope(value, layer.weight.data), rtol=1e-6, atol=1e-8)
    if factors is None:
        assert slopes is None
    else:
        wanted = slope(lambda: (layer(*arguments) * grad).sum(), factors)
        np.testing.assert_allclose(slopes, wanted, rtol=1e-6, atol=1e-8)
    assert layer.forward(*arguments)[1](grad, input_gradient=False) is None


def test_padding():
    layer = embedding(padding_idx=-2)
    assert layer.padding_idx == 3
    assert not layer.weight.data[3].any()
    layer.weight.data[3] = 1
    y, backward = layer.forward(X)
    np.testing.assert_array_equal(y[0, 1], np.ones(7))
    assert backward(np.ones(y.shape)) is None
    np.testing.assert_array_equal(layer.weight.grad[:, 0], [1, 1, 1, 0, 0])
    scaled = embedding(scale_grad_by_freq=True)
    scaled.forward(X)[1](np.ones(y.shape))
    np.testing.assert_allclose(scaled.weight.grad[:, 0], [1, 1, 1, 1, 0])


def test_first_numbers():
    layers.manual_seed(0)
    numbers = layers.Embedding(300, 100, padding_idx=0).weight.data
    assert numbers.dtype == np.float32
    assert abs(numbers[1:].mean()) < 0.03
    assert abs(numbers[1:].std() - 1) < 0.03


def test_from_pretrained():
    table = np.arange(6, dtype=np.float32).reshape(3, 2)
    layer = layers.Embedding.from_pretrained(table, padding_idx=1)
    np.testing.assert_array_equal(layer.weight.data, table)
    assert layer.weight.data is not table
    assert (layer.num_embeddings, layer.embedding_dim, layer.padding_idx) == (3, 2, 1)
    np.testing.assert_array_equal(layers.EmbeddingBag.from_pretrained(table, mode="sum")(X[:, :1] % 3), table[[0, 0]])


def test_in_a_network():
    net = layers.Sequential(embedding(), layers.Flatten(), layers.Linear(21, 2, dtype=np.float64))
    y, backward = net.forward(X)
    assert backward(np.ones(y.shape)) is None
    expected = slope(lambda: net(X).sum(), net[0].weight.data)
    np.testing.assert_allclose(net[0].weight.grad, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: layers.Embedding(-1, 2), "Embedding: num_embeddings is -1, it must be an integer of at least 0"),
        (lambda: layers.EmbeddingBag(1, 0.5), "EmbeddingBag: embedding_dim is 0.5"),
        (lambda: layers.Embedding(4, 2, 4), "Embedding: padding_idx is 4, it must be from -4 to 3"),
        (lambda: layers.Embedding(4, 2, 0.5), "Embedding: padding_idx must be an integer or None, not 0.5"),
        (lambda: layers.EmbeddingBag(4, 2, mode="min"), "EmbeddingBag: mode is 'min', it must be one of 'sum', "),
        (lambda: layers.Embedding.from_pretrained(np.ones(3)), "Embedding: embeddings has 1 axes, it must have 2"),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        wrong()


def test_text():
    assert repr(layers.Embedding(4, 3, padding_idx=-1)) == "Embedding(4, 3, padding_idx=3)"
    assert repr(layers.EmbeddingBag(4, 3)) == "EmbeddingBag(4, 3, mode='mean')"
