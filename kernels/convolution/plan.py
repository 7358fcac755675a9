"""What a convolution's kernels have to know of its geometry: what is seen where, and where results belong.

Images are copied with zeros around them, into a `frame`. There each term, a channel and a place in the window, lies at
a fixed distance `offsets[k]` from the place of the position that sees it, and nothing needs to be checked.

With stride s along the width, rows are copied as s rows, each of every s-th column, so that neighbouring positions see
neighbours there, too:

    stride 2:    a b c d e f   →   a c e │ b d f

A transposed convolution of stride s is s convolutions of stride 1 along each axis: places of the result with the same
remainder by s see the same part of the window. Each such *phase* has terms of its own, and its positions lie s apart in
the result. A convolution has one phase.

    phases[i] = first term, number of terms, positions down and across (z, y, x), where the first one belongs in the
                result's image, how far apart they are there (z, y, x)
"""

import numpy as np

from ..jit import inline
from ..matmul.tile import MR

FIRST, TERMS, SIZE_Z, SIZE_Y, SIZE_X, START, BY_Z, BY_Y, BY_X = range(9)


@inline
def convolution_frame(geometry, window, size, split):
    """What is to be seen of images, and the steps there from a position to the next along z, y, x.

    A frame is (zeros before an image along z, y, x; its depth, height, width; how many rows each row is split into).
    """
    depth = (size[0] - 1) * geometry[0] + (window[0] - 1) * geometry[6] + 1
    height = (size[1] - 1) * geometry[1] + (window[1] - 1) * geometry[7] + 1
    width = (size[2] - 1) * geometry[2] + (window[2] - 1) * geometry[8] + 1
    parts = geometry[2] if split else 1
    pitch = (width + parts - 1) // parts
    row = parts * pitch
    steps = geometry[0] * height * row, geometry[1] * row, 1 if split else geometry[2]
    return (geometry[3], geometry[4], geometry[5], depth, height, pitch, parts), steps


@inline
def frame_size(frame):
    """Elements of a channel in it."""
    return frame[3] * frame[4] * frame[5] * frame[6]


@inline
def convolution_offsets(channels, window, geometry, frame):
    _, _, _, depth, height, pitch, parts = frame
    offsets = np.empty(channels * window[0] * window[1] * window[2], np.int64)
    k = 0
    for c in range(channels):
        for i in range(window[0]):
            for j in range(window[1]):
                for m in range(window[2]):
                    row = ((c * depth + i * geometry[6]) * height + j * geometry[7]) * parts
                    column = m * geometry[8]
                    offsets[k] = (row + column % parts) * pitch + column // parts
                    k += 1
    return offsets


@inline
def convolution_phases(terms, size):
    phases = np.empty((1, 9), np.int64)
    phases[0, FIRST], phases[0, TERMS], phases[0, START] = 0, terms, 0
    phases[0, SIZE_Z], phases[0, SIZE_Y], phases[0, SIZE_X] = size[0], size[1], size[2]
    phases[0, BY_Z], phases[0, BY_Y], phases[0, BY_X] = size[1] * size[2], size[2], 1
    return phases


@inline
def pack_weight(weight, start, line, term, groups, outputs, terms, packed, first):
    """packed[g, panel, first + k, r] = the weight of output panel · MR + r and term k of a group.

    In `weight` a group's outputs lie `line` apart, from `start` on, and their terms `term`.
    """
    for g in range(groups):
        for o in range(outputs):
            at = start + g * (weight.size // groups) + o * line
            for k in range(terms):
                packed[g, o // MR, first + k, o % MR] = weight.flat[at + k * term]


@inline
def transposed_frame(geometry, window, size):
    """For the result's sizes; positions are neighbours in it."""
    before, sizes = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        stride, pad, reach = geometry[axis], geometry[3 + axis], geometry[6 + axis] * (window[axis] - 1)
        before[axis] = max(0, (reach - pad) // stride)
        sizes[axis] = before[axis] + (size[axis] - 1 + pad) // stride + 1
    frame = before[0], before[1], before[2], sizes[0], sizes[1], sizes[2], 1
    return frame, (sizes[1] * sizes[2], sizes[2], 1)


@inline
def transposed_phases(weight, geometry, size, frame, packed, offsets):
    """The phases of a transposed convolution; fills `packed` and `offsets` in their order."""
    groups, window, inputs, outputs = geometry[9], weight.shape[2:], weight.shape[0] // geometry[9], weight.shape[1]
    places = window[0] * window[1] * window[2]
    phases = np.empty((geometry[0] * geometry[1] * geometry[2], 9), np.int64)
    taps, used = np.empty((3, max(window), 2), np.int64), np.empty(3, np.int64)
    k, row = 0, 0
    for z in range(geometry[0]):
        for y in range(geometry[1]):
            for x in range(geometry[2]):
                phase = z, y, x
                phases[row, FIRST] = k
                for axis in range(3):
                    used[axis] = _taps(geometry, axis, phase[axis], window[axis], frame[axis], taps)
                    phases[row, SIZE_Z + axis] = max(
                        0, (size[axis] - phase[axis] + geometry[axis] - 1) // geometry[axis]
                    )
                for i in range(used[0]):
                    for j in range(used[1]):
                        for m in range(used[2]):
                            tap = (taps[0, i, 0] * window[1] + taps[1, j, 0]) * window[2] + taps[2, m, 0]
                            pack_weight(weight, tap, places, outputs * places, groups, outputs, inputs, packed, k)
                            seen = (taps[0, i, 1] * frame[4] + taps[1, j, 1]) * frame[5] + taps[2, m, 1]
                            for channel in range(inputs):
                                offsets[k + channel] = channel * frame_size(frame) + seen
                            k += inputs
                phases[row, TERMS] = k - phases[row, FIRST]
                phases[row, START] = (z * size[1] + y) * size[2] + x
                phases[row, BY_Z], phases[row, BY_Y] = geometry[0] * size[1] * size[2], geometry[1] * size[2]
                phases[row, BY_X] = geometry[2]
                row += 1
    return phases


@inline
def _taps(geometry, axis, phase, window, before, taps):
    """The places of the window that count in a phase, and where in the frame they are seen; how many there are."""
    stride, pad, space = geometry[axis], geometry[3 + axis], geometry[6 + axis]
    found = 0
    for k in range(window):
        if (phase + pad - k * space) % stride == 0:
            taps[axis, found, 0], taps[axis, found, 1] = k, (phase + pad - k * space) // stride + before
            found += 1
    return found
