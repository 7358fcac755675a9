"""Normalising layers beside PyTorch's, of the same weights."""

import numpy as np
import pytest

from kernelwright import layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare

CASES = [
    ("BatchNorm1d", (5,), {}, (4, 5)),
    ("BatchNorm1d", (5,), {"momentum": None, "eps": 1e-2}, (4, 5, 3)),
    ("BatchNorm2d", (3,), {"bias": False}, (4, 3, 6, 5)),
    ("BatchNorm2d", (3,), {"affine": False}, (4, 3, 6, 5)),
    ("BatchNorm3d", (3,), {"track_running_stats": False}, (4, 3, 2, 3, 5)),
    ("InstanceNorm1d", (3,), {}, (4, 3, 5)),
    ("InstanceNorm2d", (3,), {"affine": True, "track_running_stats": True}, (4, 3, 6, 5)),
    ("InstanceNorm3d", (3,), {"affine": True, "eps": 1e-2}, (3, 2, 3, 5)),
    ("GroupNorm", (2, 6), {"eps": 1e-3}, (4, 6, 5)),
    ("GroupNorm", (3, 6), {"affine": False}, (4, 6, 5, 3)),
    ("LayerNorm", ((3, 5),), {"bias": False}, (4, 3, 5)),
    ("LayerNorm", (5,), {"elementwise_affine": False}, (4, 3, 5)),
    ("RMSNorm", (5,), {"eps": 1e-3}, (4, 3, 5)),
    ("RMSNorm", ((3, 5),), {}, (4, 3, 5)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "args", "options", "shape"), CASES)
def test_like_pytorch(name, args, options, shape, dtype):
    rng = np.random.default_rng(0)
    ours = getattr(layers, name)(*args, **options, dtype=dtype)
    twin = getattr(torch.nn, name)(*args, **options, dtype=torch.float32 if dtype == np.float32 else torch.float64)
    assert repr(ours) == repr(twin)
    for parameter in ours.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    assert list(ours.state_dict()) == list(twin.state_dict())
    twin.load_state_dict({key: torch.from_numpy(np.asarray(value)) for key, value in ours.state_dict().items()})
    near = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
    for _ in range(2):
        x, grad = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
        x_torch = torch.from_numpy(x.copy()).requires_grad_()
        y, backward = ours.forward(x)
        theirs = twin(x_torch)
        theirs.backward(torch.from_numpy(grad))
        np.testing.assert_allclose(y, theirs.detach(), **near)
        np.testing.assert_allclose(backward(grad), x_torch.grad, **near)
    named = dict(twin.named_parameters())
    for key, parameter in ours.named_parameters():
        np.testing.assert_allclose(parameter.grad, named[key].grad, **near)
    for key, value in twin.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[key], value, **near)
    ours.load_state_dict(twin.state_dict())
    np.testing.assert_allclose(ours(x), twin.eval()(torch.from_numpy(x)).detach(), **near)
