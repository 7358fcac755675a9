"""The walk through time on the CPU: a group of rows goes through all steps, and meets the whole weight in each.

    ┌───────┐   ┌────┬────┬────┬────┐┌────┬────┬────┬────┐
    │  h    │   │ i  │ f  │ g  │ o  ││ i  │ f  │ g  │ o  │ …    weightᵀ, packed once a call: a panel holds the gates of
    │ rows  │ × │    │    │    │    ││    │    │    │    │      one vector of hidden units side by side
    └───────┘   └────┴────┴────┴────┘└────┴────┴────┴────┘
                      a panel

A panel meets all rows of the group while it is in the nearest cache. What a step's panels make of the group stays in
the second-level cache, and goes from there, row by row as arrays lie in memory, through the gates' functions to the new
state: a panel at a time they would touch a line of each array here and there, which costs as much as the product.

On the way back the gradients of a step's gates meet the weight as it lies, in panels of a tile's columns.

Rows don't depend on each other: threads share them out and never wait. A row's sums run in the same order in any tile.
"""

import numpy as np

from ..jit import inline, task
from ..matmul.cpu import pack
from ..matmul.tile import MR, NV, is_height, multiply_rows, up
from ..share import enough
from ..simd import add_lanes, address, fma, full, lanes, load, load_first, store, store_first

# The types of kernels' arguments.
FLAT, STATE, STEPS = "real[::1]", "real[:, ::1]", "real[:, :, ::1]"
FEW = 8  # rows, of all steps together, for which packing the weight takes longer than it saves
GROUP = 8 * MR  # rows that go through a step together: their states stay in the second-level cache


@inline
def pitch_of(x, n):
    """From one row of a state to the next: no power of two, for lines would push each other out of the cache."""
    return up(n, lanes(x)) + lanes(x)


@task
def pack_gates(weight, count, out):
    """weight (count · n, n) for the way there: out[panel, pair, k, gate, lane] = weight[gate · n + unit, k].

    A pair is NV gates, or what is left of them.
    """
    w, n = lanes(weight), weight.shape[1]
    for unit in range(0, n, w):
        for gate in range(count):
            first = gate // NV * NV
            wide, place = min(NV, count - first) * w, n * (unit * count + first * w) + (gate - first) * w
            pack(weight, (gate * n + unit) * n, n, 1, min(w, n - unit), n, out, place, wide)


@task
def pack_units(weight, out):
    """weight (depth, n) for the way back: out[panel, k, lane] = weight[k, unit], NV vectors of units a panel."""
    depth, n = weight.shape
    wide = NV * lanes(weight)
    for unit in range(0, n, wide):
        pack(weight, unit, 1, n, min(wide, n - unit), depth, out, unit * depth, wide)


@task
def product(a, start, pitch, rows, packed, panel, vectors, depth, sums, place, apart):
    """sums[place + apart · i + v] = Σₖ a[i, k] · packed[k, v], for rows ≤ MR and so many vectors v."""
    w = lanes(sums)
    for v in range(0, vectors, NV):
        wide, there = min(NV, vectors - v) * w, address(packed, panel + v * w * depth)
        multiply_rows(sums, place + v * w, apart, rows, wide, address(a, start), pitch, there, wide, depth, 0)


@task
def dots(a, start, pitch, rows, weight, unit, count, sums, place, apart):
    """What `product` makes for a vector of units, from the weight as it lies."""
    w, n = lanes(sums), weight.shape[1]
    for i in range(rows):
        for gate in range(count):
            for lane in range(min(w, n - unit)):
                line, total = (gate * n + unit + lane) * n, full(sums, 0)
                for k in range(0, n, w):
                    one = load_first(a, start + pitch * i + k, n - k, 0)
                    total = fma(one, load_first(weight, line + k, n - k, 0), total)
                sums[place + apart * i + gate * w + lane] = add_lanes(total)


@inline
def is_packed(steps, rows, h0):
    """Whether the weight meets so many rows on the way there that packing it pays."""
    return (steps if h0.size else steps - 1) * rows >= FEW


@inline
def pairs(rows):
    """How many pieces there are to share out: two rows each, since whole tiles would be too few to be shared evenly."""
    return (rows + 1) // 2


@inline
def height(rows):
    """Of tiles for so many rows, all about alike: 16 rows are 8 and 8, not 12 and 4, which would take as long as 24."""
    count = (rows + MR - 1) // MR
    tile = (rows + count - 1) // count
    while not is_height(tile):
        tile += 1
    return tile


@inline
def worth(threads, steps, rows, n, count):
    return enough(threads, steps * rows * n * count * (n // 8 + 8))


@inline
def copy_row(x, start, n, out, o):
    for j in range(0, n, lanes(out)):
        store_first(out, o + j, n - j, load_first(x, start + j, n - j, 0))


@inline
def fill_row(x, start, n, value):
    for j in range(0, n, lanes(x)):
        store_first(x, start + j, n - j, full(x, value))


@inline
def begin(given, state):
    """state = given, flat, or 0 where there is none."""
    if given.size:
        copy_row(given, 0, state.size, state, 0)
    else:
        fill_row(state, 0, state.size, 0)


@inline
def load_from(x, i, count):
    """The first `count` lanes from x[i], or 0 where there is no x."""
    return load_first(x, i, count, 0) if x.size else full(x, 0)


@inline
def turned(k, last, step):
    """Every other step goes through the weight from its end: what the step before read last is still in the cache."""
    return last - k if step % 2 else k


@task
def forward(first, last, apply_gates, count, weight, packed, h0, lengths, reverse, y, h_n, own):
    """Pairs first … last − 1 of rows, through all steps.

    apply_gates(sums, place, h, start, step and row, row, n, *own) makes a row's new h, from h[start] on, of its sums.
    """
    steps, rows, n = y.shape
    w, pitch = lanes(y), pitch_of(y, n)
    line, size = count * up(n, w), min(GROUP, (last - first) * 2)
    h, sums = np.empty(size * pitch, y.dtype), np.empty(size * line, y.dtype)
    end = min(last * 2, rows)
    for top in range(first * 2, end, GROUP):
        group = min(GROUP, end - top)
        tile = height(group)
        sums[:] = 0  # for a first step that begins with nothing
        for i in range(group):
            for unit in range(0, n, w):
                store(h, i * pitch + unit, load_from(h0, (top + i) * n + unit, n - unit))
        for s in range(steps):
            t = steps - 1 - s if reverse else s
            for k in range(0, n if s or h0.size else 0, w):
                unit = turned(k, up(n, w) - w, s)
                for p in range(0, group, tile):
                    m, place = min(tile, group - p), p * line + unit * count
                    if packed.size:
                        product(h, p * pitch, pitch, m, packed, unit * n * count, count, n, sums, place, line)
                    else:
                        dots(h, p * pitch, pitch, m, weight, unit, count, sums, place, line)
            for i in range(group):
                row = top + i
                at = t * rows + row
                if t < lengths[row]:
                    apply_gates(sums, i * line, h, i * pitch, at, row, n, *own)
                    copy_row(h, i * pitch, n, y, at * n)
                else:
                    fill_row(y, at * n, n, 0)
        for i in range(group):
            copy_row(h, i * pitch, n, h_n, (top + i) * n)


@task
def backward(
    first, last, gates_backward, count, packed, grad, lengths, reverse, wanted, carry, grad_h, grad_gates, inner, own
):
    """The way back of those rows; grad_h holds what has come from later steps.

    gates_backward(grad_h, grad, step and row, the same before or −1, row, n, grads, place, *own) leaves gradients of
    a row's gates in `grads`, from grad_h + grad. Where they `carry`, it leaves in grad_h what doesn't go through the
    weight. Where what the weight adds to the last gate has a gradient of its own (`inner`), that follows, and takes the
    last one's place.
    """
    rows, n = lengths.size, grad_h.shape[1]
    steps = grad_gates.shape[0]
    width, w = count * n, lanes(grad_h)
    pitch = pitch_of(grad_h, width + n)
    grads = np.empty(min(GROUP, (last - first) * 2) * pitch, grad_h.dtype)
    sums = np.empty(NV * MR * w, grad_h.dtype)
    end = min(last * 2, rows)
    for top in range(first * 2, end, GROUP):
        group = min(GROUP, end - top)
        tile = height(group)
        for s in range(steps - 1, -1, -1):
            t = steps - 1 - s if reverse else s
            for i in range(group):
                row, place = top + i, i * pitch
                at = t * rows + row
                if t < lengths[row]:
                    begins = t == (lengths[row] - 1 if reverse else 0)
                    before = -1 if begins else at + (rows if reverse else -rows)
                    gates_backward(grad_h, grad, at, before, row, n, grads, place, *own)
                    copy_row(grads, place, width, grad_gates, at * width)
                    if inner.size:
                        copy_row(grads, place + width, n, inner, at * n)
                        copy_row(grads, place + width, n, grads, place + width - n)
                else:
                    fill_row(grad_gates, at * width, width, 0)
                    if inner.size:
                        fill_row(inner, at * n, n, 0)
            if s or wanted:
                through_weight(grads, pitch, group, tile, packed, width, t, top, lengths, n, carry, grad_h, sums)


@task
def through_weight(grads, pitch, rows, tile, packed, depth, t, top, lengths, n, carries, grad_h, sums):
    """grad_h = grads · weight (and what it carries), of the rows that step t counts for."""
    w = lanes(sums)
    for k in range(0, n, NV * w):
        unit = turned(k, up(n, NV * w) - NV * w, t)
        for p in range(0, rows, tile):
            m = min(tile, rows - p)
            product(grads, p * pitch, pitch, m, packed, unit * depth, NV, depth, sums, 0, NV * w)
            for i in range(m):
                row = top + p + i
                if t < lengths[row]:
                    for j in range(unit, min(unit + NV * w, n), w):
                        v, state = load(sums, i * NV * w + j - unit), row * n + j
                        store_first(grad_h, state, n - j, v + load_first(grad_h, state, n - j, 0) if carries else v)
