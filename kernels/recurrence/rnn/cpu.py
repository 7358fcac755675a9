"""The plain recurrent network on the CPU; see walk.py."""

import numpy as np

from ...activations.formulas import relu, relu_backward, tanh_backward
from ...jit import inline, kernel
from ...matmul.tile import NV, up
from ...share import share
from ...simd import lanes, load, load_first, store_first
from ...vector_math import tanh
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


@kernel(f"in {FLAT}, in {STATE}, in {FLAT}, in {FLAT}, in int64[::1], bool, bool, out {STEPS}, out {FLAT}")
def rnn(gates, weight, bias, h0, lengths, reverse, is_relu, y, h_n, threads):
    steps, rows, n = y.shape
    needed = is_packed(steps, rows, h0)
    packed = np.empty(n * up(n, lanes(y)) if needed else 0, y.dtype)
    if needed:
        pack_gates(weight, 1, packed)
    threads, own = worth(threads, steps, rows, n, 1), (gates, bias, is_relu)
    share(forward, pairs(rows), threads, _apply_gates, 1, weight, packed, h0, lengths, reverse, y, h_n, own)


@inline
def _apply_gates(sums, place, h, start, at, row, n, gates, bias, is_relu):
    for unit in range(0, n, lanes(sums)):
        some = n - unit
        v = load(sums, place + unit) + load_first(gates, at * n + unit, some, 0) + load_from(bias, unit, some)
        store_first(h, start + unit, some, relu(v) if is_relu else tanh(v))


@kernel(f"in {FLAT}, in {FLAT}, in {STATE}, in int64[::1], bool, bool, bool, in {FLAT}, out {STEPS}, out {STATE}")
def rnn_backward(grad, grad_h, weight, lengths, reverse, wanted, is_relu, y, grad_gates, grad_h0, threads):
    steps, rows, n = grad_gates.shape
    needed = steps > 1 or wanted
    packed = np.empty(n * up(n, NV * lanes(grad_h0)) if needed else 0, grad_h0.dtype)
    if needed:
        pack_units(weight, packed)
    begin(grad_h, grad_h0)
    threads, own = worth(threads, steps, rows, n, 1), (y, is_relu)
    share(backward, pairs(rows), threads, _gates_backward, 1, packed, grad, lengths, reverse, wanted, False, grad_h0,
          grad_gates, grad_h[:0], own)  # fmt: skip


@inline
def _gates_backward(grad_h, grad, at, before, row, n, grads, place, y, is_relu):
    for unit in range(0, n, lanes(grads)):
        some, here = n - unit, at * n + unit
        dh, v = load_first(grad_h, row * n + unit, some, 0) + load_from(grad, here, some), load_first(y, here, some, 0)
        store_first(grads, place + unit, some, relu_backward(dh, v) if is_relu else tanh_backward(dh, v))
