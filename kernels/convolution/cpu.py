"""Convolution on the CPU: which algorithm serves which shape.

A vector holds neighbours in a row of an image (rows.py), or, where rows are short and images many, the same place of
several images (images.py). Square windows may be worked on by Winograd's algorithm (winograd.py) where `precision`
allows it.
"""

import math

import numpy as np

from ..jit import inline, kernel
from ..matmul.tile import MR, tile_columns
from ..share import enough, share
from ..simd import lanes
from .depthwise import sum_depthwise
from .few import is_few, sum_few
from .images import correlate_images, fills_vectors
from .plan import (
    convolution_frame,
    convolution_offsets,
    convolution_phases,
    pack_weight,
    transposed_frame,
    transposed_phases,
)
from .rows import correlate_rows, pieces
from .weight import sum_products
from .winograd import points_along, weight_to_points, winograd
from .winograd_weight import sum_products_of_points

ARRAY = "real[:, :, :, :, ::1]"
LONG = 24  # positions in a row that are worth vectors along it


def convolution(x, weight, bias, geometry, precision, out):
    x, out = _as_rows(x, weight, geometry, out)
    correlate(x, weight, bias, geometry, False, precision, out)


def transposed(x, weight, bias, geometry, precision, out):
    x, out = _as_rows(x, weight, geometry, out)
    correlate(x, weight, bias, geometry, True, precision, out)


def _as_rows(x, weight, geometry, out):
    """Images and results; as one row each where a window sees its own place alone and the row fills vectors."""
    places = math.prod(x.shape[2:])
    if weight.shape[2:] == (1, 1, 1) and geometry[:6].tolist() == [1, 1, 1, 0, 0, 0] and places % 16 == 0:
        return [image.reshape(*image.shape[:2], 1, 1, places) for image in (x, out)]
    return x, out


@kernel(f"in {ARRAY}, in {ARRAY}, in real[::1], in int64[::1], bool, int64, out {ARRAY}")
def correlate(x, weight, bias, geometry, transpose, precision, out, threads):
    """Both, for they differ but in what is seen where: together they are compiled in half the time."""
    groups, window, size = geometry[9], weight.shape[2:], out.shape[2:]
    side = points_along(x, weight, geometry, out, transpose, precision)
    if side:
        pad_y, pad_x = geometry[4], geometry[5]
        if transpose:
            pad_y, pad_x = window[1] - 1 - pad_y, window[2] - 1 - pad_x
        _winograd(x, weight, bias, side, pad_y, pad_x, transpose, out, threads)
        return
    inputs, outputs = x.shape[1] // groups, out.shape[1] // groups
    terms = inputs * window[0] * window[1] * window[2]
    packed = np.empty((groups, (outputs + MR - 1) // MR, terms, MR), x.dtype)
    by_images = _by_images(x, size[2] // geometry[2] if transpose else size[2])
    if transpose:
        frame, steps = transposed_frame(geometry, window, size)
        offsets = np.empty(terms, np.int64)
        phases = transposed_phases(weight, geometry, size, frame, packed, offsets)
    else:
        frame, steps = convolution_frame(geometry, window, size, not by_images)
        offsets = convolution_offsets(inputs, window, geometry, frame)
        phases = convolution_phases(terms, size)
        pack_weight(weight, 0, terms, 1, groups, outputs, terms, packed, 0)
    _correlate(x, packed, offsets, phases, bias, frame, steps, by_images, out, threads)


@kernel(f"in {ARRAY}, in {ARRAY}, in int64[::1], int64, out {ARRAY}")
def weight_gradient(grad, x, geometry, precision, out, threads):
    side = points_along(x, out, geometry, grad, False, precision)
    if side:
        sum_products_of_points(grad, x, side, geometry[4], geometry[5], out, threads)
        return
    frame, steps = convolution_frame(geometry, out.shape[2:], grad.shape[2:], False)
    if geometry[9] == grad.shape[1] == x.shape[1]:
        sum_depthwise(grad, x, geometry, frame, steps, out, threads)
        return
    if is_few(out.size // out.shape[0], grad.shape[4]):
        frame, steps = convolution_frame(geometry, out.shape[2:], grad.shape[2:], True)
        sum_few(grad, x, geometry, frame, steps, out, threads)
        return
    sum_products(grad, x, geometry, frame, steps, out, threads)


@inline
def _winograd(x, weight, bias, side, pad_y, pad_x, flipped, out, threads):
    panels = (out.shape[1] + MR - 1) // MR
    points = np.empty((side * side, panels, x.shape[1], MR), x.dtype)
    share(
        weight_to_points, out.shape[1], enough(threads, 64 * x.shape[1] * out.shape[1]), weight, side, flipped, points
    )
    t = side + 1 - weight.shape[4]
    blocks, rows = (x.shape[0] + lanes(x) - 1) // lanes(x), (out.shape[3] + t - 1) // t
    parts = 1 if blocks >= 2 * threads else min(rows, (2 * threads + max(blocks, 1) - 1) // max(blocks, 1))
    threads = enough(threads, out.size * x.shape[1])
    share(winograd, blocks * parts, threads, x, points, bias, side, t, pad_y, pad_x, parts, out)


@inline
def _by_images(x, row):
    """Whether vectors are to run across images: short rows, and images that fill them."""
    return row < LONG and fills_vectors(x)


@inline
def _correlate(x, packed, offsets, phases, bias, frame, steps, by_images, out, threads):
    groups, panels, terms, _ = packed.shape
    work = out.size * (terms // phases.shape[0] + 8) // 8
    if by_images:
        blocks = (x.shape[0] + lanes(x) - 1) // lanes(x) * groups
        parts = 1 if blocks >= 2 * threads else min(panels, (2 * threads + blocks - 1) // blocks)
        share(correlate_images, blocks * parts, enough(threads, work),
              x, packed, offsets, phases, bias, frame, steps, parts, out)  # fmt: skip
    else:
        block, parts = pieces(x.shape[0], groups, out.size // (out.shape[0] * out.shape[1]), tile_columns(x), threads)
        count = (x.shape[0] + block - 1) // block * groups * parts
        share(correlate_rows, count, enough(threads, work),
              x, packed, offsets, phases, bias, frame, steps, block, parts, out)  # fmt: skip
