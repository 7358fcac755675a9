"""The same weights in PyTorch's recurrent layers: the same outputs, states and gradients."""

import numpy as np
import pytest

from kernelwright import layers

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.compare, pytest.mark.filterwarnings("ignore:LSTM with projections")]

OPTIONS = [
    {},
    {"bias": False},
    {"num_layers": 3, "bidirectional": True},
    {"batch_first": True, "num_layers": 2},
]
CASES = [(kind, options) for kind in ("LSTM", "GRU", "RNN") for options in OPTIONS]
CASES += [("RNN", {"nonlinearity": "relu", "num_layers": 2})]
CASES += [("LSTM", {**options, "proj_size": 3}) for options in OPTIONS[::2]]


def arrays(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lengths", [None, (7, 2, 5, 1), "unbatched"], ids=["whole", "lengths", "unbatched"])
@pytest.mark.parametrize(("kind", "options"), CASES)
def test_layer(kind, options, lengths, dtype):
    net = getattr(layers, kind)(5, 6, **options, dtype=dtype)
    twin = getattr(torch.nn, kind)(5, 6, **options).to(torch.float32 if dtype == np.float32 else torch.float64)
    assert repr(net) == repr(twin)
    assert list(net.state_dict()) == list(twin.state_dict())
    net.load_state_dict(twin.state_dict())
    first = options.get("batch_first", False)
    rng, rows = np.random.default_rng(0), (4,)
    if lengths == "unbatched":
        rows, lengths, first = (), None, False
    count = net.num_layers * (2 if net.bidirectional else 1)
    x = rng.standard_normal((*rows, 7, 5) if first else (7, *rows, 5)).astype(dtype)
    widths = (getattr(net, "proj_size", 0) or 6, 6)[: net.states]
    state = tuple(rng.standard_normal((count, *rows, width)).astype(dtype) for width in widths)
    x_torch, *states_torch = (torch.from_numpy(a).requires_grad_() for a in (x, *state))
    given = x_torch
    if lengths is not None:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        given = pack(x_torch, torch.tensor(lengths), batch_first=first, enforce_sorted=False)
    y_torch, end_torch = twin(given, tuple(states_torch) if net.states > 1 else states_torch[0])
    if lengths is not None:
        y_torch = torch.nn.utils.rnn.pad_packed_sequence(y_torch, first, total_length=7)[0]
    (y, end), backward = net.forward(x, state if net.states > 1 else state[0], lengths)
    grad = rng.standard_normal(y.shape).astype(dtype)
    grad_state = tuple(rng.standard_normal(a.shape).astype(dtype) for a in arrays(end))
    grads = tuple(torch.from_numpy(a) for a in (grad, *grad_state))
    torch.autograd.backward((y_torch, *arrays(end_torch)), grads)
    grad_x, grad_begin = backward(grad, grad_state if net.states > 1 else grad_state[0])
    near = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(y, y_torch.detach(), **near)
    np.testing.assert_allclose(grad_x, x_torch.grad, **near)
    for one, other in zip(arrays(end), arrays(end_torch), strict=True):
        np.testing.assert_allclose(one, other.detach(), **near)
    for one, other in zip(arrays(grad_begin), states_torch, strict=True):
        np.testing.assert_allclose(one, other.grad, **near)
    named = dict(twin.named_parameters())
    for key, parameter in net.named_parameters():
        np.testing.assert_allclose(parameter.grad, named[key].grad, **near, err_msg=key)


@pytest.mark.parametrize("rows", [(), (3,)], ids=["unbatched", "rows"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [("LSTMCell", {}), ("GRUCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("LSTMCell", {"bias": False})],
)
def test_cell(kind, options, rows):
    net = getattr(layers, kind)(5, 6, **options, dtype=np.float64)
    twin = getattr(torch.nn, kind)(5, 6, **options, dtype=torch.float64)
    assert repr(net) == repr(twin)
    assert list(net.state_dict()) == list(twin.state_dict())
    net.load_state_dict(twin.state_dict())
    rng = np.random.default_rng(0)
    x, *state = rng.standard_normal((*rows, 5)), *(rng.standard_normal((*rows, 6)) for _ in range(net.states))
    x_torch, *states_torch = (torch.from_numpy(a).requires_grad_() for a in (x, *state))
    theirs = twin(x_torch, tuple(states_torch) if net.states > 1 else states_torch[0])
    ours, backward = net.forward(x, tuple(state) if net.states > 1 else state[0])
    grads = tuple(rng.standard_normal(a.shape) for a in arrays(ours))
    torch.autograd.backward(arrays(theirs), tuple(map(torch.from_numpy, grads)))
    grad_x, grad_begin = backward(grads if net.states > 1 else grads[0])
    near = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(grad_x, x_torch.grad, **near)
    for one, other in zip(arrays(ours), arrays(theirs), strict=True):
        np.testing.assert_allclose(one, other.detach(), **near)
    for one, other in zip(arrays(grad_begin), states_torch, strict=True):
        np.testing.assert_allclose(one, other.grad, **near)
    for parameter, other in zip(net.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(parameter.grad, other.grad, **near)
