"""Convolutions with PyTorch's weights: the same outputs, gradients and text, whatever the options."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernelwright import kernels, layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare


@st.composite
def convolutions(draw, transposed):
    """The layer's name, its arguments, the shape of its input."""
    axes = draw(st.integers(1, 3))

    def each(low, high):
        return draw(st.integers(low, high) | st.tuples(*[st.integers(low, high)] * axes))

    groups = draw(st.sampled_from([1, 1, 2, 3]))
    options = {"kernel_size": each(1, 3), "stride": each(1, 3), "dilation": each(1, 2), "groups": groups}
    options["bias"] = draw(st.booleans())
    options["padding"] = each(0, 1)
    if transposed:
        most = max(np.min(options["stride"]), np.min(options["dilation"])) - 1
        options["output_padding"] = draw(st.integers(0, most))
    else:
        options["padding"] = draw(st.sampled_from([options["padding"], "valid", "same"]))
        if options["padding"] == "same":
            options["stride"] = 1
        options["padding_mode"] = draw(st.sampled_from(MODES))
    channels = [groups * draw(st.integers(1, 3)) for _ in range(2)]
    size = [draw(st.integers(5, 7)) for _ in range(axes)]
    batch = draw(st.sampled_from([(), (2,)]))
    return f"Conv{'Transpose' * transposed}{axes}d", channels, options, (*batch, channels[0], *size)


# The others wait for kernels.pad.
MODES = ["zeros", "reflect", "replicate", "circular"] if hasattr(kernels, "pad") else ["zeros"]


def compare(name, channels, options, shape):
    ours = getattr(layers, name)(*channels, **options, dtype=np.float64)
    theirs = getattr(torch.nn, name)(*channels, **options, dtype=torch.float64)
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    draw = np.random.default_rng(0)
    x = draw.standard_normal(shape)
    x_torch = torch.from_numpy(x).requires_grad_()
    y_torch = theirs(x_torch)
    y, backward = ours.forward(x)
    grad = draw.standard_normal(y.shape)
    y_torch.backward(torch.from_numpy(grad))
    near = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(y, y_torch.detach(), **near)
    np.testing.assert_allclose(backward(grad), x_torch.grad, **near)
    for key, parameter in theirs.named_parameters():
        np.testing.assert_allclose(dict(ours.named_parameters())[key].grad, parameter.grad, **near)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@settings(max_examples=80, deadline=None, derandomize=True)
@given(convolutions(transposed=False))
def test_convolution(case):
    with kernels.using("reference"):
        compare(*case)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions(transposed=True))
def test_transposed(case):
    with kernels.using("reference"):
        compare(*case)


def test_size_asked_for():
    with kernels.using("reference"):
        layer = layers.ConvTranspose2d(4, 3, 3, stride=2, dtype=np.float64)
        twin = torch.nn.ConvTranspose2d(4, 3, 3, stride=2, dtype=torch.float64)
        layer.load_state_dict(twin.state_dict())
        x = np.random.default_rng(0).standard_normal((2, 4, 3, 4))
        for size in ((7, 9), (8, 10), (2, 3, 7, 10)):
            theirs = twin(torch.from_numpy(x), output_size=size).detach()
            np.testing.assert_allclose(layer(x, size), theirs, rtol=1e-10, atol=1e-12)
