"""Initial values beside PyTorch's: its spread, and all that isn't random."""

import inspect

import numpy as np
import pytest

from kernelwright import layers
from kernelwright.layers import init

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare

NAMES = [name for name in init.__all__ if name.endswith("_")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(300, 200), (20, 30, 5), (7, 12, 5, 4)])
def test_like_pytorch(name, shape):
    torch.manual_seed(0)
    ours, theirs = np.zeros(shape), torch.zeros(shape, dtype=torch.float64)
    args = {"constant_": (3.0,), "sparse_": (0.3,)}.get(name, ())
    try:
        getattr(torch.nn.init, name)(theirs, *args)
    except ValueError:
        with pytest.raises(ValueError, match=name):
            getattr(init, name)(ours, *args)
        return
    layers.manual_seed(0)
    getattr(init, name)(ours, *args)
    if name in ("eye_", "dirac_", "constant_", "ones_", "zeros_"):
        np.testing.assert_array_equal(ours, theirs)
    near = 5 / np.sqrt(ours.size)  # deviations of what is drawn
    np.testing.assert_allclose(ours.std(), theirs.std(correction=0), rtol=near)
    np.testing.assert_allclose(ours.mean(), theirs.mean(), atol=near * max(ours.std(), 1e-9))
    np.testing.assert_array_equal((ours == 0).sum(0), (theirs == 0).sum(0))


@pytest.mark.parametrize("name", init.__all__)
def test_arguments(name):
    ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (init, torch.nn.init))
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]
