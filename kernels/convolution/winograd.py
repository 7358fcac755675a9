"""Windows of 3×3 to 5×5 with a quarter of the multiplications, or little more: Winograd's algorithm, on the CPU.

A tile of T × T results sees 6 × 6 numbers d, and a window of weights g is made 6 × 6 once for all. Then

    y = Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A          36 products instead of 144 for 3×3, 144 for 4×4, 100 for 5×5; and for all
                                             channels, 36 products of matrices

          0  1  2  3  4  5                   Each step along an axis is a handful of additions. Evaluating the
        ┌──────────────────┐                 polynomials d and g at 0, ±1, ±2 and ∞, multiplying there, and
      0 │ · ┌───────────┐ ·│                 interpolating: the same as multiplying the polynomials. The factors up
      1 │ · │ 4 × 4     │ ·│                 to 8 cost accuracy: an error some ten times that of a plain sum.
      … │ · │ results   │ ·│
      5 │ · └───────────┘ ·│                 A vector holds the same place of several images (images.py); two tiles
        └──────────────────┘                 of all channels are worked on at a time, so that they stay in the caches.

Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import MR, multiply_tile, tile_columns
from ..simd import address, full, lanes, load, misaligned, store
from .images import block_to_images, block_to_lanes, fills_vectors

SEEN = 6  # numbers that a tile sees along an axis; T = 7 − window results are told of them
POINTS = SEEN * SEEN


@inline
def to_points(a, b, c, d, e, f):
    """Bᵀ times a column of six."""
    even, odd = e - 4 * c, d - 4 * b
    near, far = e - c, 2 * (d - b)
    return 4 * (a - c) + (e - c), even + odd, even - odd, near + far, near - far, 4 * (b - d) + (f - d)


@inline
def from_points(t, a, b, c, d, e, f):
    """Aᵀ times a column of six: T = t, of four."""
    near, far = b + c, d + e
    odd, wide = b - c, d - e
    second, third, fourth = odd + 2 * wide, near + 4 * far, odd + 8 * wide
    if t == 2:
        second += f
    elif t == 3:
        third += f
    else:
        fourth += f
    return a + near + far, second, third, fourth


@inline
def _weight_points(g, points):
    """G times a column of weights, in float64."""
    even, odd, far, wide, power = 0.0, 0.0, 0.0, 0.0, 1.0
    for k in range(g.size):
        if k % 2:
            odd += g[k]
            wide += power * g[k]
        else:
            even += g[k]
            far += power * g[k]
        power *= 2
    points[0], points[1], points[2] = g[0] / 4, -(even + odd) / 6, -(even - odd) / 6
    points[3], points[4], points[5] = (far + wide) / 24, (far - wide) / 24, g[g.size - 1]


@inline
def weight_to_points(weight, flipped, points):
    """points[ξ, panel, channel, row] of G g Gᵀ; `flipped` for the gradient by the input, which goes the other way."""
    outputs, inputs = weight.shape[1 if flipped else 0], weight.shape[0 if flipped else 1]
    window = weight.shape[4]
    half, whole, column = np.empty((window, SEEN)), np.empty((SEEN, SEEN)), np.empty(window)
    for o in range(outputs):
        for c in range(inputs):
            for j in range(window):
                for i in range(window):
                    g = weight[c, o, 0, window - 1 - i, window - 1 - j] if flipped else weight[o, c, 0, i, j]
                    column[i] = g
                _weight_points(column, half[j])
            for i in range(SEEN):
                for j in range(window):
                    column[j] = half[j, i]
                _weight_points(column, whole[i])
                for j in range(SEEN):
                    points[i * SEEN + j, o // MR, c, o % MR] = whole[i, j]


@inline
def is_winograd(x, weight, geometry, out, flipped):
    """Whether it can be done so, and is worth it: square windows in a plane, enough channels and images."""
    window, channels = weight.shape[4], min(weight.shape[0], weight.shape[1])
    plain = weight.shape[2] * x.shape[2] * out.shape[2] == 1 and weight.shape[3] == window and 3 <= window <= 5
    for axis in range(3):
        plain = plain and geometry[axis] == 1 and (geometry[6 + axis] == 1 or axis == 0)
        plain = plain and not (flipped and geometry[3 + axis] >= window)
    t = SEEN + 1 - window
    tiles = ((out.shape[3] + t - 1) // t) * ((out.shape[4] + t - 1) // t)
    saves = 5 * POINTS * tiles < 4 * window * window * out.shape[3] * out.shape[4]
    return plain and geometry[3] == 0 and geometry[9] == 1 and channels >= 16 and fills_vectors(x) and saves


@task
def winograd(first, last, x, points, bias, t, pad_y, pad_x, parts, out):
    """Pieces first … last − 1 of out = the convolution of x, and the bias.

    A piece is a part of the rows of tiles, for as many images as a vector has lanes.
    """
    w, nr = lanes(x), tile_columns(x)
    inputs, outputs, panels = x.shape[1], out.shape[1], points.shape[1]
    down, across = (out.shape[3] + t - 1) // t, (out.shape[4] + t - 1) // t
    width = across * t + SEEN - t
    rows = panels * MR
    strip = np.zeros(inputs * SEEN * width * w + w, x.dtype)  # what a row of tiles sees
    seen, sums = np.empty(POINTS * inputs * nr + w, x.dtype), np.empty(POINTS * rows * nr + w, x.dtype)
    result = np.empty((outputs * t * across * t + w) * w, x.dtype)
    square, half = np.empty(2 * w * w, x.dtype), np.empty(POINTS * w + w, x.dtype)
    o, o_strip, o_sums, o_half = misaligned(seen), misaligned(strip), misaligned(sums), misaligned(half)
    for piece in range(first, last):
        part, b = piece % parts, piece // parts
        for row in range(down * part // parts, down * (part + 1) // parts):
            _strip_to_lanes(x, b * w, row * t - pad_y, pad_x, width, strip, o_strip, square)
            for column in range(0, across, nr // w):
                vectors = min(nr // w, across - column)
                for v in range(vectors):
                    for c in range(inputs):
                        place = o_strip + (c * SEEN * width + (column + v) * t) * w
                        see(strip, place, width * w, half, o_half, seen, o + c * nr + v * w, inputs * nr)
                for point in range(POINTS):
                    for panel in range(panels):
                        used = min(MR, outputs - panel * MR)
                        a = address(points, (point * panels + panel) * inputs * MR)
                        terms, place = address(seen, o + point * inputs * nr), o_sums + (point * rows + panel * MR) * nr
                        multiply_tile(sums, place, nr, used, vectors * w, a, MR, terms, nr, inputs, 0)
                for v in range(vectors):
                    for channel in range(outputs):
                        place = o_sums + channel * nr + v * w
                        there = (channel * t * across + column + v) * t * w
                        add = full(x, 0) + bias[channel] if bias.size else full(x, 0)
                        _tell(sums, place, rows * nr, half, o_half, add, result, there, t, across * t * w)
            _strip_to_images(result, t, across * t, b * w, row * t, out, square)


@inline
def see(strip, place, line, half, h, seen, o, step):
    """Bᵀ d B of a tile at strip[place], rows `line` apart, point by point into seen[o], `step` apart."""
    w = lanes(strip)
    for j in range(SEEN):
        at = place + j * w
        a, b, c = load(strip, at), load(strip, at + line), load(strip, at + 2 * line)
        d, e, f = load(strip, at + 3 * line), load(strip, at + 4 * line), load(strip, at + 5 * line)
        a, b, c, d, e, f = to_points(a, b, c, d, e, f)
        store_six(half, h + j * w, SEEN * w, a, b, c, d, e, f)
    for i in range(SEEN):
        at = h + i * SEEN * w
        a, b, c = load(half, at), load(half, at + w), load(half, at + 2 * w)
        d, e, f = load(half, at + 3 * w), load(half, at + 4 * w), load(half, at + 5 * w)
        a, b, c, d, e, f = to_points(a, b, c, d, e, f)
        store_six(seen, o + i * SEEN * step, step, a, b, c, d, e, f)


@inline
def store_six(x, o, step, a, b, c, d, e, f):
    store(x, o, a)
    store(x, o + step, b)
    store(x, o + 2 * step, c)
    store(x, o + 3 * step, d)
    store(x, o + 4 * step, e)
    store(x, o + 5 * step, f)


@inline
def _tell(sums, place, step, half, h, add, result, o, t, line):
    """Aᵀ m A of a tile, its points `step` apart in sums[place], into rows of result[o], `line` apart."""
    w = lanes(sums)
    for j in range(SEEN):
        at, down = place + j * step, SEEN * step
        a, b, c = load(sums, at), load(sums, at + down), load(sums, at + 2 * down)
        d, e, f = load(sums, at + 3 * down), load(sums, at + 4 * down), load(sums, at + 5 * down)
        a, b, c, d = from_points(t, a, b, c, d, e, f)
        store(half, h + j * w, a)
        store(half, h + (SEEN + j) * w, b)
        store(half, h + (2 * SEEN + j) * w, c)
        store(half, h + (3 * SEEN + j) * w, d)
    for i in range(t):
        at = h + i * SEEN * w
        a, b, c = load(half, at), load(half, at + w), load(half, at + 2 * w)
        d, e, f = load(half, at + 3 * w), load(half, at + 4 * w), load(half, at + 5 * w)
        a, b, c, d = from_points(t, a, b, c, d, e, f)
        store(result, o + i * line, a + add)
        store(result, o + i * line + w, b + add)
        if t > 2:
            store(result, o + i * line + 2 * w, c + add)
        if t > 3:
            store(result, o + i * line + 3 * w, d + add)


@inline
def _strip_to_lanes(x, first, top, pad_x, width, strip, o, square):
    """strip[c, row, column] = x[first + lane, c, top + row, column − pad_x], six rows; 0 where there is nothing."""
    w = lanes(x)
    _, channels, _, height, size = x.shape
    images = min(w, x.shape[0] - first)
    line = channels * height * size
    zero = full(x, 0)
    for c in range(channels):
        for r in range(SEEN):
            there = o + (c * SEEN + r) * width * w
            if not 0 <= top + r < height:
                for column in range(width):
                    store(strip, there + column * w, zero)
                continue
            begin = first * line + (c * height + top + r) * size
            for e in range(0, min(size, width - pad_x), w):
                block_to_lanes(x, begin + e, line, images, size - e, square)
                for k in range(min(w, size - e, width - pad_x - e)):
                    store(strip, there + (pad_x + e + k) * w, load(square, k * w))


@inline
def _strip_to_images(result, t, width, first, top, out, square):
    """out[first + lane, o, top + row, column] = result[o, row, column], as far as there is such a place."""
    w = lanes(out)
    _, channels, _, height, size = out.shape
    images = min(w, out.shape[0] - first)
    line = channels * height * size
    for c in range(channels):
        for r in range(min(t, height - top)):
            begin, here = first * line + (c * height + top + r) * size, (c * t + r) * width * w
            for e in range(0, size, w):
                block_to_images(result, here + e * w, size - e, out, begin + e, line, images, square)
