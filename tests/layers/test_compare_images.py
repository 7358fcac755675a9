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
    ("AvgPool2d", (2,), {"divisor_override": 3}, SHAPES[2]),
    ("AdaptiveAvgPool2d", ((None, 1),), {}, SHAPES[2]),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), CASES, ids=[f"{c[0]}{c[1]}" for c in CASES])
def test_like_pytorch(name, args, options, shape):
    ours, theirs = getattr(layers, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
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
