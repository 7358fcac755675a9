"""Tables beside PyTorch's: the same text, outputs and gradients."""

import numpy as np
import pytest

from kernelwright import layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare

X = np.random.default_rng(0).integers(0, 9, (6, 5))
OFFSETS = np.array([0, 7, 7, 12])
LAST = np.array([0, 7, 30])
FACTORS = np.random.default_rng(1).standard_normal(30)
CASES = [
    ("Embedding", {}, (X,)),
    ("Embedding", {"padding_idx": -3}, (X,)),
    ("Embedding", {"scale_grad_by_freq": True}, (X,)),
    *(("EmbeddingBag", {"mode": mode, "padding_idx": 2}, (X,)) for mode in ("sum", "mean", "max")),
    *(("EmbeddingBag", {"mode": mode}, (X.reshape(-1), OFFSETS)) for mode in ("sum", "mean", "max")),
    ("EmbeddingBag", {"include_last_offset": True}, (X.reshape(-1), LAST)),
    ("EmbeddingBag", {"mode": "sum", "padding_idx": 0}, (X.reshape(-1), OFFSETS, FACTORS)),
]


@pytest.mark.parametrize(("name", "options", "inputs"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_like_pytorch(name, options, inputs, dtype):
    inputs = tuple(x.astype(dtype) if x.dtype.kind == "f" else x for x in inputs)
    ours = getattr(layers, name)(9, 20, **options, dtype=dtype)
    twin = getattr(torch.nn, name)(9, 20, **options).to(torch.float32 if dtype == np.float32 else torch.float64)
    if "scale_grad_by_freq" not in options:  # which PyTorch's text leaves out
        assert repr(ours) == repr(twin)
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in ours.state_dict().items()})
    ours.load_state_dict(twin.state_dict())
    theirs = [torch.from_numpy(x) for x in inputs]
    if len(theirs) == 3:
        theirs[2].requires_grad_()
    y, backward = ours.forward(*inputs)
    y_torch = twin(*theirs)
    grad = np.random.default_rng(2).standard_normal(y.shape).astype(dtype)
    y_torch.backward(torch.from_numpy(grad))
    near = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(y, y_torch.detach(), **near)
    slopes = backward(grad)
    np.testing.assert_allclose(ours.weight.grad, twin.weight.grad, **near)
    if len(theirs) == 3:
        np.testing.assert_allclose(slopes, theirs[2].grad, **near)
    else:
        assert slopes is None
