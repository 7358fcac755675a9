"""Layers of convolutions, without PyTorch."""

import numpy as np
import pytest

from kernelwright import kernels, layers


def test_shapes_names_and_first_values():
    layers.manual_seed(0)
    layer = layers.Conv2d(4, 6, (3, 2), stride=2, padding=(1, 0), groups=2)
    assert {key: value.shape for key, value in layer.state_dict().items()} == {"weight": (6, 2, 3, 2), "bias": (6,)}
    assert np.abs(layer.weight.data).max() <= 1 / np.sqrt(12)
    assert layer(np.ones((5, 4, 8, 7), np.float32)).shape == (5, 6, 4, 3)
    assert repr(layer) == "Conv2d(4, 6, kernel_size=(3, 2), stride=(2, 2), padding=(1, 0), groups=2)"
    turned = layers.ConvTranspose2d(4, 6, 4, 2, 1, bias=False)
    assert {key: value.shape for key, value in turned.state_dict().items()} == {"weight": (4, 6, 4, 4)}
    assert turned(np.ones((2, 4, 7, 5), np.float32)).shape == (2, 6, 14, 10)
    assert repr(turned) == "ConvTranspose2d(4, 6, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1), bias=False)"


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.Conv1d(2, 3, 3, padding="same"), (2, 2, 7)),
        (lambda: layers.Conv3d(2, 3, 2, stride=2), (2, 2, 4, 5, 6)),
        (lambda: layers.ConvTranspose1d(2, 3, 4, 2), (2, 2, 5)),
        (lambda: layers.ConvTranspose3d(2, 3, 2, 2, output_padding=1, bias=False), (1, 2, 2, 3, 2)),
    ],
)
def test_a_layer_used_twice_adds_up(make, shape):
    rng = np.random.default_rng(0)
    layer = make()
    x, z = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
    (y, first), (_, second) = layer.forward(x), layer.forward(z)
    grads = [rng.standard_normal(y.shape).astype(np.float32) for _ in range(2)]
    assert second(grads[1], input_gradient=False) is None
    by_second = layer.weight.grad.copy()
    grad_x = first(grads[0])
    assert grad_x.shape == x.shape
    layer.zero_grad()
    first(grads[0])
    by_first = layer.weight.grad.copy()
    layer.zero_grad()
    first(grads[0])
    second(grads[1])
    np.testing.assert_allclose(layer.weight.grad, by_first + by_second, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Conv2d(0, 3, 3), "in_channels is 0, it must be an integer of at least 1"),
        (lambda: layers.Conv2d(3, 4, 3, groups=2), "in_channels is 3, it must be a multiple of groups, which is 2"),
        (lambda: layers.Conv2d(3, 4, (3, 3, 3)), r"kernel_size is \(3, 3, 3\)"),
        (lambda: layers.Conv1d(3, 4, 3, padding=-1), "padding is -1, it must be an integer of at least 0"),
        (lambda: layers.Conv1d(3, 4, 3, padding="full"), "padding is 'full'"),
        (lambda: layers.Conv2d(3, 4, 3)(np.ones((1, 2, 5, 5), np.float32)), "x has 2 channels"),
        (lambda: layers.Conv2d(3, 4, 3)(np.ones((1, 3, 2, 5), np.float32)), "larger than the padded input"),
        (lambda: layers.Conv2d(3, 4, 3)(np.ones((3, 5), np.float32)), r"must be \(n, channels, height, width\)"),
        (lambda: kernels.conv2d(np.ones((1, 3, 0, 5)), np.ones((1, 3, 1, 1))), "no axis but the first may be empty"),
        (lambda: kernels.conv2d(np.ones((1, 3, 5, 5)), np.ones((1, 3, 1, 0))), "none of them empty"),
        (lambda: kernels.conv1d(np.ones((1, 3, 5)), np.ones((2, 3, 1)), np.ones(3)), r"bias has the shape \(3,\)"),
        (lambda: kernels.conv1d(np.ones((1, 3, 5)), np.ones((2, 3, 2)), None, 2, "same"), "needs a stride of 1"),
        (lambda: kernels.conv1d(np.ones((1, 4, 5)), np.ones((3, 2, 1)), groups=2), "must be a multiple of groups"),
        (lambda: kernels.conv_transpose1d(np.ones((1, 3, 5)), np.ones((2, 3, 1))), "it must have 2"),
        (
            lambda: kernels.conv_transpose1d(np.ones((1, 2, 5)), np.ones((2, 3, 1)), None, 2, 0, 2),
            "output_padding is 2",
        ),
        (lambda: kernels.conv_transpose1d(np.ones((1, 2, 1)), np.ones((2, 3, 1)), None, 1, 1), "the padding takes all"),
        (
            lambda: kernels.conv1d_backward(np.ones((1, 2, 4)), np.ones((1, 3, 5)), np.ones((2, 3, 1))),
            r"grad has the shape \(1, 2, 4\), it must be \(1, 2, 5\) as the result",
        ),
    ],
)
def test_mistakes_are_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()
