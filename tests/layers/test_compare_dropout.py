"""Dropout layers beside PyTorch's: their text, and the numbers that the same input can become."""

import numpy as np
import pytest

from kernelwright import layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare

CASES = [
    ("Dropout", (300,)),
    ("Dropout1d", (8, 9, 5)),
    ("Dropout2d", (8, 9, 5, 2)),
    ("Dropout3d", (8, 9, 5, 2, 2)),
    ("AlphaDropout", (300,)),
    ("FeatureAlphaDropout", (8, 9, 5)),
]


@pytest.mark.parametrize("p", [0, 0.3, 1])
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_like_pytorch(name, shape, p):
    ours, twin = getattr(layers, name)(p), getattr(torch.nn, name)(p)
    assert repr(ours) == repr(twin)
    x = np.full(shape, 1.5)
    y, backward = ours.forward(x)
    x_torch = torch.from_numpy(x).requires_grad_()
    theirs = twin(x_torch)
    theirs.sum().backward()
    np.testing.assert_allclose(np.unique(y), np.unique(theirs.detach()), rtol=1e-12)
    np.testing.assert_allclose(np.unique(backward(np.ones(shape))), np.unique(x_torch.grad), rtol=1e-12)
