"""Recurrent layers without PyTorch: their way back against central differences, lengths, states, dropout, mistakes."""

import numpy as np
import pytest

from kernelwright import layers

from .test_layers import slope

KINDS = ("LSTM", "GRU", "RNN")


def rng(seed=0):
    return np.random.default_rng(seed)


def made(kind, *args, **options):
    layers.manual_seed(0)
    return getattr(layers, kind)(*args, dtype=np.float64, **options)


def arrays(state):
    return state if isinstance(state, tuple) else (state,)


def one_or_both(arrays):
    return arrays if len(arrays) > 1 else arrays[0]


def total(layer, x, state, lengths, grad, grad_state):
    """Of which (grad, grad_state) is the gradient."""
    y, end = layer(x, state, lengths)
    return (y * grad).sum() + sum((a * b).sum() for a, b in zip(arrays(end), arrays(grad_state)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ({}, None),
        ({"num_layers": 2, "bidirectional": True, "batch_first": True}, (20, 1, 7)),
        ({"bias": False, "bidirectional": True}, None),
    ],
    ids=["plain", "two layers, both ways, lengths", "no bias"],
)
def test_way_back_is_the_gradient(kind, options, lengths):
    """Through 20 steps, by the input, the state and the parameters, of the outputs and the last state; called twice."""
    layer = made(kind, 2, 3, **options)
    first = options.get("batch_first")
    x, other = (rng(seed).standard_normal((3, 20, 2) if first else (20, 3, 2)) for seed in (1, 2))
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    state = tuple(rng(3 + k).standard_normal((count, 3, 3)) for k in range(layer.states))
    state = one_or_both(state)
    (y, end), backward = layer.forward(x, state, lengths)
    layer.forward(other)  # nothing of it may reach the first call's way back
    grad = rng(5).standard_normal(y.shape)
    grad_state = tuple(rng(6 + k).standard_normal(a.shape) for k, a in enumerate(arrays(end)))
    grad_x, grad_begin = backward(grad, one_or_both(grad_state))

    def value():
        return total(layer, x, state, lengths, grad, grad_state)

    near = {"rtol": 1e-5, "atol": 1e-7}
    np.testing.assert_allclose(grad_x, slope(value, x), **near)
    for found, begin in zip(arrays(grad_begin), arrays(state)):
        np.testing.assert_allclose(found, slope(value, begin), **near)
    for parameter in layer.parameters():
        np.testing.assert_allclose(parameter.grad, slope(value, parameter.data), **near, err_msg=parameter.name)
    wanted = [parameter.grad.copy() for parameter in layer.parameters()]
    layer.zero_grad()
    again = layer.forward(x, state, lengths)[1](grad, one_or_both(grad_state), False)
    assert again[0] is None
    for parameter, one in zip(layer.parameters(), wanted):
        np.testing.assert_array_equal(parameter.grad, one)


@pytest.mark.parametrize("lengths", [None, (5, 0, 2)], ids=["whole", "lengths"])
def test_projections(lengths):
    layer = made("LSTM", 2, 4, 2, bidirectional=True, proj_size=3)
    x, state = rng(1).standard_normal((5, 3, 2)), tuple(rng(n).standard_normal((4, 3, n)) for n in (3, 4))
    (y, end), backward = layer.forward(x, state, lengths)
    grad, grad_state = rng(5).standard_normal(y.shape), tuple(rng(6).standard_normal(a.shape) for a in end)
    grad_x, grad_begin = backward(grad, grad_state)

    def value():
        return total(layer, x, state, lengths, grad, grad_state)

    near = {"rtol": 1e-5, "atol": 1e-7}
    for found, array in ((grad_x, x), *zip(grad_begin, state)):
        np.testing.assert_allclose(found, slope(value, array), **near)
    for parameter in layer.parameters():
        np.testing.assert_allclose(parameter.grad, slope(value, parameter.data), **near, err_msg=parameter.name)


@pytest.mark.parametrize("kind", KINDS)
def test_cells_are_steps_of_a_layer(kind):
    layer, cell = made(kind, 4, 5), made(f"{kind}Cell", 4, 5)
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in layer.state_dict().items()})
    x, grad = rng().standard_normal((3, 2, 4)), rng(1).standard_normal((3, 2, 5))
    (y, _), backward = layer.forward(x)
    wanted = backward(grad)[0]
    state, ways = None, []
    for t in range(3):
        state, way = cell.forward(x[t], state)
        ways.append(way)
        np.testing.assert_allclose(arrays(state)[0], y[t], rtol=1e-12)
        np.testing.assert_allclose(arrays(cell(x[0, 1]))[0], arrays(layer(x[:1, 1])[0])[0][0], rtol=1e-12)
    carried = tuple(np.zeros((2, 5)) for _ in range(layer.states))
    for t in reversed(range(3)):
        h, *rest = arrays(carried)
        grad_x, carried = ways[t](one_or_both((h + grad[t], *rest)))
        np.testing.assert_allclose(grad_x, wanted[t], rtol=1e-10)
    assert carried is None  # the first step was given no state
    for parameter, other in zip(cell.parameters(), layer.parameters(), strict=True):
        np.testing.assert_allclose(parameter.grad, other.grad, rtol=1e-10)
    assert ways[1](one_or_both(arrays(state)), input_gradient=False)[0] is None


@pytest.mark.parametrize("kind", KINDS)
def test_lengths_are_rows_by_themselves(kind):
    layer = made(kind, 4, 5, 2, bidirectional=True)
    x, lengths = rng().standard_normal((6, 4, 4)), [6, 0, 2, 5]
    y, end = layer(x, lengths=lengths)
    for row, n in enumerate(lengths):
        assert not y[n:, row].any()
        if n:
            alone, alone_end = layer(x[:n, row])
            np.testing.assert_allclose(y[:n, row], alone, rtol=1e-12)
            for one, other in zip(arrays(end), arrays(alone_end)):
                np.testing.assert_allclose(one[:, row], other, rtol=1e-12)
        else:
            assert not any(one[:, row].any() for one in arrays(end))


@pytest.mark.parametrize("kind", KINDS)
def test_steps_one_by_one_are_a_sequence(kind):
    layer = made(kind, 4, 5)
    x, state = rng().standard_normal((6, 3, 4)), None
    y, end = layer(x)
    for t in range(6):
        one, state = layer(x[t : t + 1], state)
        np.testing.assert_allclose(one[0], y[t], rtol=1e-12)
    for a, b in zip(arrays(state), arrays(end)):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_dropout_lies_between_layers_in_training_alone():
    layer = made("LSTM", 3, 4, 2, dropout=0.5)
    x = rng().standard_normal((3, 2, 3))
    np.testing.assert_array_equal(layer(x)[0], layer(x)[0])
    layers.manual_seed(1)
    (y, _), backward = layer.forward(x)
    assert (y != layer(x)[0]).any()
    grad_x, grad_state = backward(y)
    assert grad_state is None

    def value():
        layers.manual_seed(1)
        return (layer.forward(x)[0][0] * y).sum()

    np.testing.assert_allclose(grad_x, slope(value, x), rtol=1e-5, atol=1e-8)
    one = made("LSTM", 3, 4, dropout=0.5)
    np.testing.assert_array_equal(one.forward(x)[0][0], one(x)[0])


def test_no_steps_and_no_rows():
    layer = made("LSTM", 3, 4)
    state = tuple(rng(k).standard_normal((1, 2, 4)) for k in range(2))
    (y, end), backward = layer.forward(np.zeros((0, 2, 3)), state)
    assert y.shape == (0, 2, 4)
    for one, other in zip(end, state):
        np.testing.assert_array_equal(one, other)
    grad_x, grad_state = backward(y, state)
    assert grad_x.shape == (0, 2, 3)
    np.testing.assert_array_equal(grad_state, state)
    assert layer(np.zeros((5, 0, 3)))[0].shape == (5, 0, 4)


X = np.zeros((5, 2, 3))
MISTAKES = [
    (lambda: made("LSTM", 0, 4), "LSTM: input_size is 0, it must be an integer of at least 1"),
    (lambda: made("LSTM", 3, 4, dropout=2), "LSTM: dropout is 2, it must be from 0 to 1"),
    (lambda: made("LSTM", 3, 4, proj_size=4), "LSTM: proj_size is 4, it must be less than hidden_size, 4"),
    (lambda: made("RNN", 3, 4, nonlinearity="selu"), "RNN: nonlinearity is 'selu', it must be one of 'tanh', 'relu'"),
    (lambda: made("GRUCell", 3, 4)(X), r"GRUCell: x has the shape \(5, 2, 3\), it must be \(B, 3\), or \(3,\)"),
    (lambda: made("GRUCell", 3, 4)(X[0], X[0]), r"GRUCell: state has the shape \(2, 3\), it must be \(2, 4\)"),
    (lambda: made("LSTM", 3, 4)(X[..., :2]), r"x has the shape \(5, 2, 2\), it must be \(T, B, 3\), or \(T, 3\)"),
    (lambda: made("LSTM", 3, 4)(X, X), r"LSTM: state has 5 arrays, it must be \(h, c\)"),
    (lambda: made("LSTM", 3, 4)(X, (X, X)), r"LSTM: state has the shape \(5, 2, 3\), it must be \(1, 2, 4\)"),
    (lambda: made("LSTM", 3, 4)(X, lengths=[5, 6]), "lengths holds 6, it must be from 0 to 5"),
    (lambda: made("LSTM", 3, 4)(X, lengths=[5]), r"lengths has the shape \(1,\), it must be \(2,\) one for each row"),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
