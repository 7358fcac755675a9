"""The recurrent networks in NumPy: the definition, a step at a time.

An argument of size 0 isn't there: a bias or a state of zeros. `h_n` and `c_n` are the states after the last step; what
else is returned is kept for the way back.
"""

import numpy as np


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _or_zeros(x, *shape):
    return x.reshape(shape) if x.size else np.zeros(shape, x.dtype)


def _walk(steps, lengths, reverse):
    """Each step, and which rows it counts for, as a column."""
    for t in reversed(range(steps)) if reverse else range(steps):
        yield t, (t < lengths)[:, None]


def lstm(gates, weight, bias, h0, c0, lengths, reverse):
    steps, rows, width = gates.shape
    h, c, bias = _or_zeros(h0, rows, width // 4), _or_zeros(c0, rows, width // 4), _or_zeros(bias, width)
    y, saved, cells = (np.zeros((steps, rows, size), gates.dtype) for size in (width // 4, width, width // 4))
    for t, inside in _walk(steps, lengths, reverse):
        i, f, g, o = np.split(gates[t] + h @ weight.T + bias, 4, axis=1)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        c = np.where(inside, f * c + i * g, c)
        h = np.where(inside, o * np.tanh(c), h)
        y[t], saved[t], cells[t] = np.where(inside, h, 0), np.concatenate([i, f, g, o], 1), c
    return y, h, c, saved, cells


def lstm_backward(grad, grad_h, grad_c, weight, c0, lengths, reverse, wanted, saved, cells):
    del wanted  # whether h0 has a gradient, which is given in any case
    steps, rows, n = cells.shape
    grad, dh, dc = _or_zeros(grad, steps, rows, n), _or_zeros(grad_h, rows, n), _or_zeros(grad_c, rows, n)
    c0, grad_gates = _or_zeros(c0, rows, n), np.zeros(saved.shape, saved.dtype)
    for t, inside in reversed(list(_walk(steps, lengths, reverse))):
        i, f, g, o = np.split(saved[t], 4, axis=1)
        before = cells[t + 1 if reverse else t - 1] if 0 <= (t + 1 if reverse else t - 1) < steps else c0
        tanh, dy = np.tanh(cells[t]), dh + grad[t]
        dt = dc + dy * o * (1 - tanh**2)
        parts = dt * g * i * (1 - i), dt * before * f * (1 - f), dt * i * (1 - g**2), dy * tanh * o * (1 - o)
        grad_gates[t] = np.where(inside, np.concatenate(parts, 1), 0)
        dh = np.where(inside, grad_gates[t] @ weight, dh)
        dc = np.where(inside, dt * f, dc)
    return grad_gates, dh, dc


def gru(gates, weight, bias, h0, lengths, reverse):
    steps, rows, width = gates.shape
    h, bias = _or_zeros(h0, rows, width // 3), _or_zeros(bias, width)
    y, saved, inner = (np.zeros((steps, rows, size), gates.dtype) for size in (width // 3, width, width // 3))
    for t, inside in _walk(steps, lengths, reverse):
        (r, z, n), (from_r, from_z, from_h) = (np.split(x, 3, axis=1) for x in (gates[t], h @ weight.T + bias))
        r, z = _sigmoid(r + from_r), _sigmoid(z + from_z)
        n = np.tanh(n + r * from_h)
        h = np.where(inside, (1 - z) * n + z * h, h)
        y[t], saved[t], inner[t] = np.where(inside, h, 0), np.concatenate([r, z, n], 1), from_h
    return y, h, saved, inner


def gru_backward(grad, grad_h, weight, h0, lengths, reverse, wanted, y, saved, inner):
    del wanted
    steps, rows, n = y.shape
    grad, dh, h0 = _or_zeros(grad, steps, rows, n), _or_zeros(grad_h, rows, n), _or_zeros(h0, rows, n)
    grad_gates, grad_inner = np.zeros(saved.shape, saved.dtype), np.zeros(y.shape, y.dtype)
    for t, inside in reversed(list(_walk(steps, lengths, reverse))):
        r, z, new = np.split(saved[t], 3, axis=1)
        begins = t == np.asarray(lengths)[:, None] - 1 if reverse else t == 0
        before = np.where(begins, h0, y[min(t + 1, steps - 1) if reverse else t - 1])
        dy = dh + grad[t]
        d_new = dy * (1 - z) * (1 - new**2)
        parts = d_new * inner[t] * r * (1 - r), dy * (before - new) * z * (1 - z)
        grad_gates[t] = np.where(inside, np.concatenate([*parts, d_new], 1), 0)
        grad_inner[t] = np.where(inside, d_new * r, 0)
        dh = np.where(inside, dy * z + np.concatenate([*parts, grad_inner[t]], 1) @ weight, dh)
    return grad_gates, grad_inner, dh


def rnn(gates, weight, bias, h0, lengths, reverse, is_relu):
    steps, rows, n = gates.shape
    h, bias, y = _or_zeros(h0, rows, n), _or_zeros(bias, n), np.zeros(gates.shape, gates.dtype)
    for t, inside in _walk(steps, lengths, reverse):
        v = gates[t] + h @ weight.T + bias
        h = np.where(inside, np.maximum(v, 0) if is_relu else np.tanh(v), h)
        y[t] = np.where(inside, h, 0)
    return y, h


def rnn_backward(grad, grad_h, weight, lengths, reverse, wanted, is_relu, y):
    del wanted
    steps, rows, n = y.shape
    grad, dh, grad_gates = _or_zeros(grad, steps, rows, n), _or_zeros(grad_h, rows, n), np.zeros(y.shape, y.dtype)
    for t, inside in reversed(list(_walk(steps, lengths, reverse))):
        slope = y[t] > 0 if is_relu else 1 - y[t] ** 2
        grad_gates[t] = np.where(inside, (dh + grad[t]) * slope, 0)
        dh = np.where(inside, grad_gates[t] @ weight, dh)
    return grad_gates, dh
