"""Recurrent networks: LSTM, GRU and the plain one, over whole sequences, one layer in one direction.

What the input adds to the gates, x W_ihᵀ + b_ih of all steps, is one product of matrices outside. Only what depends on
the step before is done here, step by step: h W_hhᵀ + b_hh and the gates. So is it on the way back, which gives the
gradients of the gates of all steps; all weights' gradients are made of them by one product each.
"""

from typing import Any

from .. import check
from ..backend import kernel
from ..operation import Draw, Sample, operation
from . import common
from .common import Sequences, new, sequences

NEAR: dict[str, Any] = {
    "rtol": 1e-4,
    "atol": 2e-5,
    "why": "20 steps, whose roundings add up, and sums of up to 257 products",
}


def _inputs(s: Sequences) -> tuple:
    return s.gates, s.weight, s.bias, *s.states, s.lengths, s.reverse


def _gradients(function: str, grad: Any, states: dict[str, Any], gates: Any, s: Sequences) -> tuple:
    """The outputs' gradients as kernels take them."""
    return (
        common.gradient(function, "grad", grad, gates, s.shape),
        *(common.gradient(function, name, x, gates, s.shape[1:]) for name, x in states.items()),
    )


@operation(
    formula="c = f c + i g, y = o tanh c",
    samples=common.samples(4, 2),
    cost=common.cost,
    backward_cost=common.backward_cost,
    example=common.example(4, 2),
    workloads={"64×64×256": (64, 64, 256), "64×1×256": (64, 1, 256)},
    outputs=("y",),
    differentiable=("gates", "weight_hh", "bias_hh", "h0", "c0"),
    torch=common.in_torch("LSTM", 4, 2),
    **NEAR,
)
def lstm(gates, weight_hh, bias_hh=None, h0=None, c0=None, lengths=None, reverse=False):
    """The outputs of an LSTM layer, one direction: y (T, B, H).

    With i, f, g, o = the four quarters of gates[t] + h weight_hhᵀ + bias_hh, each step makes

        c = σ(f) c + σ(i) tanh(g)        h = σ(o) tanh(c)        y[t] = h

    Parameters
    ----------
    gates : array (T, B, 4·H)
        What the input adds to the gates: x weight_ihᵀ + bias_ih, of T steps and B rows.
    weight_hh : array (4·H, H)
    bias_hh : array (4·H,), optional
    h0, c0 : arrays (B, H), optional
        The state before the first step; without one, zeros.
    lengths : B integers from 0 to T, optional
        How many steps of each row count. Beyond them its state stays as it is, and y is 0.
    reverse : bool
        Begin with the last step (that counts, of each row) and walk to step 0.

    Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; with the forget gate of Gers et al., 2000.
    """
    return _lstm("lstm", gates, weight_hh, bias_hh, h0, c0, lengths, reverse, False, False)[0]


def lstm_with_states(
    gates, weight_hh, bias_hh=None, h0=None, c0=None, lengths=None, reverse=False, *, keep=True, overwrite=False
):
    """(y, h_n, c_n, saved): `lstm`, the state after the last step, (B, H) each, and what `lstm_backward` needs.

    `saved` is (the gates after their functions, the cells c), or None without `keep`. `overwrite` lets the former lie
    where `gates` did.
    """
    name = "lstm_with_states"
    y, h_n, c_n, saved = _lstm(name, gates, weight_hh, bias_hh, h0, c0, lengths, reverse, keep, overwrite)
    return y, h_n, c_n, saved if keep else None


def _lstm(function, gates, weight_hh, bias_hh, h0, c0, lengths, reverse, keep: bool, overwrite: bool) -> tuple:
    s = sequences(function, gates, weight_hh, bias_hh, {"h0": h0, "c0": c0}, lengths, reverse, 4)
    (steps, rows, n), dtype = s.shape, gates.dtype
    y, h_n, c_n = new(s.shape, dtype), new((rows, n), dtype), new((rows, n), dtype)
    saved = common.space(s.gates, keep, overwrite), new((steps if keep else 0, rows, n), dtype)
    kernel("recurrence.lstm")(*_inputs(s), y, h_n, c_n, *saved)
    return y, h_n, c_n, saved


def lstm_backward(
    grad,
    gates,
    weight_hh,
    bias_hh=None,
    h0=None,
    c0=None,
    lengths=None,
    reverse=False,
    y=None,
    saved=None,
    grad_h_n=None,
    grad_c_n=None,
):
    """The gradients of `lstm` by gates, weight_hh, bias_hh, h0 and c0 (None where there is none).

    `grad` is that of y, `grad_h_n` and `grad_c_n` those of the last state; each may be None, for zeros. `y` and `saved`
    are what `lstm_with_states` returned; without them it is called again.
    """
    name = "lstm_backward"
    s = sequences(name, gates, weight_hh, bias_hh, {"h0": h0, "c0": c0}, lengths, reverse, 4)
    if y is None or saved is None:
        y, _, _, saved = lstm_with_states(gates, weight_hh, bias_hh, h0, c0, lengths, reverse)
    y = common.output_of(name, y, gates, s)
    grads = _gradients(name, grad, {"grad_h_n": grad_h_n, "grad_c_n": grad_c_n}, gates, s)
    grad_gates, grad_h0, grad_c0 = (new(shape, gates.dtype) for shape in (gates.shape, s.shape[1:], s.shape[1:]))
    back = *grads, s.weight, s.states[1], s.lengths, s.reverse, h0 is not None, *saved
    kernel("recurrence.lstm_backward")(*back, grad_gates, grad_h0, grad_c0)
    return (
        grad_gates,
        common.weight_gradient(grad_gates, y, h0, s),
        None if bias_hh is None else common.bias_gradient(grad_gates),
        None if h0 is None else grad_h0,
        None if c0 is None else grad_c0,
    )


@operation(
    formula="y = (1 − z) n + z h",
    samples=common.samples(3, 1),
    cost=common.cost,
    backward_cost=common.backward_cost,
    example=common.example(3, 1),
    workloads={"64×64×256": (64, 64, 256), "64×1×256": (64, 1, 256)},
    outputs=("y",),
    differentiable=("gates", "weight_hh", "bias_hh", "h0"),
    torch=common.in_torch("GRU", 3, 1),
    **NEAR,
)
def gru(gates, weight_hh, bias_hh=None, h0=None, lengths=None, reverse=False):
    """The outputs of a GRU layer, one direction: y (T, B, H).

    With a, b, c = the three thirds of gates[t] and d, e, f = those of h weight_hhᵀ + bias_hh, each step makes

        r = σ(a + d)        z = σ(b + e)        n = tanh(c + r f)        y[t] = h = (1 − z) n + z h

    Parameters
    ----------
    gates : array (T, B, 3·H)
    weight_hh : array (3·H, H)
    bias_hh : array (3·H,), optional
    h0, lengths, reverse : as for `lstm`

    Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, arXiv:1406.1078, with r behind the product.
    """
    return _gru("gru", gates, weight_hh, bias_hh, h0, lengths, reverse, False, False)[0]


def gru_with_states(
    gates, weight_hh, bias_hh=None, h0=None, lengths=None, reverse=False, *, keep=True, overwrite=False
):
    """(y, h_n, saved): as `lstm_with_states`; `saved` is (r, z and n, f)."""
    y, h_n, saved = _gru("gru_with_states", gates, weight_hh, bias_hh, h0, lengths, reverse, keep, overwrite)
    return y, h_n, saved if keep else None


def _gru(function, gates, weight_hh, bias_hh, h0, lengths, reverse, keep: bool, overwrite: bool) -> tuple:
    s = sequences(function, gates, weight_hh, bias_hh, {"h0": h0}, lengths, reverse, 3)
    steps, rows, n = s.shape
    y, h_n = new(s.shape, gates.dtype), new((rows, n), gates.dtype)
    saved = common.space(s.gates, keep, overwrite), new((steps if keep else 0, rows, n), gates.dtype)
    kernel("recurrence.gru")(*_inputs(s), y, h_n, *saved)
    return y, h_n, saved


def gru_backward(
    grad,
    gates,
    weight_hh,
    bias_hh=None,
    h0=None,
    lengths=None,
    reverse=False,
    y=None,
    saved=None,
    grad_h_n=None,
):
    """The gradients of `gru` by gates, weight_hh, bias_hh and h0; arguments as for `lstm_backward`."""
    name = "gru_backward"
    s = sequences(name, gates, weight_hh, bias_hh, {"h0": h0}, lengths, reverse, 3)
    if y is None or saved is None:
        y, _, saved = gru_with_states(gates, weight_hh, bias_hh, h0, lengths, reverse)
    y = common.output_of(name, y, gates, s)
    grads = _gradients(name, grad, {"grad_h_n": grad_h_n}, gates, s)
    # What goes through weight_hh is the gradient of the gates, but for n: f's there.
    grad_gates, grad_inner, grad_h0 = (new(shape, gates.dtype) for shape in (gates.shape, s.shape, s.shape[1:]))
    back = *grads, s.weight, s.states[0], s.lengths, s.reverse, h0 is not None, y, *saved
    kernel("recurrence.gru_backward")(*back, grad_gates, grad_inner, grad_h0)
    n = s.shape[2]
    parts = grad_gates[..., : 2 * n], grad_inner
    grad_weight = new(weight_hh.shape, gates.dtype)
    grad_bias = None if bias_hh is None else new(bias_hh.shape, gates.dtype)
    for place, part in zip((slice(2 * n), slice(2 * n, None)), parts):
        grad_weight[place] = common.weight_gradient(part, y, h0, s)
        if grad_bias is not None:
            grad_bias[place] = common.bias_gradient(part)
    return grad_gates, grad_weight, grad_bias, None if h0 is None else grad_h0


NONLINEARITIES = ("tanh", "relu")


def _rnn_samples(draw: Draw):
    yield from common.samples(1, 1)(draw)
    *_, last, _ = common.samples(1, 1)(draw)
    yield Sample(last.args, {**last.options, "nonlinearity": "relu"}, note="relu")


@operation(
    formula="y = tanh(x + W h)",
    samples=_rnn_samples,
    cost=common.cost,
    backward_cost=common.backward_cost,
    example=common.example(1, 1),
    workloads={"64×64×256": (64, 64, 256), "64×1×256": (64, 1, 256)},
    outputs=("y",),
    differentiable=("gates", "weight_hh", "bias_hh", "h0"),
    torch=common.in_torch("RNN", 1, 1),
    **NEAR,
)
def rnn(gates, weight_hh, bias_hh=None, h0=None, lengths=None, reverse=False, nonlinearity="tanh"):
    """The outputs of a plain recurrent layer, one direction: y[t] = h = act(gates[t] + h weight_hhᵀ + bias_hh).

    Parameters
    ----------
    gates : array (T, B, H)
        What the input adds: x weight_ihᵀ + bias_ih.
    weight_hh : array (H, H)
    bias_hh : array (H,), optional
    h0, lengths, reverse : as for `lstm`
    nonlinearity : "tanh" or "relu"

    Elman, Finding Structure in Time, 1990.
    """
    return _rnn("rnn", gates, weight_hh, bias_hh, h0, lengths, reverse, nonlinearity, False)[0]


def rnn_with_states(
    gates,
    weight_hh,
    bias_hh=None,
    h0=None,
    lengths=None,
    reverse=False,
    nonlinearity="tanh",
    *,
    keep=True,
    overwrite=False,
):
    """(y, h_n, None): as `lstm_with_states`, but y is all that `rnn_backward` needs; it may `overwrite` the gates."""
    del keep
    function = "rnn_with_states"
    return *_rnn(function, gates, weight_hh, bias_hh, h0, lengths, reverse, nonlinearity, overwrite), None


def _rnn(function, gates, weight_hh, bias_hh, h0, lengths, reverse, nonlinearity, overwrite: bool) -> tuple:
    s = sequences(function, gates, weight_hh, bias_hh, {"h0": h0}, lengths, reverse, 1)
    check.choice(function, "nonlinearity", nonlinearity, NONLINEARITIES)
    y, h_n = common.space(s.gates, True, overwrite), new(s.shape[1:], gates.dtype)
    kernel("recurrence.rnn")(*_inputs(s), nonlinearity == "relu", y, h_n)
    return y, h_n


def rnn_backward(
    grad,
    gates,
    weight_hh,
    bias_hh=None,
    h0=None,
    lengths=None,
    reverse=False,
    nonlinearity="tanh",
    y=None,
    saved=None,
    grad_h_n=None,
):
    """The gradients of `rnn` by gates, weight_hh, bias_hh and h0; arguments as for `lstm_backward`."""
    del saved
    name = "rnn_backward"
    s = sequences(name, gates, weight_hh, bias_hh, {"h0": h0}, lengths, reverse, 1)
    check.choice(name, "nonlinearity", nonlinearity, NONLINEARITIES)
    if y is None:
        y = rnn(gates, weight_hh, bias_hh, h0, lengths, reverse, nonlinearity)
    y = common.output_of(name, y, gates, s)
    grads = _gradients(name, grad, {"grad_h_n": grad_h_n}, gates, s)
    grad_gates, grad_h0 = new(gates.shape, gates.dtype), new(s.shape[1:], gates.dtype)
    back = *grads, s.weight, s.lengths, s.reverse, h0 is not None, nonlinearity == "relu", y
    kernel("recurrence.rnn_backward")(*back, grad_gates, grad_h0)
    return (
        grad_gates,
        common.weight_gradient(grad_gates, y, h0, s),
        None if bias_hh is None else common.bias_gradient(grad_gates),
        None if h0 is None else grad_h0,
    )
