"""The LSTM, over whole sequences, one layer in one direction."""

from ... import check
from ...backend import kernel
from ...operation import operation
from .. import common
from ..common import new, sequences


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
    **common.NEAR,
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
    kernel("recurrence.lstm.lstm")(*common.inputs(s), y, h_n, c_n, *saved)
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
    *,
    out=None,
):
    """The gradients of `lstm` by gates, weight_hh, bias_hh, h0 and c0 (None where there is none).

    `grad` is that of y, `grad_h_n` and `grad_c_n` those of the last state; each may be None, for zeros. `y` and `saved`
    are what `lstm_with_states` returned; without them it is called again. `out` may be the array for weight_hh's.
    """
    name = "lstm_backward"
    s = sequences(name, gates, weight_hh, bias_hh, {"h0": h0, "c0": c0}, lengths, reverse, 4)
    if y is None or saved is None:
        y, _, _, saved = lstm_with_states(gates, weight_hh, bias_hh, h0, c0, lengths, reverse)
    y, *saved = common.outputs(name, y, saved, gates, s)
    out = check.output(name, out, weight_hh.shape, gates.dtype, grad, gates, weight_hh, y)
    grads = common.gradients(name, grad, {"grad_h_n": grad_h_n, "grad_c_n": grad_c_n}, gates, s)
    grad_gates, grad_h0, grad_c0 = (new(shape, gates.dtype) for shape in (gates.shape, s.shape[1:], s.shape[1:]))
    back = *grads, s.weight, s.states[1], s.lengths, s.reverse, h0 is not None, *saved
    kernel("recurrence.lstm.lstm_backward")(*back, grad_gates, grad_h0, grad_c0)
    return (
        grad_gates,
        common.weight_gradient(grad_gates, y, h0, s, out),
        None if bias_hh is None else common.bias_gradient(grad_gates),
        None if h0 is None else grad_h0,
        None if c0 is None else grad_c0,
    )
