"""Transformers: their definition, their way back, what they keep, and what they refuse."""

import numpy as np
import pytest

from kernelwright import kernels, layers

DRAW = np.random.default_rng(0)
X = DRAW.standard_normal((2, 5, 8))


def new(kind=layers.TransformerEncoderLayer, **options):
    layers.manual_seed(0)
    layer = kind(8, 2, 12, **{"dropout": 0.0, "batch_first": True, "dtype": np.float64, **options})
    for held in layer.parameters():
        held.data = held.data + 0.1 * DRAW.standard_normal(held.shape)  # biases and norms, too
    return layer


def central(x, value, gradient, places=3):
    """Some elements of a gradient against central differences."""
    for place in DRAW.permutation(x.size)[:places]:
        index = np.unravel_index(place, x.shape)
        kept, values = x[index], []
        for step in (1e-6, -1e-6):
            x[index] = kept + step
            values.append(value())
        x[index] = kept
        np.testing.assert_allclose(gradient[index], (values[0] - values[1]) / 2e-6, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_definition_of_a_layer_of_the_encoder(norm_first):
    layer = new(norm_first=norm_first, activation="gelu")
    attend = lambda x: layer.self_attn(x, x, x, is_causal=True)[0]  # noqa: E731
    feed = lambda x: layer.linear2(kernels.gelu(layer.linear1(x)))  # noqa: E731
    if norm_first:
        wanted = X + attend(layer.norm1(X))
        wanted = wanted + feed(layer.norm2(wanted))
    else:
        wanted = layer.norm1(X + attend(X))
        wanted = layer.norm2(wanted + feed(wanted))
    np.testing.assert_allclose(layer(X, is_causal=True), wanted, rtol=1e-12)
    np.testing.assert_array_equal(layer.forward(X, is_causal=True)[0], layer(X, is_causal=True))


@pytest.mark.parametrize("options", [{}, {"norm_first": True, "rotary": 100.0}, {"norm_first": True, "dropout": 0.3}])
def test_the_way_back_through_an_encoder(options):
    """Twice forward before the first way back."""
    encoder = layers.TransformerEncoder(new(**options), 2, layers.LayerNorm(8, dtype=np.float64))
    x, grad = DRAW.standard_normal((2, 3, 8)), DRAW.standard_normal((2, 3, 8))
    state = layers.get_rng_state()

    def value():
        layers.set_rng_state(state)
        return (grad * encoder.forward(x, is_causal=True)[0]).sum()

    layers.set_rng_state(state)
    _, backward = encoder.forward(x, is_causal=True)
    encoder.forward(x + 1)
    central(x, value, backward(grad))
    for held in encoder.parameters():
        central(held.data, value, held.grad, 2)
    gradients = [held.grad.copy() for held in encoder.parameters()]
    assert backward(grad, input_gradient=False) is None
    for held, before in zip(encoder.parameters(), gradients):
        np.testing.assert_allclose(held.grad, 2 * before)


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_definition_of_a_layer_of_the_decoder(norm_first):
    layer = new(layers.TransformerDecoderLayer, norm_first=norm_first)
    memory = DRAW.standard_normal((2, 3, 8))
    parts = [
        lambda x: layer.self_attn(x, x, x, is_causal=True)[0],
        lambda x: layer.multihead_attn(x, memory, memory)[0],
        lambda x: layer.linear2(kernels.relu(layer.linear1(x))),
    ]
    wanted = X
    for part, norm in zip(parts, (layer.norm1, layer.norm2, layer.norm3)):
        wanted = wanted + part(norm(wanted)) if norm_first else norm(wanted + part(wanted))
    np.testing.assert_allclose(layer(X, memory, tgt_is_causal=True), wanted, rtol=1e-12)


@pytest.mark.parametrize("norm_first", [False, True])
def test_the_way_back_through_both(norm_first):
    """Twice forward before the first way back."""
    layers.manual_seed(0)
    sizes = {"dim_feedforward": 12, "num_encoder_layers": 1, "num_decoder_layers": 2}
    network = layers.Transformer(
        8, 2, **sizes, dropout=0.2, batch_first=True, norm_first=norm_first, dtype=np.float64, activation="gelu"
    )
    inputs = DRAW.standard_normal((2, 3, 8)), DRAW.standard_normal((2, 4, 8))
    grad, state = DRAW.standard_normal((2, 4, 8)), layers.get_rng_state()

    def value():
        layers.set_rng_state(state)
        return (grad * network.forward(*inputs, tgt_is_causal=True)[0]).sum()

    layers.set_rng_state(state)
    _, backward = network.forward(*inputs, tgt_is_causal=True)
    network.forward(inputs[1], inputs[0])
    for x, gradient in zip(inputs, backward(grad)):
        central(x, value, gradient)
    for held in network.parameters():
        central(held.data, value, held.grad, 2)
    gradients = [held.grad.copy() for held in network.parameters()]
    assert backward(grad, input_gradient=False) is None
    for held, before in zip(network.parameters(), gradients):
        np.testing.assert_allclose(held.grad, 2 * before)


def test_inference_drops_nothing():
    network = layers.Transformer(8, 2, 1, 1, 12, dropout=0.9, batch_first=True, dtype=np.float64)
    np.testing.assert_array_equal(network(X, X), network(X, X))
    assert (network.forward(X, X)[0] != network.forward(X, X)[0]).any()


def test_what_is_not_yet_seen():
    mask = layers.Transformer.generate_square_subsequent_mask(3)
    np.testing.assert_array_equal(mask, np.where(np.tri(3) == 1, 0, -np.inf).astype(np.float32))
    layer = new()
    np.testing.assert_allclose(layer(X, is_causal=True), layer(X, np.where(np.tri(5) == 1, 0, -np.inf)), rtol=1e-10)


def test_a_decoder_row_by_row_reads_its_memory_once():
    layer = new(layers.TransformerDecoderLayer, rotary=10000.0)
    decoder = layers.TransformerDecoder(layer, 2, layers.LayerNorm(8, dtype=np.float64))
    memory, cache = DRAW.standard_normal((2, 6, 8)), layers.KeyValueCache()
    whole = decoder(X, memory, tgt_is_causal=True)
    for row in range(5):
        y = decoder(X[:, row : row + 1], memory if row == 0 else memory * np.nan, tgt_is_causal=True, cache=cache)
        np.testing.assert_allclose(y[:, 0], whole[:, row], rtol=1e-10, atol=1e-12)
        assert len(cache) == row + 1
    with pytest.raises(ValueError, match="it must be a memory_mask instead"):
        decoder(X, memory, memory_is_causal=True, cache=cache)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("rotary", [None, 10000.0])
def test_row_by_row_with_what_was_kept(rotary, batch_first):
    """The same as all rows at once, whatever the pieces."""
    layer = new(norm_first=True, rotary=rotary, batch_first=batch_first)
    encoder = layers.TransformerEncoder(layer, 2)
    x = DRAW.standard_normal((2, 9, 8))
    axis = 1 if batch_first else 0
    x = x if batch_first else x.swapaxes(0, 1)
    whole = encoder(x, is_causal=True)
    cache, found, start = layers.KeyValueCache(), [], 0
    for count in (3, 1, 1, 4):
        found.append(encoder(x.take(range(start, start + count), axis), is_causal=True, cache=cache))
        start += count
        assert len(cache) == start
    np.testing.assert_allclose(np.concatenate(found, axis), whole, rtol=1e-10, atol=1e-12)
    with pytest.raises(ValueError, match="it holds a batch of 2, the new rows are one of 1"):
        encoder(x[:1] if batch_first else x[:, :1], cache=cache)
    with pytest.raises(ValueError, match=r"attn_mask has the shape \(9, 9\), it must be \(9, 18\)"):
        encoder(x, np.zeros((9, 9), bool), cache=cache)
    assert len(cache) == 9  # a refused call changes nothing


def test_attention_to_what_was_kept():
    attention = layers.MultiheadAttention(8, 2, batch_first=True, dtype=np.float64)
    memory, cache = DRAW.standard_normal((2, 6, 8)), layers.KeyValueCache()
    wanted, weights = attention(X, memory, memory)
    for given in ((memory, memory), (None, None), (None, None)):
        y, shown = attention(X, *given, cache=cache)
        np.testing.assert_array_equal(y, wanted)
        np.testing.assert_array_equal(shown, weights)
    with pytest.raises(TypeError, match="MultiheadAttention: key must be a numpy array on the backend numba"):
        attention(X, None, None, cache=layers.KeyValueCache())


def test_rotary_attention_turns_queries_and_keys():
    attention = layers.MultiheadAttention(8, 2, batch_first=True, rotary=50.0, dtype=np.float64)
    heads = (X @ attention.in_proj_weight.data.T).reshape(2, 5, 3, 2, 4).transpose(2, 0, 3, 1, 4)
    q, k = (kernels.rotary_embedding(x, base=50.0) for x in heads[:2])
    wanted = kernels.scaled_dot_product_attention(q, k, heads[2]).swapaxes(1, 2).reshape(X.shape)
    wanted = wanted @ attention.out_proj.weight.data.T
    np.testing.assert_allclose(attention(X, X, X)[0], wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(attention(X, X, X, need_weights=False)[0], wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("batch_first", [True, False])
def test_sinusoidal_positions(batch_first):
    layer = layers.SinusoidalPositions(7, 20, batch_first)
    x = DRAW.standard_normal((2, 3, 7))
    y, backward = layer.forward(x, 5)
    for row in range(3 if batch_first else 2):
        for i in range(7):
            angle = (5 + row) / 10000 ** (i // 2 * 2 / 7)
            wanted = np.cos(angle) if i % 2 else np.sin(angle)
            added = (y - x)[:, row, i] if batch_first else (y - x)[row, :, i]
            np.testing.assert_allclose(added, wanted, atol=1e-12)
    assert backward(x) is x
    np.testing.assert_array_equal(layer(x[0] * 0), layer((x * 0)[:1])[0] if batch_first else layer((x * 0)[0]))
    assert not layer.state_dict()
    with pytest.raises(ValueError, match="offset is 19, it must be from 0 on and at most 18"):
        layer(x[:, :2], 19)


REFUSED = [
    (lambda: new(activation="silu"), "activation is 'silu', it must be one of 'relu', 'gelu', or a Module"),
    (lambda: new()(X[..., :4]), "src has the shape (2, 5, 4), it must be (rows, 8) or (batch, rows, 8)"),
    (lambda: layers.MultiheadAttention(6, 2, rotary=100), "rotary needs heads of an even width, and theirs is 3"),
    (lambda: layers.SinusoidalPositions(4)(X), "x has the shape (2, 5, 8), it must be (rows, 4) or (rows, batch, 4)"),
    (lambda: new(layers.TransformerDecoderLayer)(X, X[:, :, :3]), "memory has the shape (2, 5, 3), it must be"),
    (lambda: layers.Transformer(8, 2, 1, 1)(X, X[:, :2]), "src has a batch of 5 and tgt one of 2: they must be the"),
    (lambda: layers.TransformerEncoder(new(), -1), "num_layers is -1, it must be an integer of at least 0"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refused(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert message in str(caught.value)


def test_a_stack_is_of_layers():
    with pytest.raises(TypeError, match="it must be a TransformerEncoderLayer"):
        layers.TransformerEncoder(layers.Linear(2, 2), 2)
    with pytest.raises(TypeError, match="norm is 1, it must be a Module or None"):
        layers.TransformerEncoder(new(), 2, 1)
    with pytest.raises(TypeError, match="custom_decoder is 1, it must be a Module"):
        layers.Transformer(8, 2, 1, 1, custom_decoder=1)
