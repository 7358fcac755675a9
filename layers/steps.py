"""One direction of one recurrent layer: its outputs, the state at its end, and the way back.

A way back is a function of the gradients of the outputs and of the state; it returns those of the input and of the
state that was given.
"""

from typing import Any

import numpy as np

from .. import kernels
from ..kernels.recurrence.common import host_lengths
from .affine import data
from .linear import linear_back
from .parameter import Parameter

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")  # PyTorch's


def sequence(function: str, x: Any, parameters: dict, states: list, options: dict, training: bool) -> tuple:
    """All steps by the kernels of that name; an element of `states` may be None, for zeros."""
    w_ih, b_ih = parameters["weight_ih"], parameters["bias_ih"]
    gates = kernels.linear(x, w_ih.data, data(b_ih))
    y, end, walk_back = walk(function, gates, parameters, states, options, training)

    def backward(grad, grad_end, input_gradient):
        grad_gates, own, grad_states = walk_back(grad, grad_end)
        return linear_back(grad_gates, x, w_ih, own, input_gradient=input_gradient), grad_states

    return y, end, backward


def walk(function: str, gates: Any, parameters: dict, states: list, options: dict, training: bool) -> tuple:
    """The same, of what the input adds to the gates, which is overwritten.

    The way back returns the gradient of that, the bias of the input, if the caller has to see to it, and the gradients
    of the states.
    """
    _, w_hh, b_ih, b_hh = (parameters[name] for name in NAMES)
    run, back = (getattr(kernels, f"{function}_{what}") for what in ("with_states", "backward"))
    y, *end, saved = run(gates, w_hh.data, data(b_hh), *states, **options, keep=training, overwrite=True)

    def backward(grad, grad_end):
        grad_ends = dict(zip(("grad_h_n", "grad_c_n"), grad_end))
        arrays = gates, w_hh.data, data(b_hh), *states
        grad_gates, *found = back(grad, *arrays, **options, y=y, saved=saved, out=w_hh.grad_to_write(), **grad_ends)
        w_hh.add_grad(found[0])
        if b_hh is not None:
            b_hh.add_grad(found[1])
        own = b_ih
        if b_hh is not None and b_ih is not None and function != "gru":  # both are added alike, and have one gradient
            b_ih.add_grad(found[1])
            own = None
        return grad_gates, own, found[2:]

    return y, tuple(end), backward


def projected(x: Any, parameters: dict, w_hr: Parameter, states: list, lengths: Any, reverse: bool) -> tuple:
    """An LSTM whose h is weight_hr (σ(o) tanh(c)): step by step, each of three products and a sequence of one step.

    That sequence begins without an h, whose part is in its gates already: its own weight, `none`, is never read.
    """
    w_ih, w_hh, b_ih, b_hh = (parameters[name] for name in NAMES)
    backend = kernels.current()
    gates = kernels.linear(x, w_ih.data, data(b_ih))
    (steps, rows, width), dtype = gates.shape, gates.dtype
    none = backend.empty((width, width // 4), dtype)

    def zeros(*shape):
        array = backend.empty(shape, dtype)
        array.fill(0)
        return array

    inside = None
    if lengths is not None:
        ends = host_lengths("LSTM", lengths, steps, rows)
        inside = backend.from_numpy(np.arange(steps)[:, None, None] < ends[:, None])

    def chosen(t: int, here: Any, beyond: Any) -> Any:
        """Of each row `here` if step t counts for it, else `beyond`."""
        return here if inside is None else np.where(inside[t], here, beyond)

    h, c = (zeros(rows, n) if s is None else s for s, n in zip(states, (w_hr.shape[0], width // 4)))
    y, kept = backend.empty((steps, rows, w_hr.shape[0]), dtype), []
    walk = range(steps - 1, -1, -1) if reverse else range(steps)
    for t in walk:
        mine = kernels.matmul(h, w_hh.data.T, data(b_hh), None, gates[t])[None]
        hidden, _, new_c, saved = kernels.lstm_with_states(mine, none, c0=c, overwrite=True)
        new_h = kernels.linear(hidden[0], w_hr.data)
        kept.append((h, c, mine, hidden, saved))
        y[t] = chosen(t, new_h, 0)
        h, c = chosen(t, new_h, h), chosen(t, new_c, c)

    def backward(grad, grad_end, input_gradient):
        dh, dc = (zeros(*a.shape) if g is None else g for a, g in zip((h, c), grad_end))
        grad_gates = backend.empty(gates.shape, dtype)
        for t, (h0, c0, mine, hidden, saved) in zip(reversed(walk), reversed(kept)):
            dy = chosen(t, dh if grad is None else dh + grad[t], 0)
            grad_hidden = linear_back(dy, hidden[0], w_hr, None)[None]
            options = {"y": hidden, "saved": saved, "grad_c_n": chosen(t, dc, 0)}
            back = kernels.lstm_backward(grad_hidden, mine, none, c0=c0, **options)
            grad_gates[t] = back[0][0]
            dh, dc = chosen(t, linear_back(grad_gates[t], h0, w_hh, b_hh), dh), chosen(t, back[4], dc)
        return linear_back(grad_gates, x, w_ih, b_ih, input_gradient=input_gradient), (dh, dc)

    return y, (h, c), backward
