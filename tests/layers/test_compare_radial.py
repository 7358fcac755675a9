"""Radial basis functions beside the same made of PyTorch's cdist: outputs and all gradients."""

import numpy as np
import pytest

from kernelwright import layers
from kernelwright.kernels.distance import _TORCH

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare


@pytest.mark.parametrize("function", _TORCH)
@pytest.mark.parametrize("shape", [(7, 5), (2, 3, 40)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_like_pytorch(dtype, shape, function):
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((9, shape[-1])).astype(dtype)
    ours = layers.RadialBasis.from_centres(centres, function, scale=1.5)
    x, grad = (rng.standard_normal((*shape[:-1], last)).astype(dtype) for last in (shape[-1], 9))
    y, backward = ours.forward(x)
    state = {key: torch.from_numpy(value).requires_grad_() for key, value in ours.state_dict().items()}
    given = torch.from_numpy(x).requires_grad_()
    rows = given.reshape(-1, shape[-1])
    u = torch.cdist(rows, state["centres"]).square() / state["log_widths"].exp().square()
    theirs = _TORCH[function](torch, u).reshape(y.shape)
    theirs.backward(torch.from_numpy(grad))
    near = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(y, theirs.detach(), **near)
    np.testing.assert_allclose(backward(grad), given.grad, **near)
    for key, parameter in ours.named_parameters():
        np.testing.assert_allclose(parameter.grad, state[key].grad, **near, err_msg=key)
