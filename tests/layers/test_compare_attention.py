"""Attention with several heads against PyTorch's, of the same weights."""

import numpy as np
import pytest

from kernelwright import layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.compare
NEAR = {"rtol": 1e-9, "atol": 1e-11}


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("masks", ["none", "bool", "added", "heads", "causal"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("self", {"batch_first": True}),
        ("memory", {"bias": False}),
        ("self", {}),
        ("three", {"kdim": 3, "vdim": 5, "batch_first": True}),
        ("alone", {}),
    ],
)
def test_multihead_attention(kind, options, masks, need_weights):
    ours = layers.MultiheadAttention(8, 2, **options, dtype=np.float64)
    theirs = torch.nn.MultiheadAttention(8, 2, **options, dtype=torch.float64)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict({key: torch.from_numpy(value) for key, value in ours.state_dict().items()})
    draw = np.random.default_rng(0)
    batch_first = options.get("batch_first")

    def inputs(rows, width):
        shape = (rows, width) if kind == "alone" else (2, rows, width) if batch_first else (rows, 2, width)
        return draw.standard_normal(shape)

    query = inputs(5, 8)
    if kind in ("self", "alone"):
        given = query, query, query
    elif kind == "memory":
        given = (query, *[inputs(6, 8)] * 2)
    else:
        given = query, inputs(6, 3), inputs(6, 5)
    rows, keys = 5, 6 if kind in ("memory", "three") else 5
    later = np.triu(np.ones((rows, keys), bool), 1)
    padding = np.zeros((2, keys), bool)
    padding[1, -2:] = True
    more = {}
    if masks == "bool":
        more = {"attn_mask": later, "key_padding_mask": padding}
    elif masks == "added":
        more = {"attn_mask": draw.standard_normal((rows, keys)), "key_padding_mask": draw.standard_normal((2, keys))}
    elif masks == "heads":
        more = {"attn_mask": draw.standard_normal(((1 if kind == "alone" else 2) * 2, rows, keys))}
    elif masks == "causal":
        more = {"attn_mask": later, "is_causal": True}
    if kind == "alone" and "key_padding_mask" in more:
        more["key_padding_mask"] = more["key_padding_mask"][1]
    tensors = {id(x): torch.from_numpy(x).requires_grad_() for x in given}
    converted = {key: torch.from_numpy(x) if isinstance(x, np.ndarray) else x for key, x in more.items()}
    y_torch, weights_torch = theirs(*(tensors[id(x)] for x in given), need_weights=need_weights, **converted)
    (y, weights), backward = ours.forward(*given, need_weights=need_weights, **more)
    np.testing.assert_allclose(y, y_torch.detach(), **NEAR)
    if need_weights:
        np.testing.assert_allclose(weights, weights_torch.detach(), **NEAR)
    else:
        assert weights is weights_torch is None
    grad = draw.standard_normal(y.shape)
    y_torch.backward(torch.from_numpy(grad))
    for x, found in zip(given, backward(grad)):
        if found is not None:
            np.testing.assert_allclose(found, tensors[id(x)].grad, **NEAR)
    named = dict(theirs.named_parameters())
    for key, held in ours.named_parameters():
        np.testing.assert_allclose(held.grad, named[key].grad, **NEAR)
    assert repr(ours.out_proj).startswith("Linear(in_features=8, out_features=8")
