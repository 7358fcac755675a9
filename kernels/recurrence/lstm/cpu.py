"""The LSTM on the CPU; see walk.py."""

import numpy as np

from ...jit import inline, kernel
from ...matmul.tile import NV, up
from ...share import share
from ...simd import fma, lanes, load, load_first, store_first
from ...vector_math import sigmoid, tanh
from ..walk import (
    FLAT,
    STATE,
    STEPS,
    backward,
    begin,
    forward,
    is_packed,
    load_from,
    pack_gates,
    pack_units,
    pairs,
    worth,
)


@kernel(
    f"in {FLAT}, in {STATE}, in {FLAT}, in {FLAT}, in {FLAT}, in int64[::1], bool, "
    f"out {STEPS}, out {FLAT}, out {FLAT}, out {FLAT}, out {FLAT}"
)
def lstm(gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells, threads):
    steps, rows, n = y.shape
    needed = is_packed(steps, rows, h0)
    packed = np.empty(4 * n * up(n, lanes(y)) if needed else 0, y.dtype)
    if needed:
        pack_gates(weight, 4, packed)
    begin(c0, c_n)
    threads, own = worth(threads, steps, rows, n, 4), (gates, bias, c_n, saved, cells)
    share(forward, pairs(rows), threads, apply_gates, 4, weight, packed, h0, lengths, reverse, y, h_n, own)


@inline
def apply_gates(sums, place, h, start, at, row, n, gates, bias, c_n, saved, cells):
    """The new h of a row; its cells lie in c_n."""
    w = lanes(sums)
    for unit in range(0, n, w):
        some, state, here, i_at = min(w, n - unit), row * n + unit, place + unit * 4, at * 4 * n + unit
        f_at, g_at, o_at = i_at + n, i_at + 2 * n, i_at + 3 * n
        i = load(sums, here) + load_first(gates, i_at, some, 0) + load_from(bias, unit, some)
        f = load(sums, here + w) + load_first(gates, f_at, some, 0) + load_from(bias, n + unit, some)
        g = load(sums, here + 2 * w) + load_first(gates, g_at, some, 0) + load_from(bias, 2 * n + unit, some)
        o = load(sums, here + 3 * w) + load_first(gates, o_at, some, 0) + load_from(bias, 3 * n + unit, some)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
        c = fma(f, load_first(c_n, state, some, 0), i * g)
        store_first(c_n, state, some, c)
        store_first(h, start + unit, some, o * tanh(c))
        if saved.size:
            store_first(saved, i_at, some, i)
            store_first(saved, f_at, some, f)
            store_first(saved, g_at, some, g)
            store_first(saved, o_at, some, o)
            store_first(cells, at * n + unit, some, c)


@kernel(
    f"in {FLAT}, in {FLAT}, in {FLAT}, in {STATE}, in {FLAT}, in int64[::1], bool, bool, "
    f"in {FLAT}, in {FLAT}, out {STEPS}, out {STATE}, out {FLAT}"
)
def lstm_backward(
    grad, grad_h, grad_c, weight, c0, lengths, reverse, wanted, saved, cells, grad_gates, grad_h0, grad_c0, threads
):
    rows, n = grad_h0.shape
    needed = grad_gates.shape[0] > 1 or wanted
    packed = np.empty(4 * n * up(n, NV * lanes(grad_h0)) if needed else 0, grad_h0.dtype)
    if needed:
        pack_units(weight, packed)
    begin(grad_h, grad_h0)
    begin(grad_c, grad_c0)
    threads, own = worth(threads, grad_gates.shape[0], rows, n, 4), (saved, cells, c0, grad_c0)
    share(backward, pairs(rows), threads, _gates_backward, 4, packed, grad, lengths, reverse, wanted, False, grad_h0,
          grad_gates, grad_h[:0], own)  # fmt: skip


@inline
def _gates_backward(grad_h, grad, at, before, row, n, grads, place, saved, cells, c0, grad_c):
    for unit in range(0, n, lanes(grads)):
        some, state, here = min(lanes(grads), n - unit), row * n + unit, at * 4 * n + unit
        dh = load_first(grad_h, state, some, 0) + load_from(grad, at * n + unit, some)
        i, f = load_first(saved, here, some, 0), load_first(saved, here + n, some, 0)
        g, o = load_first(saved, here + 2 * n, some, 0), load_first(saved, here + 3 * n, some, 0)
        last = load_from(c0, state, some) if before < 0 else load_first(cells, before * n + unit, some, 0)
        t = tanh(load_first(cells, at * n + unit, some, 0))
        dc = fma(dh * o, 1 - t * t, load_first(grad_c, state, some, 0))
        store_first(grad_c, state, some, dc * f)
        store_first(grads, place + unit, some, dc * g * (i * (1 - i)))
        store_first(grads, place + n + unit, some, dc * last * (f * (1 - f)))
        store_first(grads, place + 2 * n + unit, some, dc * i * (1 - g * g))
        store_first(grads, place + 3 * n + unit, some, dh * t * (o * (1 - o)))
