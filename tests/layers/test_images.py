"""Layers that move or gather pixels, and those of two inputs, without PyTorch."""

import numpy as np
import pytest

from kernelwright import kernels, layers

X = np.arange(24.0).reshape(1, 2, 3, 4)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_padding_is_numpys(mode):
    names = {"constant": "Zero", "reflect": "Reflection", "edge": "Replication", "wrap": "Circular"}
    y = getattr(layers, f"{names[mode]}Pad2d")((1, 2, 2, 0))(X)
    np.testing.assert_array_equal(y, np.pad(X, ((0, 0), (0, 0), (2, 0), (1, 2)), mode))


def test_shuffling():
    y = kernels.pixel_shuffle(np.arange(8.0).reshape(4, 1, 2), 2)
    np.testing.assert_array_equal(y, [[[0, 2, 1, 3], [4, 6, 5, 7]]])
    np.testing.assert_array_equal(kernels.pixel_unshuffle(y, 2).ravel(), np.arange(8))
    assert kernels.pixel_shuffle(np.ones((0, 4, 2, 2)), 2).shape == (0, 1, 4, 4)


def test_resizing():
    np.testing.assert_array_equal(layers.Upsample(scale_factor=2)(X)[..., ::2, ::2], X)
    y = layers.Upsample((5, 7), mode="bilinear", align_corners=True)(X)
    np.testing.assert_allclose(y[0, 1], 12 + 2 * np.arange(5)[:, None] + np.arange(7) / 2, rtol=1e-12)


def test_way_back_of_max_pool_takes_the_gradient_of_y_alone():
    (y, indices), backward = layers.MaxPool2d(2, return_indices=True).forward(X)
    np.testing.assert_array_equal(y.ravel(), X.ravel()[[5, 7, 17, 19]])
    np.testing.assert_array_equal(indices.ravel(), [5, 7, 5, 7])
    assert backward(np.ones_like(y)).sum() == 4


def test_bilinear():
    layers.manual_seed(0)
    layer, draw = layers.Bilinear(3, 4, 2, dtype=np.float64), np.random.default_rng(0)
    x1, x2 = draw.standard_normal((5, 3)), draw.standard_normal((5, 4))
    y, backward = layer.forward(x1, x2)
    expected = np.einsum("ni,oij,nj->no", x1, layer.weight.data, x2) + layer.bias.data
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    grad = draw.standard_normal(y.shape)
    grad_x1, grad_x2 = backward(grad)
    np.testing.assert_allclose(grad_x1, np.einsum("no,oij,nj->ni", grad, layer.weight.data, x2), rtol=1e-12)
    np.testing.assert_allclose(grad_x2, np.einsum("no,oij,ni->nj", grad, layer.weight.data, x1), rtol=1e-12)
    np.testing.assert_allclose(layer.weight.grad, np.einsum("no,ni,nj->oij", grad, x1, x2), rtol=1e-12)
    np.testing.assert_allclose(layer.bias.grad, grad.sum(0), rtol=1e-12)
    assert backward(grad, input_gradient=False) is None


MISTAKES = [
    (lambda: layers.ZeroPad2d((1, 2)), "ZeroPad2d: padding is (1, 2), it must be an integer or 4 of them"),
    (lambda: layers.ZeroPad1d(1)(X), "ZeroPad1d: x has 4 axes, it must have 2 or 3"),
    (lambda: layers.Unflatten(1, (3, -1))(X), "its axis 1 can't be divided into (3, -1)"),
    (lambda: layers.Bilinear(0, 1, 1), "Bilinear: in1_features is 0, it must be an integer of at least 1"),
    (lambda: layers.Bilinear(3, 4, 1)(X, X), "they must be (…, 3) and (…, 4), alike in front"),
    (lambda: kernels.pixel_shuffle(X, 2), "pixel_shuffle: x has 2 channels, it must have a multiple of 2² = 4"),
    (lambda: kernels.pixel_unshuffle(X, 2), "its last two axes must be multiples of 2"),
    (lambda: kernels.pad(X, (1,)), "pad is (1,), it must be two integers for each axis, the last one first"),
    (lambda: kernels.pad(X, (4, 0), "reflect"), "pad is 4 at axis 3, it must be at most 3: mode 'reflect'"),
    (lambda: kernels.pad(X, (-3, -2)), "pad cuts off more than the 4 places of axis 3"),
    (lambda: kernels.pad(X, (1, 1), "edge"), "mode is 'edge', it must be one of 'constant', 'reflect'"),
    (lambda: kernels.pad_backward(X, X, (1, 1)), "grad has the shape (1, 2, 3, 4), it must be (1, 2, 3, 6)"),
    (lambda: kernels.interpolate(X, 2, 2), "one of size and scale_factor must be given, and not both"),
    (lambda: kernels.interpolate(X, 0), "size is 0, it must be an integer of at least 1, or 2 of them"),
    (lambda: kernels.interpolate(X, None, 0.1), "scale_factor is 0.1, which leaves nothing of (3, 4)"),
    (lambda: kernels.interpolate(X, 2, mode="linear"), "mode is 'linear', which needs x with 3 axes, not 4"),
    (lambda: kernels.interpolate(X, 2, align_corners=True), "align_corners is for linear and cubic modes"),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_refused(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert message in str(caught.value)
