"""Convolution on the CPU: which algorithm serves which shape, and what it has to know of it."""

import numpy as np

from ..jit import inline, kernel
from ..matmul.tile import MR, tile_columns
from ..share import enough, share
from .weight import weight_gradient_of
from .windows import correlate, pack_weight, pieces

ARRAY = "real[:, :, :, :, ::1]"


@kernel(f"in {ARRAY}, in {ARRAY}, in real[::1], in int64[::1], int64, out {ARRAY}")
def convolution(x, weight, bias, geometry, precision, out, threads):
    groups, window = geometry[9], weight.shape[2:]
    walk, frame = _seen(geometry, window, out.shape[2:])
    outputs, terms = weight.shape[0] // groups, weight.size // weight.shape[0]
    packed = np.empty((groups, (outputs + MR - 1) // MR, terms, MR), x.dtype)
    pack_weight(weight, 0, terms, 1, groups, outputs, terms, packed, 0)
    place = 0, out.shape[3] * out.shape[4], out.shape[4], 1
    offsets = _offsets(weight.shape[1], window, geometry, frame)
    _share(x, packed, offsets, bias, frame, walk, place, out, threads)


@kernel(f"in {ARRAY}, in {ARRAY}, in real[::1], in int64[::1], int64, out {ARRAY}")
def transposed(x, weight, bias, geometry, precision, out, threads):
    # With a stride s, places q of the result with the same remainder by s see the same part of the window: for each
    # such phase, it is a convolution of its own, whose positions lie s apart in the result.
    groups = geometry[9]
    inputs, outputs, places = x.shape[1] // groups, weight.shape[1], weight[0, 0].size
    before, sizes = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        stride, pad, reach = geometry[axis], geometry[3 + axis], geometry[6 + axis] * (weight.shape[2 + axis] - 1)
        before[axis] = max(0, (reach - pad) // stride)
        sizes[axis] = before[axis] + (out.shape[2 + axis] - 1 + pad) // stride + 1
    frame = before[0], before[1], before[2], sizes[0], sizes[1], sizes[2], 1
    first, used = np.empty((3, max(weight.shape[2:]), 2), np.int64), np.empty(3, np.int64)
    for phase_z in range(geometry[0]):
        for phase_y in range(geometry[1]):
            for phase_x in range(geometry[2]):
                phase = phase_z, phase_y, phase_x
                for axis in range(3):
                    used[axis] = _phase(geometry, axis, phase[axis], weight.shape[2 + axis], first)
                terms = used[0] * used[1] * used[2] * inputs
                packed = np.empty((groups, (outputs + MR - 1) // MR, terms, MR), x.dtype)
                offsets = np.empty(terms, np.int64)
                k = 0
                for i in range(used[0]):
                    for j in range(used[1]):
                        for l in range(used[2]):
                            tap = (first[0, i, 0] * weight.shape[3] + first[1, j, 0]) * weight.shape[4] + first[2, l, 0]
                            pack_weight(weight, tap, places, outputs * places, groups, outputs, inputs, packed, k)
                            z, y = first[0, i, 1] + before[0], first[1, j, 1] + before[1]
                            start = (z * sizes[1] + y) * sizes[2] + first[2, l, 1] + before[2]
                            for channel in range(inputs):
                                offsets[k + channel] = channel * sizes[0] * sizes[1] * sizes[2] + start
                            k += inputs
                place = _placed(geometry, phase, out.shape[2:])
                walk = _walked(geometry, phase, out.shape[2:], sizes)
                if walk[0] * walk[1] * walk[2]:
                    _share(x, packed, offsets, bias, frame, walk, place, out, threads)


@kernel(f"in {ARRAY}, in {ARRAY}, in int64[::1], int64, out {ARRAY}")
def weight_gradient(grad, x, geometry, precision, out, threads):
    walk, frame = _seen(geometry, out.shape[2:], grad.shape[2:])
    offsets = _offsets(out.shape[1], out.shape[2:], geometry, frame)
    weight_gradient_of(grad, x, geometry[9], frame, walk, offsets, out, threads)


@inline
def _share(x, packed, offsets, bias, frame, walk, place, out, threads):
    groups, _, terms, _ = packed.shape
    positions = walk[0] * walk[1] * walk[2]
    outputs = out.shape[1] // groups
    threads = enough(threads, x.shape[0] * positions * groups * outputs * (terms + 8) // 8)
    block, parts = pieces(x.shape[0], groups, positions, tile_columns(x), threads)
    count = (x.shape[0] + block - 1) // block * groups * parts
    share(correlate, count, threads, x, packed, offsets, bias, frame, walk, place, block, parts, out)


@inline
def _seen(geometry, window, size):
    """How a convolution's positions walk through images, and what is to be seen of those, zeros around them included.

    A walk is (positions down, and across, three axes; steps in memory from one to the next, two axes); a frame (zeros
    before an image, three axes; its depth, height, width; how many images the width is cut into).
    """
    depth = (size[0] - 1) * geometry[0] + (window[0] - 1) * geometry[6] + 1
    height = (size[1] - 1) * geometry[1] + (window[1] - 1) * geometry[7] + 1
    width = (size[2] - 1) * geometry[2] + (window[2] - 1) * geometry[8] + 1
    phases = geometry[2]
    pitch = (width + phases - 1) // phases
    walk = size[0], size[1], size[2], geometry[0] * height * phases * pitch, geometry[1] * phases * pitch
    return walk, (geometry[3], geometry[4], geometry[5], depth, height, pitch, phases)


@inline
def _offsets(channels, window, geometry, frame):
    """How far each place of the window lies from its first one, channel by channel."""
    _, _, _, depth, height, pitch, phases = frame
    offsets = np.empty(channels * window[0] * window[1] * window[2], np.int64)
    k = 0
    for c in range(channels):
        for i in range(window[0]):
            for j in range(window[1]):
                for l in range(window[2]):
                    row = ((c * depth + i * geometry[6]) * height + j * geometry[7]) * phases
                    column = l * geometry[8]
                    offsets[k] = (row + column % phases) * pitch + column // phases
                    k += 1
    return offsets


@inline
def _phase(geometry, axis, phase, window, places):
    """The places of the window that count in a phase, and how far from a position they are seen; how many."""
    stride, pad, space = geometry[axis], geometry[3 + axis], geometry[6 + axis]
    found = 0
    for k in range(window):
        if (phase + pad - k * space) % stride == 0:
            places[axis, found, 0], places[axis, found, 1] = k, (phase + pad - k * space) // stride
            found += 1
    return found


@inline
def _placed(geometry, phase, size):
    """Where a phase's first position lies in the result, and how far apart they are."""
    start = (phase[0] * size[1] + phase[1]) * size[2] + phase[2]
    return start, geometry[0] * size[1] * size[2], geometry[1] * size[2], geometry[2]


@inline
def _walked(geometry, phase, size, sizes):
    z = max(0, (size[0] - phase[0] + geometry[0] - 1) // geometry[0])
    y = max(0, (size[1] - phase[1] + geometry[1] - 1) // geometry[1])
    x = max(0, (size[2] - phase[2] + geometry[2] - 1) // geometry[2])
    return z, y, x, sizes[1] * sizes[2], sizes[2]
