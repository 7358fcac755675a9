"""The GRU, over whole sequences, one layer in one direction."""

from ... import check
from ...backend import kernel
from ...operation import operation
from .. import common
from ..common import new, sequences


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
    **common.NEAR,
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
    kernel("recurrence.gru.gru")(*common.inputs(s), y, h_n, *saved)
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
    *,
    out=None,
):
    """The gradients of `gru` by gates, weight_hh, bias_hh and h0; arguments as for `lstm_backward`."""
    name = "gru_backward"
    s = sequences(name, gates, weight_hh, bias_hh, {"h0": h0}, lengths, reverse, 3)
    if y is None or saved is None:
        y, _, saved = gru_with_states(gates, weight_hh, bias_hh, h0, lengths, reverse)
    y, *saved = common.outputs(name, y, saved, gates, s)
    out = check.output(name, out, weight_hh.shape, gates.dtype, grad, gates, weight_hh, y)
    grads = common.gradients(name, grad, {"grad_h_n": grad_h_n}, gates, s)
    # What goes through weight_hh is the gradient of the gates, but for n: f's there.
    grad_gates, grad_inner, grad_h0 = (new(shape, gates.dtype) for shape in (gates.shape, s.shape, s.shape[1:]))
    back = *grads, s.weight, s.states[0], s.lengths, s.reverse, h0 is not None, y, *saved
    kernel("recurrence.gru.gru_backward")(*back, grad_gates, grad_inner, grad_h0)
    n = s.shape[2]
    parts = grad_gates[..., : 2 * n], grad_inner
    grad_bias = None if bias_hh is None else new(bias_hh.shape, gates.dtype)
    for place, part in zip((slice(2 * n), slice(2 * n, None)), parts):
        common.weight_gradient(part, y, h0, s, out[place])
        if grad_bias is not None:
            grad_bias[place] = common.bias_gradient(part)
    return grad_gates, out, grad_bias, None if h0 is None else grad_h0
