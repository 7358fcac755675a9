"""Attention with several heads: what it returns, its masks, its way back, and what it refuses."""

import numpy as np
import pytest

from kernelwright import layers

DRAW = np.random.default_rng(0)
X, Y = DRAW.standard_normal((2, 5, 8)), DRAW.standard_normal((2, 6, 8))
PADDING = np.array([[False] * 4 + [True] * 2, [True] + [False] * 5])


def by_definition(layer, query, key, value, hidden):
    """Head by head, row by row."""
    e, d = layer.embed_dim, layer.embed_dim // layer.num_heads
    w, b = layer.in_proj_weight.data, layer.in_proj_bias.data
    q, k, v = (x @ w[i * e : i * e + e].T + b[i * e : i * e + e] for i, x in enumerate((query, key, value)))
    y = np.zeros_like(q)
    for n in range(q.shape[0]):
        for h in range(layer.num_heads):
            part = slice(h * d, h * d + d)
            powers = np.exp(q[n, :, part] @ k[n, :, part].T / np.sqrt(d)) * ~hidden[n]
            y[n, :, part] = powers / powers.sum(1, keepdims=True) @ v[n, :, part]
    return y @ layer.out_proj.weight.data.T + layer.out_proj.bias.data


def new(**options):
    layers.manual_seed(0)
    layer = layers.MultiheadAttention(8, 2, batch_first=True, dtype=np.float64, **options)
    for held in layer.parameters():
        held.data = DRAW.standard_normal(held.shape)
    return layer


@pytest.mark.parametrize("need_weights", [True, False])
def test_the_definition(need_weights):
    layer = new()
    later = ~np.tri(5, 6, dtype=bool)
    y, weights = layer(X, Y, Y, PADDING, need_weights, later[None].repeat(4, 0) & ~np.eye(5, 6, dtype=bool))
    hidden = PADDING[:, None] | later
    hidden[1, 0] = np.arange(6) < 6  # the first row of the second sees nothing
    with np.errstate(invalid="ignore"):
        wanted = by_definition(layer, X, Y, Y, hidden)
    wanted[1, 0] = layer.out_proj.bias.data
    np.testing.assert_allclose(y, wanted, rtol=1e-10)
    if need_weights:
        sums = np.ones((2, 5))
        sums[1, 0] = 0
        np.testing.assert_allclose(weights.sum(-1), sums)
    else:
        assert weights is None


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("options", [{"dropout": 0.3}, {"kdim": 3, "vdim": 4, "rotary": 100.0}])
def test_the_way_back(options, need_weights):
    """Against central differences; twice forward before the first way back."""
    layer = new(**options)
    inputs = [DRAW.standard_normal((2, 3, width)) for width in (8, layer.kdim, layer.vdim)]
    grad = DRAW.standard_normal((2, 3, 8))
    state = layers.get_rng_state()

    def value():
        layers.set_rng_state(state)
        return (grad * layer.forward(*inputs, need_weights=need_weights, is_causal=True)[0][0]).sum()

    layers.set_rng_state(state)
    _, backward = layer.forward(*inputs, need_weights=need_weights, is_causal=True)
    layer.forward(*inputs)
    found = list(zip(inputs, backward(grad))) + [(held.data, held.grad) for held in layer.parameters()]
    for x, gradient in found:
        for place in DRAW.permutation(x.size)[:3]:
            index = np.unravel_index(place, x.shape)
            kept, values = x[index], []
            for step in (1e-6, -1e-6):
                x[index] = kept + step
                values.append(value())
            x[index] = kept
            np.testing.assert_allclose(gradient[index], (values[0] - values[1]) / 2e-6, rtol=1e-5, atol=1e-6)


def test_an_array_given_twice_has_one_gradient():
    layer = new()
    grad = DRAW.standard_normal(X.shape)
    whole = layer.forward(X, X, X)[1](grad)
    assert whole[1] is whole[2] is None
    cross = layer.forward(X, X.copy(), X.copy())[1](grad)
    np.testing.assert_allclose(whole[0], sum(cross))
    assert layer.forward(X, X, X)[1](grad, input_gradient=False) is None


REFUSED = [
    (lambda: layers.MultiheadAttention(8, 3), "embed_dim is 8, it must be a multiple of num_heads, which is 3"),
    (lambda: layers.MultiheadAttention(8, 0), "num_heads is 0, it must be an integer of at least 1"),
    (lambda: layers.MultiheadAttention(8, 2, dropout=2), "dropout is 2, it must be from 0 to 1"),
    (lambda: new()(X, X[:, :, :4], X), "key has the shape (2, 5, 4), it must be (batch, rows, 8)"),
    (lambda: new()(X, Y, X), "value has the shape (2, 5, 8), it must be (2, 6, 8)"),
    (lambda: new()(X, Y[:1], Y[:1]), "key has the shape (1, 6, 8), it must be (2, 6, 8)"),
    (lambda: new()(X, Y, Y, PADDING[:, 1:]), "key_padding_mask has the shape (2, 5), it must be (2, 6)"),
    (lambda: new()(X, Y, Y, attn_mask=PADDING), "attn_mask has the shape (2, 6), it must be (5, 6)"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refused(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert message in str(caught.value)
