"""Launch geometry of the recurrent kernels: one launch for all steps, or, where the weight is large, one for each.

Kernels take what all cells have (see steps.cuh and tiles.cuh), then the cell's own arrays and flags.
"""

import numpy as np

from .. import cuda

ROWS, TILE, VECTOR = 4, 16, 16  # as in steps.cuh, tiles.cuh, packed.cuh: rows, rows and units, bytes
SHARED = 48 << 10  # bytes of shared memory that a block of any GPU has
# Bytes of a weight from which on each step is a launch. A multiprocessor reads some 64 bytes a cycle from the
# second-level cache: these in 5 µs, which is about what a launch takes.
LARGE = 512 << 10


class Sources:
    """gpu.cu beside a Python file, with what a block keeps in shared memory, or, where that is too small, far away."""

    def __init__(self, beside: str):
        self.near, self.far = cuda.Source(beside), cuda.Source(beside, FAR=1)


def begin(state, given):
    """A state before the first step, or a gradient after the last: the one that is given, or zeros."""
    state[...] = given if given.size else 0


def forward(device, sources, name, weight, lengths, reverse, h0, y, h_n, arrays, flags):
    """The way there: the states before and after a step meet the transposed weight."""
    begin(h_n, h0)
    steps, rows, n = y.shape
    if not h_n.size:
        return
    packed, pitch = _pack(device, sources, weight.T)
    flags = _flags(reverse, *flags)
    if weight.nbytes < LARGE:
        _all_steps(device, sources, name, 2 * pitch, y.shape, packed, (lengths, y, h_n, *arrays), flags)
        return
    states = device.empty((2, rows, pitch), y.dtype)
    states[...] = 0
    before, after = states[0], states[1]
    before[:, :n] = h_n
    for step in range(steps):
        t = steps - 1 - step if reverse else step
        _step(device, sources, f"{name}_step", (packed, before, after, lengths, y, *arrays), flags, t, rows, n)
        before, after = after, before
    h_n[...] = before[:, :n]


def backward(device, sources, name, weight, lengths, reverse, grad, grad_h, grad_h0, shape, arrays, flags):
    """The way back: the gradients of a step's gates meet the weight as it lies."""
    begin(grad_h0, grad_h)
    steps, rows, n = shape
    if not grad_h0.size:
        return
    packed, pitch = _pack(device, sources, weight)
    flags = _flags(grad.size, reverse, *flags)
    if weight.nbytes < LARGE:
        _all_steps(device, sources, name, pitch, shape, packed, (grad, lengths, grad_h0, *arrays), flags)
        return
    grads = device.empty((2, rows, pitch), weight.dtype)
    grads[...] = 0
    later, here = grads[0], grads[1]
    order = range(steps) if reverse else range(steps - 1, -1, -1)
    # The last launch takes the first step's gradients through the weight, no more.
    for later_t, t in zip([-1, *order], [*order, -1]):
        arguments = packed, later, here, grad, lengths, grad_h0, *arrays
        _step(device, sources, f"{name}_step", arguments, flags, later_t, t, rows, n)
        later, here = here, later


def _flags(*flags):
    return tuple(np.int32(bool(flag)) for flag in flags)


def _pack(device, sources, matrix):
    """The matrix as packed.cuh draws it, and its depth in whole vectors."""
    (depth, columns), vector = matrix.shape, VECTOR // matrix.itemsize
    pitch = -(-depth // vector) * vector
    packed = device.empty((pitch * columns,), matrix.dtype)
    down, across = (np.int64(stride // matrix.itemsize) for stride in matrix.strides)
    sizes = down, across, np.int64(depth), np.int64(columns)
    cuda.elementwise(device, sources.near, "pack", packed.size, matrix, packed, *sizes)
    return packed, pitch


def _all_steps(device, sources, name, numbers, shape, packed, arrays, flags):
    """Blocks that keep so many numbers for each of their rows."""
    _, rows, n = shape
    blocks, threads, own = cuda.blocks(rows, ROWS), min(256, -(-n // 32) * 32), numbers * ROWS
    shared = own * packed.itemsize
    fits = shared <= SHARED
    far = device.empty((0 if fits else blocks * own,), packed.dtype)
    source, shared = (sources.near, shared) if fits else (sources.far, 0)
    arguments = packed, far, *arrays, *flags, *(np.int64(size) for size in shape)
    device.launch(source, name, packed.dtype, blocks, threads, arguments, shared)


def _step(device, sources, name, arrays, flags, *sizes):
    *_, rows, n = sizes
    tiles = cuda.blocks(rows, TILE) * cuda.blocks(n, TILE)
    arguments = *arrays, *flags, *(np.int64(size) for size in sizes)
    device.launch(sources.near, name, arrays[0].dtype, tiles, TILE * TILE // 2, arguments)
