"""The plain recurrent network in NumPy: the definition, a step at a time.

After the outputs and the last state comes what is kept for the way back.
"""

import numpy as np

from ..stepping import or_zeros, walk


def rnn(gates, weight, bias, h0, lengths, reverse, is_relu):
    steps, rows, n = gates.shape
    h, bias, y = or_zeros(h0, rows, n), or_zeros(bias, n), np.zeros(gates.shape, gates.dtype)
    for t, inside in walk(steps, lengths, reverse):
        v = gates[t] + h @ weight.T + bias
        h = np.where(inside, np.maximum(v, 0) if is_relu else np.tanh(v), h)
        y[t] = np.where(inside, h, 0)
    return y, h


def rnn_backward(grad, grad_h, weight, lengths, reverse, wanted, is_relu, y):
    del wanted
    steps, rows, n = y.shape
    grad, dh, grad_gates = or_zeros(grad, steps, rows, n), or_zeros(grad_h, rows, n), np.zeros(y.shape, y.dtype)
    for t, inside in reversed(list(walk(steps, lengths, reverse))):
        slope = y[t] > 0 if is_relu else 1 - y[t] ** 2
        grad_gates[t] = np.where(inside, (dh + grad[t]) * slope, 0)
        dh = np.where(inside, grad_gates[t] @ weight, dh)
    return grad_gates, dh
