"""CTC in NumPy: its definition. Returns the losses, the gradient and the total."""

import numpy as np


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, mean, zero_infinity):
    rows = log_probs.shape[1]
    loss, gradient, total = np.zeros(rows, log_probs.dtype), np.zeros_like(log_probs), 0.0
    for row in range(rows):
        times, length = input_lengths[row], target_lengths[row]
        states = np.full(2 * length + 1, blank)
        states[1::2] = targets[row, :length]
        emitted = log_probs[:times, row][:, states]
        forwards = _paths(emitted, states)
        backwards = _paths(emitted[::-1, ::-1], states[::-1])[::-1, ::-1]
        likelihood = np.logaddexp.reduce(forwards[-1, -2:]) if times else (-np.inf if length else 0.0)
        scale = 1 / (rows * max(length, 1)) if mean else 1.0
        if likelihood > -np.inf:
            with np.errstate(invalid="ignore"):
                share = np.nan_to_num(np.exp(forwards + backwards - emitted - likelihood))
            for s, label in enumerate(states):
                gradient[:times, row, label] -= scale * share[:, s]
        elif not zero_infinity:
            gradient[:times, row] = np.nan
        loss[row] = 0 if likelihood == -np.inf and zero_infinity else -likelihood
        total += scale * loss[row]
    return loss, gradient, [total if rows or not mean else np.nan]


def _paths(emitted, states):
    """log Σ over the paths that reach each state at each time."""
    result = np.full(emitted.shape, -np.inf, emitted.dtype)
    for t in range(len(emitted)):
        for s in range(len(states)):
            if t == 0:
                result[t, s] = emitted[t, s] if s < 2 else -np.inf
                continue
            before = [result[t - 1, s]]
            if s > 0:
                before.append(result[t - 1, s - 1])
            if s > 1 and states[s] != states[s - 2]:
                before.append(result[t - 1, s - 2])
            result[t, s] = np.logaddexp.reduce(before) + emitted[t, s]
    return result
