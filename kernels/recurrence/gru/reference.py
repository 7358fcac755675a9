"""The GRU in NumPy: the definition, a step at a time.

After the outputs and the last state comes what is kept for the way back.
"""

import numpy as np

from ..stepping import or_zeros, sigmoid, walk


def gru(gates, weight, bias, h0, lengths, reverse):
    steps, rows, width = gates.shape
    h, bias = or_zeros(h0, rows, width // 3), or_zeros(bias, width)
    y, saved, inner = (np.zeros((steps, rows, size), gates.dtype) for size in (width // 3, width, width // 3))
    for t, inside in walk(steps, lengths, reverse):
        (r, z, n), (from_r, from_z, from_h) = (np.split(x, 3, axis=1) for x in (gates[t], h @ weight.T + bias))
        r, z = sigmoid(r + from_r), sigmoid(z + from_z)
        n = np.tanh(n + r * from_h)
        h = np.where(inside, (1 - z) * n + z * h, h)
        y[t], saved[t], inner[t] = np.where(inside, h, 0), np.concatenate([r, z, n], 1), from_h
    return y, h, saved, inner


def gru_backward(grad, grad_h, weight, h0, lengths, reverse, wanted, y, saved, inner):
    del wanted
    steps, rows, n = y.shape
    grad, dh, h0 = or_zeros(grad, steps, rows, n), or_zeros(grad_h, rows, n), or_zeros(h0, rows, n)
    grad_gates, grad_inner = np.zeros(saved.shape, saved.dtype), np.zeros(y.shape, y.dtype)
    for t, inside in reversed(list(walk(steps, lengths, reverse))):
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
