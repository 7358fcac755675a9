"""The LSTM on the CPU; see walk.py."""

import numpy as np

from ..jit import inline, kernel, task
from ..matmul.tile import MR, NV, up
from ..share import enough, share
from ..simd import fma, full, lanes, load, load_first, store, store_first
from ..vector_math import sigmoid, tanh
from .walk import (
    GROUP,
    copy_row,
    fill_row,
    first_state,
    load_from,
    pack_gates,
    pack_units,
    pitch_of,
    product,
    sum_of,
    through_weight,
)

FLAT = "real[::1]"


@kernel(
    f"in real[:, :, ::1], in real[:, ::1], in {FLAT}, in {FLAT}, in {FLAT}, in int64[::1], bool, "
    f"out real[:, :, ::1], out {FLAT}, out {FLAT}, out {FLAT}, out {FLAT}"
)
def lstm(gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells, threads):
    steps, rows, n = y.shape
    needed = steps > 1 or h0.size > 0
    packed = np.empty(up(n, lanes(y)) * 4 * n if needed else 0, y.dtype)
    if needed:
        pack_gates(weight, 4, packed)
    given, results = (gates, bias, h0, c0, lengths, reverse), (y, h_n, c_n, saved, cells)
    threads = enough(threads, steps * rows * n * (n // 2 + 32))
    share(_forward, (rows + MR - 1) // MR, threads, packed, given, results)


@task
def _forward(first, last, packed, given, results):
    gates, bias, h0, c0, lengths, reverse = given
    y, h_n, c_n, saved, cells = results
    steps, rows, n = y.shape
    w, pitch = lanes(y), pitch_of(y, n)
    size = min(GROUP, (last - first) * MR) * pitch
    h, new, sums = np.empty(size, y.dtype), np.empty(size, y.dtype), np.zeros(4 * MR * w, y.dtype)
    for top in range(first * MR, min(last * MR, rows), GROUP):
        group = min(GROUP, min(last * MR, rows) - top)
        first_state(h, group, n, h0, top * n, pitch)
        for i in range(top, top + group):
            if c0.size:
                copy_row(c0, i * n, n, c_n, i * n)
            else:
                fill_row(c_n, i * n, n, 0)
        for s in range(steps):
            t = steps - 1 - s if reverse else s
            for unit in range(0, n, w):
                count = min(w, n - unit)
                for p in range(0, group, MR):
                    m = min(MR, group - p)
                    if s or h0.size:
                        product(h, p * pitch, pitch, m, packed, unit * n * 4, 4, n, sums)
                    else:
                        sums[:] = 0
                    for i in range(m):
                        row, place = top + p + i, (p + i) * pitch + unit
                        if t < lengths[row]:
                            at = t * rows + row
                            v = _cell(
                                sums, 4 * w * i, gates, bias, c_n, saved, cells, at, row * n + unit, unit, n, count
                            )
                            store(new, place, v)
                            store_first(y, at * n + unit, count, v)
                        else:
                            store(new, place, load(h, place))
                            store_first(y, (t * rows + row) * n + unit, count, full(y, 0))
            h, new = new, h
        for i in range(group):
            copy_row(h, i * pitch, n, h_n, (top + i) * n)


@inline
def _cell(sums, place, gates, bias, c_n, saved, cells, at, state, unit, n, count):
    """A step of one vector of units: the new h."""
    w, here = lanes(sums), at * 4 * n + unit
    i = sigmoid(sum_of(sums, place, gates, here, bias, unit, count))
    f = sigmoid(sum_of(sums, place + w, gates, here + n, bias, n + unit, count))
    g = tanh(sum_of(sums, place + 2 * w, gates, here + 2 * n, bias, 2 * n + unit, count))
    o = sigmoid(sum_of(sums, place + 3 * w, gates, here + 3 * n, bias, 3 * n + unit, count))
    c = fma(f, load_first(c_n, state, count, 0), i * g)
    store_first(c_n, state, count, c)
    if saved.size:
        store_first(saved, here, count, i)
        store_first(saved, here + n, count, f)
        store_first(saved, here + 2 * n, count, g)
        store_first(saved, here + 3 * n, count, o)
        store_first(cells, at * n + unit, count, c)
    return o * tanh(c)


@kernel(
    f"in {FLAT}, in {FLAT}, in {FLAT}, in real[:, ::1], in {FLAT}, in int64[::1], bool, bool, "
    f"in real[:, :, ::1], in real[:, :, ::1], out {FLAT}, out {FLAT}, out {FLAT}"
)
def lstm_backward(
    grad, grad_h, grad_c, weight, c0, lengths, reverse, wanted, saved, cells, grad_gates, grad_h0, grad_c0, threads
):
    steps, rows, n = cells.shape
    needed = steps > 1 or wanted
    packed = np.empty(up(n, NV * lanes(cells)) * 4 * n if needed else 0, cells.dtype)
    if needed:
        pack_units(weight, packed)
    given = grad, grad_h, grad_c, c0, lengths, reverse, wanted, saved, cells
    threads = enough(threads, steps * rows * n * (n // 2 + 32))
    share(_backward, (rows + MR - 1) // MR, threads, packed, given, (grad_gates, grad_h0, grad_c0))


@task
def _backward(first, last, packed, given, results):
    grad, grad_h, grad_c, c0, lengths, reverse, wanted, saved, cells = given
    grad_gates, grad_h0, grad_c0 = results
    steps, rows, n = cells.shape
    w, pitch = lanes(cells), pitch_of(cells, 4 * n)
    grads = np.empty(min(GROUP, (last - first) * MR) * pitch, cells.dtype)
    sums = np.empty(NV * MR * w, cells.dtype)
    for top in range(first * MR, min(last * MR, rows), GROUP):
        group = min(GROUP, min(last * MR, rows) - top)
        for i in range(top * n, (top + group) * n, n):  # the outputs hold what has come from later steps
            for unit in range(0, n, w):
                store_first(grad_h0, i + unit, n - unit, load_from(grad_h, i + unit, n - unit))
                store_first(grad_c0, i + unit, n - unit, load_from(grad_c, i + unit, n - unit))
        for s in range(steps - 1, -1, -1):
            t = steps - 1 - s if reverse else s
            for i in range(group):
                row = top + i
                at = t * rows + row
                if t < lengths[row]:
                    begins = t == (lengths[row] - 1 if reverse else 0)
                    before = (at + (rows if reverse else -rows)) * n
                    for unit in range(0, n, w):
                        count, state = min(w, n - unit), row * n + unit
                        c = load_from(c0, state, count) if begins else load_first(cells, before + unit, count, 0)
                        dh = load_first(grad_h0, state, count, 0) + load_from(grad, at * n + unit, count)
                        _cell_backward(dh, c, saved, cells, at, unit, n, count, grad_c0, state, grads, i * pitch)
                    copy_row(grads, i * pitch, 4 * n, grad_gates, at * 4 * n)
                else:
                    fill_row(grad_gates, at * 4 * n, 4 * n, 0)
            if s or wanted:
                through_weight(grads, pitch, group, packed, 4 * n, t, top, lengths, n, grad_h0, sums)


@inline
def _cell_backward(dh, before, saved, cells, at, unit, n, count, grad_c, state, grads, place):
    """The gradients of a vector's gates, and that of the cell before."""
    here, there = at * 4 * n + unit, place + unit
    i, f = load_first(saved, here, count, 0), load_first(saved, here + n, count, 0)
    g, o = load_first(saved, here + 2 * n, count, 0), load_first(saved, here + 3 * n, count, 0)
    t = tanh(load_first(cells, at * n + unit, count, 0))
    dc = fma(dh * o, 1 - t * t, load_first(grad_c, state, count, 0))
    store_first(grad_c, state, count, dc * f)
    store_first(grads, there, count, dc * g * (i * (1 - i)))
    store_first(grads, there + n, count, dc * before * (f * (1 - f)))
    store_first(grads, there + 2 * n, count, dc * i * (1 - g * g))
    store_first(grads, there + 3 * n, count, dh * t * (o * (1 - o)))
