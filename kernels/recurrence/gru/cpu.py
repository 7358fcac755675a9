"""The GRU on the CPU; see walk.py."""

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
    f"in {FLAT}, in {STATE}, in {FLAT}, in {FLAT}, in int64[::1], bool, out {STEPS}, out {FLAT}, out {FLAT}, out {FLAT}"
)
def gru(gates, weight, bias, h0, lengths, reverse, y, h_n, saved, inner, threads):
    steps, rows, n = y.shape
    needed = is_packed(steps, rows, h0)
    packed = np.empty(3 * n * up(n, lanes(y)) if needed else 0, y.dtype)
    if needed:
        pack_gates(weight, 3, packed)
    threads, own = worth(threads, steps, rows, n, 3), (gates, bias, saved, inner)
    share(forward, pairs(rows), threads, _apply_gates, 3, weight, packed, h0, lengths, reverse, y, h_n, own)


@inline
def _apply_gates(sums, place, h, start, at, row, n, gates, bias, saved, inner):
    w = lanes(sums)
    for unit in range(0, n, w):
        some, here, r_at = min(w, n - unit), place + unit * 3, at * 3 * n + unit
        z_at, n_at = r_at + n, r_at + 2 * n
        r = load(sums, here) + load_first(gates, r_at, some, 0) + load_from(bias, unit, some)
        z = load(sums, here + w) + load_first(gates, z_at, some, 0) + load_from(bias, n + unit, some)
        from_h = load(sums, here + 2 * w) + load_from(bias, 2 * n + unit, some)
        r, z = sigmoid(r), sigmoid(z)
        new = tanh(fma(r, from_h, load_first(gates, n_at, some, 0)))
        store_first(h, start + unit, some, fma(z, load_first(h, start + unit, some, 0) - new, new))
        if saved.size:
            store_first(saved, r_at, some, r)
            store_first(saved, z_at, some, z)
            store_first(saved, n_at, some, new)
            store_first(inner, at * n + unit, some, from_h)


@kernel(
    f"in {FLAT}, in {FLAT}, in {STATE}, in {FLAT}, in int64[::1], bool, bool, "
    f"in {FLAT}, in {FLAT}, in {FLAT}, out {STEPS}, out {FLAT}, out {STATE}"
)
def gru_backward(
    grad, grad_h, weight, h0, lengths, reverse, wanted, y, saved, inner, grad_gates, grad_inner, grad_h0, threads
):
    rows, n = grad_h0.shape
    needed = grad_gates.shape[0] > 1 or wanted
    packed = np.empty(3 * n * up(n, NV * lanes(grad_h0)) if needed else 0, grad_h0.dtype)
    if needed:
        pack_units(weight, packed)
    begin(grad_h, grad_h0)
    threads, own = worth(threads, grad_gates.shape[0], rows, n, 3), (y, saved, inner, h0)
    share(backward, pairs(rows), threads, _gates_backward, 3, packed, grad, lengths, reverse, wanted, True, grad_h0,
          grad_gates, grad_inner, own)  # fmt: skip


@inline
def _gates_backward(grad_h, grad, at, before, row, n, grads, place, y, saved, inner, h0):
    for unit in range(0, n, lanes(grads)):
        some, state, here = min(lanes(grads), n - unit), row * n + unit, at * 3 * n + unit
        dh = load_first(grad_h, state, some, 0) + load_from(grad, at * n + unit, some)
        r, z = load_first(saved, here, some, 0), load_first(saved, here + n, some, 0)
        new = load_first(saved, here + 2 * n, some, 0)
        last = load_from(h0, state, some) if before < 0 else load_first(y, before * n + unit, some, 0)
        d_new = dh * (1 - z) * (1 - new * new)
        store_first(grad_h, state, some, dh * z)
        store_first(grads, place + unit, some, d_new * load_first(inner, at * n + unit, some, 0) * (r * (1 - r)))
        store_first(grads, place + n + unit, some, dh * (last - new) * (z * (1 - z)))
        store_first(grads, place + 2 * n + unit, some, d_new)
        store_first(grads, place + 3 * n + unit, some, d_new * r)
