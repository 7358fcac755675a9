"""The LSTM in NumPy: the definition, a step at a time.

After the outputs and the last state comes what is kept for the way back.
"""

import numpy as np

from ..stepping import or_zeros, sigmoid, walk


def lstm(gates, weight, bias, h0, c0, lengths, reverse):
    steps, rows, width = gates.shape
    h, c, bias = or_zeros(h0, rows, width // 4), or_zeros(c0, rows, width // 4), or_zeros(bias, width)
    y, saved, cells = (np.zeros((steps, rows, size), gates.dtype) for size in (width // 4, width, width // 4))
    for t, inside in walk(steps, lengths, reverse):
        i, f, g, o = np.split(gates[t] + h @ weight.T + bias, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = np.where(inside, f * c + i * g, c)
        h = np.where(inside, o * np.tanh(c), h)
        y[t], saved[t], cells[t] = np.where(inside, h, 0), np.concatenate([i, f, g, o], 1), c
    return y, h, c, saved, cells


def lstm_backward(grad, grad_h, grad_c, weight, c0, lengths, reverse, wanted, saved, cells):
    del wanted  # whether h0 has a gradient, which is given in any case
    steps, rows, n = cells.shape
    grad, dh, dc = or_zeros(grad, steps, rows, n), or_zeros(grad_h, rows, n), or_zeros(grad_c, rows, n)
    c0, grad_gates = or_zeros(c0, rows, n), np.zeros(saved.shape, saved.dtype)
    for t, inside in reversed(list(walk(steps, lengths, reverse))):
        i, f, g, o = np.split(saved[t], 4, axis=1)
        before = cells[t + 1 if reverse else t - 1] if 0 <= (t + 1 if reverse else t - 1) < steps else c0
        tanh, dy = np.tanh(cells[t]), dh + grad[t]
        dt = dc + dy * o * (1 - tanh**2)
        parts = dt * g * i * (1 - i), dt * before * f * (1 - f), dt * i * (1 - g**2), dy * tanh * o * (1 - o)
        grad_gates[t] = np.where(inside, np.concatenate(parts, 1), 0)
        dh = np.where(inside, grad_gates[t] @ weight, dh)
        dc = np.where(inside, dt * f, dc)
    return grad_gates, dh, dc
