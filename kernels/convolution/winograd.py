"""Square windows with fewer multiplications: Winograd's algorithm, on the CPU.

A tile of T × T results sees S × S numbers d, and a window of R × R weights g is made S × S once for all. Then

    y = Aᵀ [(G g Gᵀ) ∘ (Bᵀ d B)] A          S² products instead of T² R²; and for all channels, S² products of matrices

          0  1  2  3  4  5                   Each step along an axis is a handful of additions. Evaluating the
        ┌──────────────────┐                 polynomials d and g at 0, ±1, ±2 and ∞, multiplying there, and
      0 │ · ┌───────────┐ ·│                 interpolating: the same as multiplying the polynomials. Here S = 6:
      1 │ · │ 4 × 4     │ ·│
      … │ · │ results   │ ·│                     windows of 3×3    4 × 4 results    36 products instead of 144
      5 │ · └───────────┘ ·│                     4×4               3 × 3            36                    144
        └──────────────────┘                     5×5               2 × 2            36                    100

The factors up to 8 cost accuracy: an error some ten times that of a plain sum. With S = 4, the points 0, ±1 and ∞,
there is none but ½; 3×3 windows then take 16 products instead of 36 for 2 × 2 results.

A vector holds the same place of several images (images.py); two tiles of all channels are worked on at a time, so that
they stay in the caches.

Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import MR, multiply_tile, tile_columns
from ..simd import address, full, lanes, load, misaligned, store
from .images import block_to_images, block_to_lanes, fills_vectors

MOST = 6  # points along an axis


@inline
def to_points(side, a, b, c, d, e, f):
    """Bᵀ times a column of S = side: of 6, or of 4."""
    if side == 4:
        return a - c, b + c, c - b, b - d, e, f
    even, odd = e - 4 * c, d - 4 * b
    near, far = e - c, 2 * (d - b)
    return 4 * (a - c) + (e - c), even + odd, even - odd, near + far, near - far, 4 * (b - d) + (f - d)


@inline
def from_points(side, t, a, b, c, d, e, f):
    """Aᵀ times a column of S = side: T = t, of four."""
    if side == 4:
        return a + b + c, b - c - d, e, f
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
def _weight_points(g, side, points):
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
    points[side - 1] = g[g.size - 1]
    if side == 4:
        points[0], points[1], points[2] = g[0], (even + odd) / 2, (even - odd) / 2
    else:
        points[0], points[1], points[2] = g[0] / 4, -(even + odd) / 6, -(even - odd) / 6
        points[3], points[4] = (far + wide) / 24, (far - wide) / 24


@task
def weight_to_points(first, last, weight, side, flipped, points):
    """points[ξ, panel, channel, row] of G g Gᵀ for outputs first … last − 1.

    `flipped` for the gradient by the input, which goes the other way.
    """
    inputs = weight.shape[0 if flipped else 1]
    window = weight.shape[4]
    half, whole, column = np.empty((window, side)), np.empty((side, side)), np.empty(window)
    for o in range(first, last):
        for c in range(inputs):
            for j in range(window):
                for i in range(window):
                    g = weight[c, o, 0, window - 1 - i, window - 1 - j] if flipped else weight[o, c, 0, i, j]
                    column[i] = g
                _weight_points(column, side, half[j])
            for i in range(side):
                for j in range(window):
                    column[j] = half[j, i]
                _weight_points(column, side, whole[i])
                for j in range(side):
                    points[i * side + j, o // MR, c, o % MR] = whole[i, j]


@inline
def points_along(x, weight, geometry, out, flipped, precision):
    """S, the points along an axis; 0 where it can't be done so, or isn't worth it.

    It can for square windows in a plane, and is worth it for enough channels and images.
    """
    window, channels = weight.shape[4], min(weight.shape[0], weight.shape[1])
    side = (0, 4, MOST)[precision]
    t = side + 1 - window
    if t < 2 or window < 3 or weight.shape[3] != window or weight.shape[2] * x.shape[2] * out.shape[2] > 1:
        return 0
    plain = geometry[3] == 0 and geometry[9] == 1
    for axis in range(3):
        plain = plain and geometry[axis] == 1 and (geometry[6 + axis] == 1 or axis == 0)
        plain = plain and not (flipped and geometry[3 + axis] >= window)
    tiles = ((out.shape[3] + t - 1) // t) * ((out.shape[4] + t - 1) // t)
    saves = 5 * side * side * tiles < 4 * window * window * out.shape[3] * out.shape[4]
    return side if plain and channels >= 16 and fills_vectors(x) and saves else 0


@task
def winograd(first, last, x, points, bias, side, t, pad_y, pad_x, parts, out):
    """Pieces first … last − 1 of out = the convolution of x, and the bias.

    A piece is a part of the rows of tiles, for as many images as a vector has lanes.
    """
    w, nr, count = lanes(x), tile_columns(x), side * side
    inputs, outputs, panels = x.shape[1], out.shape[1], points.shape[1]
    down, across = (out.shape[3] + t - 1) // t, (out.shape[4] + t - 1) // t
    width = across * t + side - t
    rows = panels * MR
    strip = np.zeros(inputs * side * width * w + w, x.dtype)  # what a row of tiles sees
    seen, sums = np.empty(count * inputs * nr + w, x.dtype), np.empty(count * rows * nr + w, x.dtype)
    result = np.empty((outputs * t * across * t + w) * w, x.dtype)
    square, half = np.empty(2 * w * w, x.dtype), np.empty(count * w + w, x.dtype)
    o, o_strip, o_sums, o_half = misaligned(seen), misaligned(strip), misaligned(sums), misaligned(half)
    for piece in range(first, last):
        part, b = piece % parts, piece // parts
        for row in range(down * part // parts, down * (part + 1) // parts):
            _strip_to_lanes(x, b * w, side, row * t - pad_y, pad_x, width, strip, o_strip, square)
            for column in range(0, across, nr // w):
                vectors = min(nr // w, across - column)
                for v in range(vectors):
                    for c in range(inputs):
                        place = o_strip + (c * side * width + (column + v) * t) * w
                        see(side, strip, place, width * w, half, o_half, seen, o + c * nr + v * w, inputs * nr)
                for point in range(count):
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
                        _tell(side, sums, place, rows * nr, half, o_half, add, result, there, t, across * t * w)
            _strip_to_images(result, t, across * t, b * w, row * t, out, square)


@inline
def see(side, strip, place, line, half, h, seen, o, step):
    """Bᵀ d B of a tile at strip[place], rows `line` apart, point by point into seen[o], `step` apart."""
    w = lanes(strip)
    for j in range(side):
        at = place + j * w
        a, b, c = load(strip, at), load(strip, at + line), load(strip, at + 2 * line)
        d, e, f = _last_of(side, strip, at + 3 * line, line)
        a, b, c, d, e, f = to_points(side, a, b, c, d, e, f)
        store_points(side, half, h + j * w, side * w, a, b, c, d, e, f)
    for i in range(side):
        at = h + i * side * w
        a, b, c = load(half, at), load(half, at + w), load(half, at + 2 * w)
        d, e, f = _last_of(side, half, at + 3 * w, w)
        a, b, c, d, e, f = to_points(side, a, b, c, d, e, f)
        store_points(side, seen, o + i * side * step, step, a, b, c, d, e, f)


@inline
def _last_of(side, x, at, step):
    """The fourth to the sixth number of a column, as far as there are so many."""
    d = load(x, at)
    return (d, load(x, at + step), load(x, at + 2 * step)) if side == MOST else (d, d, d)


@inline
def store_points(side, x, o, step, a, b, c, d, e, f):
    store(x, o, a)
    store(x, o + step, b)
    store(x, o + 2 * step, c)
    store(x, o + 3 * step, d)
    if side == MOST:
        store(x, o + 4 * step, e)
        store(x, o + 5 * step, f)


@inline
def _tell(side, sums, place, step, half, h, add, result, o, t, line):
    """Aᵀ m A of a tile, its points `step` apart in sums[place], into rows of result[o], `line` apart."""
    w = lanes(sums)
    for j in range(side):
        at, down = place + j * step, side * step
        a, b, c = load(sums, at), load(sums, at + down), load(sums, at + 2 * down)
        d, e, f = _last_of(side, sums, at + 3 * down, down)
        a, b, c, d = from_points(side, t, a, b, c, d, e, f)
        store(half, h + j * w, a)
        store(half, h + (side + j) * w, b)
        store(half, h + (2 * side + j) * w, c)
        store(half, h + (3 * side + j) * w, d)
    for i in range(t):
        at = h + i * side * w
        a, b, c = load(half, at), load(half, at + w), load(half, at + 2 * w)
        d, e, f = _last_of(side, half, at + 3 * w, w)
        a, b, c, d = from_points(side, t, a, b, c, d, e, f)
        store(result, o + i * line, a + add)
        store(result, o + i * line + w, b + add)
        if t > 2:
            store(result, o + i * line + 2 * w, c + add)
        if t > 3:
            store(result, o + i * line + 3 * w, d + add)


@inline
def _strip_to_lanes(x, first, side, top, pad_x, width, strip, o, square):
    """strip[c, row, column] = x[first + lane, c, top + row, column − pad_x], S rows; 0 where there is nothing."""
    w = lanes(x)
    _, channels, _, height, size = x.shape
    images = min(w, x.shape[0] - first)
    line = channels * height * size
    zero = full(x, 0)
    for c in range(channels):
        for r in range(side):
            there = o + (c * side + r) * width * w
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
