"""The plain recurrent network, over whole sequences, one layer in one direction."""

from ... import check
from ...backend import kernel
from ...operation import Draw, Sample, operation
from .. import common
from ..common import new, sequences

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
    **common.NEAR,
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
    kernel("recurrence.rnn.rnn")(*common.inputs(s), nonlinearity == "relu", y, h_n)
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
    *,
    out=None,
):
    """The gradients of `rnn` by gates, weight_hh, bias_hh and h0; arguments as for `lstm_backward`."""
    del saved
    name = "rnn_backward"
    s = sequences(name, gates, weight_hh, bias_hh, {"h0": h0}, lengths, reverse, 1)
    check.choice(name, "nonlinearity", nonlinearity, NONLINEARITIES)
    if y is None:
        y = rnn(gates, weight_hh, bias_hh, h0, lengths, reverse, nonlinearity)
    (y,) = common.outputs(name, y, (), gates, s)
    out = check.output(name, out, weight_hh.shape, gates.dtype, grad, gates, weight_hh, y)
    grads = common.gradients(name, grad, {"grad_h_n": grad_h_n}, gates, s)
    grad_gates, grad_h0 = new(gates.shape, gates.dtype), new(s.shape[1:], gates.dtype)
    back = *grads, s.weight, s.lengths, s.reverse, h0 is not None, nonlinearity == "relu", y
    kernel("recurrence.rnn.rnn_backward")(*back, grad_gates, grad_h0)
    return (
        grad_gates,
        common.weight_gradient(grad_gates, y, h0, s, out),
        None if bias_hh is None else common.bias_gradient(grad_gates),
        None if h0 is None else grad_h0,
    )
