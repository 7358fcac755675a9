"""The walk through time on the CPU: a group of rows goes through all steps, and meets the whole weight in each.

    ┌───────┐   ┌────┬────┬────┬────┐┌────┬────┬────┬────┐
    │  h    │   │ i  │ f  │ g  │ o  ││ i  │ f  │ g  │ o  │ …    weightᵀ, packed once a call: a panel holds the gates of
    │ rows  │ × │    │    │    │    ││    │    │    │    │      one vector of hidden units side by side
    └───────┘   └────┴────┴────┴────┘└────┴────┴────┴────┘
                      a panel

What a panel makes of a tile of rows, all gates of the same units, goes from the nearest cache through the gates'
functions to the new state, which is kept apart from the old one until the step is done.

On the way back the gradients of a step's gates meet the weight as it lies, in panels of a tile's columns.

Rows don't depend on each other: threads share them out and never wait. A row's sums run in the same order in any tile.
"""

from ..jit import inline, task
from ..matmul.cpu import pack
from ..matmul.tile import MR, NV, multiply_rows, up
from ..simd import address, full, lanes, load, load_first, store, store_first

GROUP = 8 * MR  # rows that go through a step together: their states stay in the second-level cache


@inline
def pitch_of(x, n):
    """From one row of a state to the next: no power of two, for lines would push each other out of the cache."""
    return up(n, lanes(x)) + lanes(x)


@task
def pack_gates(weight, count, out):
    """weight (count · n, n) for the way there: out[panel, k, gate, lane] = weight[gate · n + unit, k]."""
    w, n = lanes(weight), weight.shape[1]
    for unit in range(0, n, w):
        for gate in range(count):
            start, panel = (gate * n + unit) * n, unit * n * count
            pack(weight, start, n, 1, min(w, n - unit), n, out, panel + gate * w, count * w)


@task
def pack_units(weight, out):
    """weight (depth, n) for the way back: out[panel, k, lane] = weight[k, unit], NV vectors of units a panel."""
    depth, n = weight.shape
    wide = NV * lanes(weight)
    for unit in range(0, n, wide):
        pack(weight, unit, 1, n, min(wide, n - unit), depth, out, unit * depth, wide)


@task
def product(a, start, pitch, rows, packed, panel, vectors, depth, sums):
    """sums[i, v] = Σₖ a[i, k] · packed[k, v], for rows ≤ MR and so many vectors v."""
    w = lanes(sums)
    wide = vectors * w
    for v in range(0, vectors, NV):
        n, there = min(NV, vectors - v) * w, address(packed, panel + v * w)
        multiply_rows(sums, v * w, wide, rows, n, address(a, start), pitch, there, wide, depth, 0)


@task
def first_state(state, rows, n, given, start, pitch):
    """state[i, …] = the rows of an array of n columns from `start` on, or 0 where there is none."""
    for i in range(rows):
        for j in range(0, n, lanes(state)):
            v = load_first(given, start + i * n + j, n - j, 0) if given.size else full(state, 0)
            store(state, i * pitch + j, v)


@inline
def copy_row(x, start, n, out, o):
    for j in range(0, n, lanes(out)):
        store_first(out, o + j, n - j, load_first(x, start + j, n - j, 0))


@inline
def fill_row(x, start, n, value):
    for j in range(0, n, lanes(x)):
        store_first(x, start + j, n - j, full(x, value))


@inline
def load_from(x, i, count):
    """The first `count` lanes from x[i], or 0 where there is no x."""
    return load_first(x, i, count, 0) if x.size else full(x, 0)


@inline
def sum_of(sums, place, x, i, bias, b, count):
    """A gate before its function: the state's part, the input's and the bias."""
    return load(sums, place) + load_first(x, i, count, 0) + load_from(bias, b, count)


@task
def through_weight(grads, pitch, rows, packed, depth, t, top, lengths, n, grad_h, sums):
    """grad_h = grads · weight, of the rows that step t counts for."""
    w = lanes(sums)
    for unit in range(0, n, NV * w):
        for p in range(0, rows, MR):
            m = min(MR, rows - p)
            product(grads, p * pitch, pitch, m, packed, unit * depth, NV, depth, sums)
            for i in range(m):
                row = top + p + i
                if t < lengths[row]:
                    for j in range(unit, min(unit + NV * w, n), w):
                        store_first(grad_h, row * n + j, n - j, load(sums, i * NV * w + j - unit))
