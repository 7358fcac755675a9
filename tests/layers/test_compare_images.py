"""Layers that move or gather pixels, against PyTorch's."""

import numpy as np
import pytest

from kernelwright import layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare

SHAPES = {1: (2, 3, 12), 2: (2, 3, 8, 9), 3: (2, 2, 5, 6, 7)}
CASES = [
    *(
        (f"{kind}{n}d", args, options, SHAPES[n])
        for n in (1, 2, 3)
        for kind, args, options in (
            ("MaxPool", (2,), {}),
            ("MaxPool", (3, 2, 1), {"ceil_mode": True}),
            ("MaxPool", (2, 1, 0, 2), {}),
            ("AvgPool", (2,), {}),
            ("AvgPool", (3, 2, 1, True, False), {}),
            ("AdaptiveAvgPool", (3,), {}),
            ("AdaptiveMaxPool", (4,), {}),
        )
    ),
    *(
        (f"{kind}Pad{n}d", (padding,), {}, SHAPES[n])
        for n in (1, 2, 3)
        for kind in ("Zero", "Reflection", "Replication", "Circular")
        for padding in (2, (1, 2, 3, 0, 2, 1)[: 2 * n])
    ),
    ("ConstantPad1d", ((1, 2), 1.5), {}, SHAPES[1]),
    ("ConstantPad2d", (2, 1.5), {}, SHAPES[2]),
    ("ConstantPad3d", (2, 1.5), {}, SHAPES[3]),
    ("Upsample", (), {"scale_factor": 2}, SHAPES[2]),
    ("Upsample", (), {"scale_factor": (1.5, 2.0), "mode": "bilinear", "align_corners": True}, SHAPES[2]),
    ("Upsample", (7,), {"mode": "linear"}, SHAPES[1]),
    ("PixelShuffle", (2,), {}, (2, 8, 3, 4)),
    ("PixelUnshuffle", (2,), {}, (2, 3, 4, 6)),
    ("Unflatten", (1, (3, -1)), {}, (2, 12, 5)),
    ("AvgPool2d", (2,), {"divisor_override": 3}, SHAPES[2]),
    ("AdaptiveAvgPool2d", ((None, 1),), {}, SHAPES[2]),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), CASES, ids=[f"{c[0]}{c[1]}" for c in CASES])
def test_like_pytorch(name, args, options, shape):
    ours, theirs = getattr(layers, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
    if name != "AvgPool1d":  # PyTorch writes its numbers as tuples
        assert repr(ours) == repr(theirs)
    x = np.random.default_rng(0).standard_normal(shape)
    x_torch = torch.from_numpy(x).requires_grad_()
    y, backward = ours.forward(x)
    y_torch = theirs(x_torch)
    grad = np.random.default_rng(1).standard_normal(y.shape)
    y_torch.backward(torch.from_numpy(grad))
    np.testing.assert_allclose(y, y_torch.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours(x), y, rtol=0)
    np.testing.assert_allclose(backward(grad), x_torch.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["MaxPool2d", "AdaptiveMaxPool2d"])
def test_indices(name):
    ours, theirs = (getattr(place, name)(2, return_indices=True) for place in (layers, torch.nn))
    x = np.random.default_rng(0).standard_normal(SHAPES[2])
    for found, wanted in zip(ours(x), theirs(torch.from_numpy(x)), strict=True):
        np.testing.assert_array_equal(found, wanted)
    (y, _), backward = ours.forward(x)
    assert backward(np.ones_like(y)).sum() == y.size


@pytest.mark.parametrize("bias", [True, False])
def test_bilinear(bias):
    ours = layers.Bilinear(4, 5, 3, bias, dtype=np.float64)
    theirs = torch.nn.Bilinear(4, 5, 3, bias, dtype=torch.float64)
    assert repr(ours) == repr(theirs)
    theirs.load_state_dict({key: torch.from_numpy(value) for key, value in ours.state_dict().items()})
    draw = np.random.default_rng(0)
    inputs = draw.standard_normal((2, 7, 4)), draw.standard_normal((2, 7, 5))
    tensors = [torch.from_numpy(x).requires_grad_() for x in inputs]
    y, backward = ours.forward(*inputs)
    y_torch = theirs(*tensors)
    grad = draw.standard_normal(y.shape)
    y_torch.backward(torch.from_numpy(grad))
    np.testing.assert_allclose(y, y_torch.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours(*inputs), y, rtol=1e-14)
    for found, x in zip(backward(grad), tensors, strict=True):
        np.testing.assert_allclose(found, x.grad, rtol=1e-10, atol=1e-12)
    for key, parameter in theirs.named_parameters():
        np.testing.assert_allclose(getattr(ours, key).grad, parameter.grad, rtol=1e-10, atol=1e-12)
