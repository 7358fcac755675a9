"""The gradient by the weight of windows that winograd.py serves: the way back of the same algorithm.

    y = Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A     →     ∂g = Gᵀ [Σ over tiles of (A ∂y Aᵀ) ∘ (Bᵀ d B)] G

For all channels the sums are 36 products of matrices, outputs × inputs, whose terms are tiles: all images', TILES at a
time. A vector holds neighbouring channels of one place, as in weight.py.
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import MR, multiply_tile, tile_columns, up
from ..rows import sum_rows
from ..share import enough, share
from ..simd import address, lanes, load, misaligned, store
from .images import lines_to_lanes
from .plan import frame_size
from .winograd import POINTS, SEEN, T, see, store_six

TILES = 32
SHARES, LIMIT = 8, 1 << 22  # groups of images, and how many numbers their sums may be together


@inline
def sum_products_of_points(grad, x, pad_y, pad_x, out, threads):
    images, inputs, outputs = x.shape[0], x.shape[1], grad.shape[1]
    pitch, panels = up(inputs, lanes(x)), (outputs + MR - 1) // MR
    size = POINTS * outputs * pitch
    shares = max(1, min(SHARES, images, LIMIT // size))
    parts = max(1, min(panels, SHARES // (2 * shares)))  # of the outputs
    sums, total = np.zeros((shares, size), x.dtype), np.empty(size, x.dtype)
    threads = enough(threads, grad.size * inputs)
    share(_sum_points, shares * parts, threads, grad, x, pad_y, pad_x, pitch, parts, sums)
    sum_rows(sums, 0, shares, total, 0)
    share(_points_to_weight, outputs, threads, total, pitch, out)


@task
def _sum_points(first, last, grad, x, pad_y, pad_x, pitch, parts, sums):
    """Pieces first … last − 1: a group of images, a part of the outputs."""
    w, nr = lanes(x), tile_columns(x)
    images, inputs, outputs, shares = x.shape[0], x.shape[1], grad.shape[1], sums.shape[0]
    panels = (outputs + MR - 1) // MR
    down, across = (grad.shape[3] + T - 1) // T, (grad.shape[4] + T - 1) // T
    frame = 0, pad_y, pad_x, 1, down * T + SEEN - T, across * T + SEEN - T, 1
    told = 0, 0, 0, 1, down * T, across * T, 1
    strip = up((panels + parts - 1) // parts * MR, w)
    padded, given = np.zeros(pitch * frame_size(frame) + w, x.dtype), np.zeros(strip * frame_size(told) + w, x.dtype)
    seen, right = np.empty(POINTS * TILES * pitch + w, x.dtype), np.empty(POINTS * TILES * strip + 2 * w, x.dtype)
    square, half = np.empty(2 * w * w, x.dtype), np.empty(POINTS * w + w, x.dtype)
    o_padded, o_given, o_half = misaligned(padded), misaligned(given), misaligned(half)
    o, o_right = misaligned(seen), misaligned(right)
    plane, channel = grad.shape[3] * grad.shape[4], x.shape[3] * x.shape[4]
    for piece in range(first, last):
        part, one = piece % parts, piece // parts
        top, bottom = panels * part // parts * MR, min(panels * (part + 1) // parts * MR, outputs)
        begin, end, filled = images * one // shares, images * (one + 1) // shares, 0
        for n in range(begin, end):
            for c in range(0, inputs, w):
                at, used = (n * inputs + c) * channel, min(w, inputs - c)
                lines_to_lanes(x, at, channel, used, 1, frame, padded, o_padded + c * frame_size(frame), w, square)
            for c in range(0, bottom - top, w):
                at, used = (n * outputs + top + c) * plane, min(w, bottom - top - c)
                lines_to_lanes(grad, at, plane, used, 1, told, given, o_given + c * frame_size(told), w, square)
            for row in range(down):
                for column in range(across):
                    place = (row * T * frame[5] + column * T) * w
                    for c in range(0, inputs, w):
                        there = o + filled * pitch + c
                        see(padded, o_padded + c * frame_size(frame) + place, frame[5] * w,
                            half, o_half, seen, there, TILES * pitch)  # fmt: skip
                    place = (row * T * told[5] + column * T) * w
                    for c in range(0, bottom - top, w):
                        there = o_right + filled * strip + c
                        _spread(given, o_given + c * frame_size(told) + place, told[5] * w,
                                half, o_half, right, there, TILES * strip)  # fmt: skip
                    filled += 1
                    if filled == TILES or (n == end - 1 and row == down - 1 and column == across - 1):
                        for point in range(POINTS):
                            for c in range(0, pitch, nr):
                                terms = address(seen, o + point * TILES * pitch + c)
                                for r in range(top, bottom, MR):
                                    a = address(right, o_right + point * TILES * strip + r - top)
                                    at = one * sums.shape[1] + (point * outputs + r) * pitch + c
                                    multiply_tile(sums, at, pitch, min(MR, bottom - r), min(nr, pitch - c),
                                                  a, strip, terms, pitch, filled, 1)  # fmt: skip
                        filled = 0


@inline
def _from_results(a, b, c, d):
    """A times a column of four: six."""
    even, odd, wide, far = a + c, b + d, a + 4 * c, 2 * (b + 4 * d)
    return a, even + odd, even - odd, wide + far, wide - far, d


@inline
def _spread(given, place, line, half, h, right, o, step):
    """A ∂y Aᵀ of a tile at given[place], rows `line` apart, point by point into right[o], `step` apart."""
    w = lanes(given)
    for j in range(T):
        at = place + j * w
        a, b, c, d = load(given, at), load(given, at + line), load(given, at + 2 * line), load(given, at + 3 * line)
        a, b, c, d, e, f = _from_results(a, b, c, d)
        store_six(half, h + j * w, T * w, a, b, c, d, e, f)
    for i in range(SEEN):
        at = h + i * T * w
        a, b, c, d = load(half, at), load(half, at + w), load(half, at + 2 * w), load(half, at + 3 * w)
        a, b, c, d, e, f = _from_results(a, b, c, d)
        store_six(right, o + i * SEEN * step, step, a, b, c, d, e, f)


@inline
def _to_window(a, b, c, d, e, f):
    """Gᵀ times a column of six: three."""
    near, odd, far, wide = (b + c) / 6, (b - c) / 6, (d + e) / 24, (d - e) / 12
    return a / 4 - near + far, wide - odd, 4 * far - near + f


@task
def _points_to_weight(first, last, total, pitch, out):
    """Outputs first … last − 1 of the gradient, from the sums at all points."""
    w = lanes(out)
    outputs, inputs = out.shape[:2]
    half, block = np.empty(3 * SEEN * w, out.dtype), np.empty(9 * w, out.dtype)
    step = outputs * pitch
    for o in range(first, last):
        for c in range(0, inputs, w):
            for j in range(SEEN):
                at, down = j * step + o * pitch + c, SEEN * step
                a, b, d = load(total, at), load(total, at + down), load(total, at + 2 * down)
                e, f, g = load(total, at + 3 * down), load(total, at + 4 * down), load(total, at + 5 * down)
                a, b, d = _to_window(a, b, d, e, f, g)
                store(half, j * w, a)
                store(half, (SEEN + j) * w, b)
                store(half, (2 * SEEN + j) * w, d)
            for i in range(3):
                at = i * SEEN * w
                a, b, d = load(half, at), load(half, at + w), load(half, at + 2 * w)
                e, f, g = load(half, at + 3 * w), load(half, at + 4 * w), load(half, at + 5 * w)
                a, b, d = _to_window(a, b, d, e, f, g)
                store(block, 3 * i * w, a)
                store(block, (3 * i + 1) * w, b)
                store(block, (3 * i + 2) * w, d)
            for k in range(9):
                for lane in range(min(w, inputs - c)):
                    out.flat[(o * inputs + c + lane) * 9 + k] = block[k * w + lane]
