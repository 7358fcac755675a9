"""Transformers against PyTorch's, of the same weights: outputs, gradients of inputs and of parameters."""

import numpy as np
import pytest

from kernelwright import layers

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.compare,
    pytest.mark.filterwarnings("ignore:enable_nested_tensor is True"),
    pytest.mark.filterwarnings("ignore:Support for mismatched"),
]
NEAR = {"rtol": 1e-9, "atol": 1e-10}
OPTIONS = [
    {},
    {"norm_first": True, "activation": "gelu", "batch_first": True},
    {"bias": False, "layer_norm_eps": 1e-3},
    {"norm_first": True, "bias": False},
]


def pair(kind, *arguments, **options):
    """Ours and theirs, with the same weights, none of them an initial one."""
    options = {"dim_feedforward": 12, "dropout": 0.0, **options}
    ours = getattr(layers, kind)(8, 2, *arguments, **options, dtype=np.float64)
    theirs = getattr(torch.nn, kind)(8, 2, *arguments, **options, dtype=torch.float64)
    return with_the_same_weights(ours, theirs)


def with_the_same_weights(ours, theirs):
    draw = np.random.default_rng(1)
    for held in ours.parameters():
        held.data = held.data + 0.1 * draw.standard_normal(held.shape)
    state = ours.state_dict()
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    return ours, theirs


def compare(ours, theirs, inputs, masks):
    tensors = [torch.from_numpy(x).requires_grad_() for x in inputs]
    converted = {key: torch.from_numpy(x) if isinstance(x, np.ndarray) else x for key, x in masks.items()}
    y_torch = theirs(*tensors, **converted)
    y, backward = ours.forward(*inputs, **masks)
    np.testing.assert_allclose(y, y_torch.detach(), **NEAR)
    np.testing.assert_allclose(ours(*inputs, **masks), y, **NEAR)
    grad = np.random.default_rng(2).standard_normal(y.shape)
    y_torch.backward(torch.from_numpy(grad))
    found = backward(grad)
    for one, tensor in zip(found if len(inputs) > 1 else (found,), tensors, strict=True):
        np.testing.assert_allclose(one, tensor.grad, **NEAR)
    named = dict(theirs.named_parameters())
    for key, held in ours.named_parameters():
        np.testing.assert_allclose(held.grad, named[key].grad, **NEAR, err_msg=key)


def rows(count, batch_first=True, seed=0):
    x = np.random.default_rng(seed).standard_normal((2, count, 8))
    return x if batch_first else np.ascontiguousarray(x.swapaxes(0, 1))


def later(count, keys=None):
    return ~np.tri(count, keys, dtype=bool)


def padding(count):
    found = np.zeros((2, count), bool)
    found[1, -2:] = True
    return found


@pytest.mark.parametrize("options", OPTIONS)
def test_layer_of_the_encoder(options):
    ours, theirs = pair("TransformerEncoderLayer", **options)
    x = rows(5, options.get("batch_first"))
    for masks in (
        {},
        {"src_mask": later(5), "is_causal": True},
        {"src_mask": np.random.default_rng(3).standard_normal((5, 5))},
        {"src_mask": later(5), "src_key_padding_mask": padding(5)},
    ):
        ours.zero_grad(), theirs.zero_grad()
        compare(ours, theirs, (x,), masks)
    ours.zero_grad(), theirs.zero_grad()
    compare(ours, theirs, (rows(5)[0],), {})  # without a batch


@pytest.mark.parametrize("options", OPTIONS)
def test_layer_of_the_decoder(options):
    ours, theirs = pair("TransformerDecoderLayer", **options)
    inputs = rows(5, options.get("batch_first")), rows(6, options.get("batch_first"), 1)
    for masks in (
        {},
        {"tgt_mask": later(5), "tgt_is_causal": True, "memory_mask": later(5, 6)},
        {"tgt_mask": later(5), "tgt_key_padding_mask": padding(5), "memory_key_padding_mask": padding(6)},
    ):
        ours.zero_grad(), theirs.zero_grad()
        compare(ours, theirs, inputs, masks)


@pytest.mark.parametrize("options", OPTIONS[:2])
def test_transformer(options):
    ours, theirs = pair("Transformer", 2, 2, **options)
    inputs = rows(5, options.get("batch_first")), rows(4, options.get("batch_first"), 1)
    for masks in (
        {"tgt_mask": later(4), "tgt_is_causal": True},
        {
            "src_mask": later(5),
            "tgt_mask": later(4),
            "memory_mask": later(4, 5),
            "src_key_padding_mask": padding(5),
            "tgt_key_padding_mask": padding(4),
            "memory_key_padding_mask": padding(5),
        },
    ):
        ours.zero_grad(), theirs.zero_grad()
        compare(ours, theirs, inputs, masks)


def test_stacks_begin_with_copies():
    """Of one layer, as PyTorch's do; and the norm at the end may be left out."""
    for kind, count in (("Encoder", 1), ("Decoder", 2)):
        ours, theirs = pair(f"Transformer{kind}Layer", batch_first=True)
        for norm in (False, True):
            own = getattr(layers, f"Transformer{kind}")(
                ours, 2, layers.LayerNorm(8, dtype=np.float64) if norm else None
            )
            last = torch.nn.LayerNorm(8, dtype=torch.float64) if norm else None
            other = getattr(torch.nn, f"Transformer{kind}")(theirs, 2, last)
            for key, value in own.state_dict().items():
                np.testing.assert_array_equal(value, other.state_dict()[key])
            compare(*with_the_same_weights(own, other), (rows(5), rows(6, seed=1))[:count], {})


def test_initial_weights_are_drawn_alike():
    """Xavier's, of the same width: as far from 0 as PyTorch's."""
    ours, theirs = layers.Transformer(32, 2, 1, 1, 64), torch.nn.Transformer(32, 2, 1, 1, 64)
    for key, value in theirs.state_dict().items():
        own = ours.state_dict()[key]
        assert own.dtype == np.float32
        np.testing.assert_allclose(np.abs(own).max(), np.abs(value.numpy()).max(), rtol=0.15, atol=1e-6, err_msg=key)
