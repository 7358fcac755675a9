"""CTC on the CPU, a sequence at a time; vectors hold neighbouring states.

A target l₁ l₂ … becomes the states ␣ l₁ ␣ l₂ ␣ …, with blanks ␣ between and around. A path stays in its state, goes
to the next, or skips a blank between two labels that differ:

    α[t, s] = log Σ over paths that are in state s at time t, from the start up to there     αs of the last time
    β[t, s] = the same from there to the end                                                 s − 2, s − 1, s  →  s

Both include what is emitted at t, so α + β less that is a state's share in the likelihood. Rows have −∞ on either
side, for the neighbours of the first and of the last state.
"""

import math

import numpy as np

from ...jit import inline, kernel, task
from ...share import enough, share
from ...simd import full, lanes, larger, load, store, where
from ...vector_math import exp, log


@kernel(
    "in real[:, :, ::1], in int64[:, ::1], in int64[::1], in int64[::1], int64, bool, bool, "
    "out real[::1], out real[:, :, ::1], out real[::1]"
)
def ctc_loss(
    log_probs, targets, input_lengths, target_lengths, blank, mean, zero_infinity, loss, gradient, total, threads
):
    n, flags = loss.size, (blank, mean, zero_infinity)
    threads = enough(threads, 16 * n * log_probs.shape[0] * (2 * targets.shape[1] + 1))
    share(_ctc, n, threads, log_probs, targets, input_lengths, target_lengths, flags, loss, gradient)
    summed = 0.0
    for k in range(n):
        summed += loss[k] * _scale(mean, n, target_lengths[k])
    total[0] = np.nan if mean and n == 0 else summed


@inline
def _scale(mean, n, length):
    return 1 / (n * max(length, 1)) if mean else 1.0


@task
def _ctc(first, last, log_probs, targets, input_lengths, target_lengths, flags, loss, gradient):
    blank, mean, zero_infinity = flags
    w, real = lanes(log_probs), log_probs.dtype.type
    most = 2 * targets.shape[1] + 1
    width = (most + w - 1) // w * w + w + 2  # states, and −∞ before and behind them
    alphas = np.empty((log_probs.shape[0], width), real)
    emitted, skips, betas, shares = (np.empty(width, real), np.empty(width, real), np.empty(width, real),
                                     np.empty(width, real))  # fmt: skip
    labels = np.empty(most, np.int64)
    for k in range(first, last):
        times, states = input_lengths[k], 2 * target_lengths[k] + 1
        emitted[:], skips[:], betas[:] = -math.inf, -math.inf, -math.inf
        for s in range(states):
            labels[s] = targets[k, s // 2] if s % 2 else blank
            if s % 2 and s > 1 and labels[s] != labels[s - 2]:
                skips[s] = 0
        for t in range(times):
            _emit(log_probs, t, k, labels, states, emitted)
            alphas[t, :2], alphas[t, width - w :] = -math.inf, -math.inf
            row = t * width
            for s in range(0, states, w):
                if t:
                    before = row - width + s
                    v = _log_sum(
                        load(alphas, before + 2), load(alphas, before + 1), load(alphas, before) + load(skips, s)
                    )
                    store(alphas, row + 2 + s, v + load(emitted, s))
                else:
                    store(alphas, 2 + s, full(alphas, -math.inf))
            if t == 0:
                for s in range(min(states, 2)):
                    alphas[0, 2 + s] = emitted[s]
        likelihood = -math.inf if states > 1 or times == 0 else real(alphas[times - 1, 2])
        if times == 0:
            likelihood = 0.0 if states == 1 else -math.inf
        elif states > 1:
            a, b = alphas[times - 1, states + 1], alphas[times - 1, states]
            top = max(a, b)
            likelihood = top + math.log(math.exp(a - top) + math.exp(b - top)) if top > -math.inf else a + b
        lost = likelihood == -math.inf
        loss[k] = 0 if lost and zero_infinity else -likelihood
        if gradient.size:
            nothing = np.nan if lost and not zero_infinity else 0.0
            for t in range(log_probs.shape[0]):
                gradient[t, k] = nothing if t < times else 0
            if not lost:
                scale = real(_scale(mean, loss.size, target_lengths[k]))
                for t in range(times - 1, -1, -1):
                    _emit(log_probs, t, k, labels, states, emitted)
                    for s in range(0, states, w):
                        e = load(emitted, s)
                        if t < times - 1:
                            v = _log_sum(load(betas, s), load(betas, s + 1), load(betas, s + 2) + load(skips, s + 2))
                            store(betas, s, v + e)
                        else:
                            store(betas, s, full(betas, -math.inf))
                    if t == times - 1:
                        for s in range(max(states - 2, 0), states):
                            betas[s] = emitted[s]
                    for s in range(0, states, w):
                        a, b, e = load(alphas, t * width + 2 + s), load(betas, s), load(emitted, s)
                        store(shares, s, where(a + b == -math.inf, 0, exp(a + b - e - real(likelihood))))
                    for s in range(states):
                        gradient[t, k, labels[s]] -= scale * shares[s]


@inline
def _emit(log_probs, t, k, labels, states, emitted):
    """The logarithm of each state's probability at a time."""
    for s in range(states):
        emitted[s] = log_probs[t, k, labels[s]]


@inline
def _log_sum(a, b, c):
    """log(eᵃ + eᵇ + eᶜ)."""
    top = larger(larger(a, b), c)
    shift = where(top == -math.inf, 0, top)
    return shift + log(exp(a - shift) + exp(b - shift) + exp(c - shift))
