"""Rung 2: "im2col", a product of matrices. What all windows of an image see is written down as the columns of one.

                    positions →
                 ┌────────────────────┐     Each term is a row of neighbours in memory now, so that the compiler
    terms        │ row k: what the    │     finds vectors by itself, and no step asks any more whether it is inside
                 │ windows see there  │     the image. But the matrix is as many times the image as the window has
                 └────────────────────┘     places, comes from memory for every output anew, and each product loads
    out[o] += weight[o, k] · row k          and stores its sum. The top makes only as much of it at a time as stays
                                            in the caches (rows.py).

Chellapilla, Puri and Simard, High Performance Convolutional Neural Networks for Document Processing, 2006.
"""

import numpy as np

from ...jit import inline, kernel, task
from ...share import share

ARRAY = "real[:, :, :, :, ::1]"


@kernel(f"in {ARRAY}, in {ARRAY}, in real[::1], in int64[::1], int64, out {ARRAY}")
def convolution(x, weight, bias, geometry, precision, out, threads):
    share(_images, out.shape[0] * geometry[9], threads, x, weight, bias, geometry, out)


@task
def _images(first, last, x, weight, bias, geometry, out):
    """Pieces first … last − 1: an image, a group of its channels."""
    groups, inputs = geometry[9], weight.shape[1]
    outputs, window = weight.shape[0] // groups, weight.shape[2] * weight.shape[3] * weight.shape[4]
    positions = out.shape[2] * out.shape[3] * out.shape[4]
    columns, sums = np.empty((inputs * window, positions), x.dtype), np.empty(positions, x.dtype)
    for piece in range(first, last):
        n, group = piece // groups, piece % groups
        for c in range(inputs):
            _write_columns(x, n, group * inputs + c, geometry, weight.shape[2:], out.shape[2:], c * window, columns)
        for o in range(group * outputs, (group + 1) * outputs):
            sums[:] = bias[o] if bias.size else x.dtype.type(0)
            for k in range(inputs * window):
                factor = weight.flat[o * inputs * window + k]
                for p in range(positions):
                    sums[p] += factor * columns[k, p]
            for p in range(positions):
                out.flat[(n * out.shape[1] + o) * positions + p] = sums[p]


@inline
def _write_columns(x, n, channel, geometry, window, size, k, columns):
    """Rows from k on, one for each place of the window: what each position sees there; 0 outside the image."""
    for i in range(window[0]):
        for j in range(window[1]):
            for m in range(window[2]):
                p = 0
                for z in range(size[0]):
                    at_z = z * geometry[0] - geometry[3] + i * geometry[6]
                    for y in range(size[1]):
                        at_y = y * geometry[1] - geometry[4] + j * geometry[7]
                        for column in range(size[2]):
                            at_x = column * geometry[2] - geometry[5] + m * geometry[8]
                            inside = 0 <= at_z < x.shape[2] and 0 <= at_y < x.shape[3] and 0 <= at_x < x.shape[4]
                            columns[k, p] = x[n, channel, at_z, at_y, at_x] if inside else x.dtype.type(0)
                            p += 1
                k += 1
