"""Convolutions as layers; what all layers promise each other (test_layers.py) is asked of them here."""

import numpy as np
import pytest

from kernelwright import kernels, layers

from .test_layers import (  # noqa: F401  (tests, which take the cases below)
    rng,
    test_inference_gives_what_forward_gives,
    test_two_calls_before_any_way_back,
    test_way_back_is_the_gradient,
    test_without_input_gradient_the_parameters_still_get_theirs,
)


def conv(name, *args, **options):
    return lambda: getattr(layers, name)(*args, **options, dtype=np.float64)


CASES = {
    "Conv1d": (conv("Conv1d", 2, 3, 3, stride=2, padding=1), (2, 2, 7)),
    "Conv2d": (conv("Conv2d", 2, 3, (3, 2), padding=(1, 0), dilation=2), (2, 2, 5, 6)),
    "Conv2d of one image": (conv("Conv2d", 2, 2, 3, padding="same", bias=False), (2, 4, 3)),
    "Conv2d in groups": (conv("Conv2d", 4, 2, 2, groups=2, padding="valid"), (2, 4, 3, 3)),
    "Conv1d, reflected": (conv("Conv1d", 2, 2, 3, padding=2, padding_mode="reflect"), (2, 2, 4)),
    "Conv2d, circular": (conv("Conv2d", 2, 2, (2, 3), padding="same", padding_mode="circular"), (2, 3, 4)),
    "Conv3d": (conv("Conv3d", 1, 2, 2), (2, 1, 3, 2, 4)),
    "ConvTranspose1d": (conv("ConvTranspose1d", 2, 3, 4, stride=2, padding=1), (2, 2, 4)),
    "ConvTranspose2d": (conv("ConvTranspose2d", 4, 2, 3, stride=(2, 3), output_padding=1, groups=2), (2, 4, 2, 3)),
    "ConvTranspose3d": (conv("ConvTranspose3d", 2, 1, 2, bias=False, dilation=2), (2, 2, 2, 1, 3)),
}


@pytest.fixture(autouse=True)
def _defined():
    """What the kernels compute is tests/kernels' business: here they are the definitions."""
    with kernels.using("reference"):
        yield


@pytest.fixture(params=CASES)
def case(request):
    layers.manual_seed(0)
    make, shape = CASES[request.param]
    return make(), rng(1).standard_normal(shape)


def test_numbers_at_first():
    layers.manual_seed(3)
    layer = layers.Conv2d(32, 64, (2, 4), groups=2)
    assert layer.weight.shape == (64, 16, 2, 4)
    for parameter in layer.parameters():  # evenly between ±1/√128
        assert 0.08 < np.abs(parameter.data).max() <= 128**-0.5
    assert abs(layer.weight.data.std() - (3 * 128) ** -0.5) < 1e-3
    transposed = layers.ConvTranspose1d(32, 64, 2, groups=4, bias=False)
    assert transposed.weight.shape == (32, 16, 2)
    assert 0.17 < np.abs(transposed.weight.data).max() <= 32**-0.5
    assert list(transposed.state_dict()) == ["weight"]


@pytest.mark.parametrize("size", [(7, 9), (7, 10), (2, 3, 7, 9)])
def test_a_size_asked_for(size):
    layer = layers.ConvTranspose2d(4, 3, 3, stride=2)
    x = rng().standard_normal((2, 4, 3, 4)).astype(np.float32)
    y, backward = layer.forward(x, size)
    assert y.shape == (2, 3, *size[-2:])
    np.testing.assert_array_equal(layer(x, output_size=size), y)
    assert backward(y).shape == x.shape


def test_text():
    layer = layers.Conv2d(4, 8, 3, padding=1, groups=2, bias=False)
    assert repr(layer) == "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=2, bias=False)"


X = np.zeros((2, 4, 3, 4), np.float32)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Conv2d(0, 1, 3), ValueError, "Conv2d: in_channels is 0, it must be an integer of at least 1"),
        (lambda: layers.Conv2d(4, 2.0, 3), ValueError, "Conv2d: out_channels is 2.0"),
        (lambda: layers.Conv3d(4, 6, 3, groups=4), ValueError, "out_channels is 6, it must be a multiple of"),
        (lambda: layers.Conv1d(4, 4, 3, groups=0), ValueError, "groups is 0"),
        (lambda: layers.Conv2d(4, 4, (3, 3, 3)), TypeError, "kernel_size must be an integer or a tuple of 2, not"),
        (lambda: layers.Conv2d(4, 4, 3, stride=0), ValueError, "Conv2d: stride is 0, it must be at least 1"),
        (lambda: layers.Conv2d(4, 4, 3, padding=-1), ValueError, "padding is -1, it must be at least 0"),
        (
            lambda: layers.Conv2d(4, 4, 3, padding="full"),
            ValueError,
            "padding is 'full', it must be one of 'same', 'valid'",
        ),
        (lambda: layers.Conv2d(4, 4, 3, 2, padding="same"), ValueError, "'same' needs a stride of 1, not (2, 2)"),
        (lambda: layers.Conv2d(4, 4, 3, padding_mode="ones"), ValueError, "padding_mode is 'ones', it must be one of"),
        (lambda: layers.ConvTranspose2d(4, 4, 3, padding_mode="reflect"), ValueError, "one of 'zeros'"),
        (lambda: layers.ConvTranspose2d(4, 3, 3, 2)(X, (7, 11)), ValueError, "must be from (7, 9) to (8, 10)"),
        (lambda: layers.ConvTranspose2d(4, 3, 3, 2)(X, (7,)), ValueError, "output_size is (7,)"),
        (lambda: layers.Conv2d(3, 3, 3)(X), ValueError, "conv2d: x has 4 channels"),
    ],
)
def test_wrong_arguments(make, error, message):
    with pytest.raises(error) as raised:
        make()
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kernels.conv2d(X[:, :, :2], np.ones((3, 4, 3, 3), np.float32)), "larger than the padded input"),
        (lambda: kernels.conv2d(X[0, 0], np.ones((3, 4, 3, 3), np.float32)), r"must be \(n, channels, height, width\)"),
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
