"""The gradient by the weight of windows that winograd.py serves: the way back of the same algorithm.

    y = Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A     →     ∂g = Gᵀ [Σ over tiles of (A ∂y Aᵀ) ∘ (Bᵀ d B)] G

For all channels the sums are S² products of matrices, outputs × inputs, whose terms are tiles: all images', TILES at a
time. A vector holds neighbouring channels of one place, as in weight.py.
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import MR, multiply_tile, tile_columns, up
from ..share import enough, share
from ..simd import address, full, lanes, load, misaligned, store
from .images import lines_to_lanes
from .plan import frame_size
from .winograd import see, store_points

TILES = 32
SHARES, LIMIT = 8, 1 << 22  # groups of images, and how many numbers their sums may be together


@inline
def sum_products_of_points(grad, x, side, pad_y, pad_x, out, threads):
    images, inputs, outputs = x.shape[0], x.shape[1], grad.shape[1]
    pitch, panels = up(inputs, lanes(x)), (outputs + MR - 1) // MR
    size = side * side * outputs * pitch
    shares = SHARES
    while shares > 1 and (shares > images or shares * size > LIMIT):
        shares //= 2
    parts = max(1, min(panels, SHARES // (2 * shares)))  # of the outputs
    sums = np.empty((shares, size), x.dtype)
    threads = enough(threads, grad.size * inputs)
    t = side + 1 - out.shape[4]
    share(_sum_points, shares * parts, threads, grad, x, side, t, pad_y, pad_x, pitch, parts, sums)
    share(_points_to_weight, outputs, threads, sums, side, pitch, out)


@task
def _sum_points(first, last, grad, x, side, t, pad_y, pad_x, pitch, parts, sums):
    """Pieces first … last − 1: a group of images, a part of the outputs."""
    w, nr, points = lanes(x), tile_columns(x), side * side
    images, inputs, outputs, shares = x.shape[0], x.shape[1], grad.shape[1], sums.shape[0]
    panels = (outputs + MR - 1) // MR
    down, across = (grad.shape[3] + t - 1) // t, (grad.shape[4] + t - 1) // t
    frame = 0, pad_y, pad_x, 1, down * t + side - t, across * t + side - t, 1
    told = 0, 0, 0, 1, down * t, across * t, 1
    strip = up((panels + parts - 1) // parts * MR, w)
    padded, given = np.zeros(pitch * frame_size(frame) + w, x.dtype), np.zeros(strip * frame_size(told) + w, x.dtype)
    seen, right = np.empty(points * TILES * pitch + w, x.dtype), np.empty(points * TILES * strip + 2 * w, x.dtype)
    square, half = np.empty(2 * w * w, x.dtype), np.empty(points * w + w, x.dtype)
    o_padded, o_given, o_half = misaligned(padded), misaligned(given), misaligned(half)
    o, o_right = misaligned(seen), misaligned(right)
    plane, channel = grad.shape[3] * grad.shape[4], x.shape[3] * x.shape[4]
    for piece in range(first, last):
        part, one = piece % parts, piece // parts
        top, bottom = panels * part // parts * MR, min(panels * (part + 1) // parts * MR, outputs)
        begin, end, filled = images * one // shares, images * (one + 1) // shares, 0
        for point in range(points):
            for at in range((point * outputs + top) * pitch, (point * outputs + bottom) * pitch, w):
                store(sums, one * sums.shape[1] + at, full(x, 0))
        for n in range(begin, end):
            for c in range(0, inputs, w):
                at, used = (n * inputs + c) * channel, min(w, inputs - c)
                lines_to_lanes(x, at, channel, used, 1, frame, padded, o_padded + c * frame_size(frame), w, square)
            for c in range(0, bottom - top, w):
                at, used = (n * outputs + top + c) * plane, min(w, bottom - top - c)
                lines_to_lanes(grad, at, plane, used, 1, told, given, o_given + c * frame_size(told), w, square)
            for row in range(down):
                for column in range(across):
                    place = (row * t * frame[5] + column * t) * w
                    for c in range(0, inputs, w):
                        there = o + filled * pitch + c
                        see(side, padded, o_padded + c * frame_size(frame) + place, frame[5] * w,
                            half, o_half, seen, there, TILES * pitch)  # fmt: skip
                    place = (row * t * told[5] + column * t) * w
                    for c in range(0, bottom - top, w):
                        there = o_right + filled * strip + c
                        _spread(side, given, o_given + c * frame_size(told) + place, told[5] * w, t,
                                half, o_half, right, there, TILES * strip)  # fmt: skip
                    filled += 1
                    if filled == TILES or (n == end - 1 and row == down - 1 and column == across - 1):
                        for point in range(points):
                            for c in range(0, pitch, nr):
                                terms = address(seen, o + point * TILES * pitch + c)
                                for r in range(top, bottom, MR):
                                    a = address(right, o_right + point * TILES * strip + r - top)
                                    at = one * sums.shape[1] + (point * outputs + r) * pitch + c
                                    multiply_tile(sums, at, pitch, min(MR, bottom - r), min(nr, pitch - c),
                                                  a, strip, terms, pitch, filled, 1)  # fmt: skip
                        filled = 0


@inline
def _from_results(side, t, a, b, c, d):
    """A times a column of T = t ≤ 4, the rest of which is 0: S = side, of six."""
    if side == 4:
        return a, a + b, a - b, -b, c, d
    even, odd, wide, far = a + c, b + d, a + 4 * c, 2 * (b + 4 * d)
    return a, even + odd, even - odd, wide + far, wide - far, b if t == 2 else c if t == 3 else d


@inline
def _spread(side, given, place, line, t, half, h, right, o, step):
    """A ∂y Aᵀ of a tile at given[place], rows `line` apart, point by point into right[o], `step` apart."""
    w = lanes(given)
    zero = full(given, 0)
    for j in range(t):
        at = place + j * w
        a, b = load(given, at), load(given, at + line)
        c = load(given, at + 2 * line) if t > 2 else zero
        d = load(given, at + 3 * line) if t > 3 else zero
        a, b, c, d, e, f = _from_results(side, t, a, b, c, d)
        store_points(side, half, h + j * w, 4 * w, a, b, c, d, e, f)
    for i in range(side):
        at = h + i * 4 * w
        a, b = load(half, at), load(half, at + w)
        c = load(half, at + 2 * w) if t > 2 else zero
        d = load(half, at + 3 * w) if t > 3 else zero
        a, b, c, d, e, f = _from_results(side, t, a, b, c, d)
        store_points(side, right, o + i * side * step, step, a, b, c, d, e, f)


@task
def _points_to_weight(first, last, sums, side, pitch, out):
    """Outputs first … last − 1 of the gradient, from the sums of all groups at all points."""
    w, window = lanes(out), out.shape[4]
    outputs, inputs = out.shape[:2]
    half, block = np.empty(window * side * w, out.dtype), np.empty(window * window * w, out.dtype)
    total, size = np.empty(side * side * w, out.dtype), window * window
    for o in range(first, last):
        for c in range(0, inputs, w):
            for point in range(side * side):
                at = (point * outputs + o) * pitch + c
                value = load(sums, at)
                for one in range(1, sums.shape[0]):
                    value += load(sums, one * sums.shape[1] + at)
                store(total, point * w, value)
            for j in range(side):
                _to_window(side, total, j * w, side * w, window, half, j * w, side * w)
            for i in range(window):
                _to_window(side, half, i * side * w, w, window, block, i * window * w, w)
            for k in range(size):
                for lane in range(min(w, inputs - c)):
                    out.flat[(o * inputs + c + lane) * size + k] = block[k * w + lane]


@inline
def _to_window(side, x, at, step, window, out, o, pitch):
    """Gᵀ times a column of S = side at x[at], `step` apart: as long as the window, into out[o], `pitch` apart."""
    a, b, c, last = load(x, at), load(x, at + step), load(x, at + 2 * step), load(x, at + (side - 1) * step)
    if side == 4:
        near, odd = (b + c) / 2, (b - c) / 2
        store(out, o, a + near)
        store(out, o + pitch, odd)
        store(out, o + 2 * pitch, near + last)
        return
    d, e = load(x, at + 3 * step), load(x, at + 4 * step)
    near, odd, far, wide = (b + c) / 6, (b - c) / 6, (d + e) / 24, (d - e) / 24
    for k in range(window):
        value = wide - odd if k % 2 else far - near
        if k == 0:
            value += a / 4
        elif k == window - 1:
            value += last
        store(out, o + k * pitch, value)
        far, wide = 2 * far, 2 * wide
