"""The gradient of a convolution by its weight, on the CPU: for each output and each term, a long sum over positions.

                positions →                        What the windows see is gathered, a chunk of positions at a time,
             ┌──────┬───┬──────┐                   in rows: a row for each term. The sums are products of rows with
    outputs  │      │ ▒ │      │  the result's     rows (dots.py).
             └──────┴───┴──────┘  gradient
             ┌──────┬───┬──────┐                   Positions are those of rows.py or of images.py: there, a position
    terms    │      │ ▓ │      │  what is seen     is a vector of images.
             └──────┴───┴──────┘

Images are summed in up to SHARES groups, each for itself, and then the groups in their order, so that the result is
the same for any number of threads.
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import transpose, up
from ..rows import sum_rows
from ..share import enough, share
from ..simd import full, lanes, load, load_first, store, store_first
from .dots import COLUMNS, ROWS, dots
from .images import images_to_lanes
from .plan import frame_size
from .rows import copy_images, find_runs

CHUNK = 1024  # positions
TERMS = 8 * COLUMNS  # rows gathered at a time
SHARES, LIMIT = 16, 1 << 20  # groups of images, and how many numbers their sums may be together


@inline
def weight_gradient_of(grad, x, groups, frame, steps, offsets, by_images, out, threads):
    images, positions = x.shape[0], grad.shape[2] * grad.shape[3] * grad.shape[4]
    block = lanes(x) if by_images else max(1, min(images, CHUNK // positions))
    blocks = (images + block - 1) // block
    shares = max(1, min(SHARES, blocks, LIMIT // out.size))
    strips = (offsets.size + TERMS - 1) // TERMS
    parts = min(strips, max(1, SHARES // (shares * groups)))  # of the terms
    sums = np.zeros((shares, out.size), out.dtype)
    threads = enough(threads, images * positions * out.size // 8)
    count = shares * groups * parts
    share(_sum_products, count, threads, grad, x, frame, steps, offsets, groups, block, by_images, parts, sums)
    sum_rows(sums, 0, shares, out, 0)


@task
def _sum_products(first, last, grad, x, frame, steps, offsets, groups, block, by_images, parts, sums):
    """Pieces first … last − 1: a group of images, a group of channels, a part of the terms."""
    w = lanes(x)
    shares, terms = sums.shape[0], offsets.size
    images, inputs, outputs = x.shape[0], x.shape[1] // groups, grad.shape[1] // groups
    size = grad.shape[2:]
    image = inputs * frame_size(frame)
    positions = size[0] * size[1] * size[2]
    chunk = min(CHUNK, up(block * positions, w))
    pitch = chunk + w  # a power of two would put all rows in the same few places of the cache
    padded = np.zeros(block * image + w, x.dtype)
    seen = np.empty(TERMS * pitch, x.dtype)
    right = np.empty(outputs * pitch, x.dtype)
    tile, square = np.empty(ROWS * COLUMNS + 2 * w, x.dtype), np.empty(2 * w * w, x.dtype)
    runs = np.empty((chunk, 7), np.int64)
    strips = (terms + TERMS - 1) // TERMS
    blocks = (images + block - 1) // block
    for piece in range(first, last):
        part, group, one = piece % parts, piece // parts % groups, piece // (parts * groups)
        for b in range(blocks * one // shares, blocks * (one + 1) // shares):
            taken = min(block, images - b * block)
            if by_images:
                images_to_lanes(x, b * block, group * inputs, inputs, frame, padded, 0, square)
            else:
                copy_images(x, b * block, taken, group * inputs, inputs, frame, padded)
            total = positions * w if by_images else taken * positions
            for q in range(0, total, chunk):
                count = min(chunk, total - q)
                if by_images:
                    found = _find_places(q // w, count // w, size, steps, w, runs)
                    _gradient_to_lanes(
                        grad,
                        b * block,
                        taken,
                        group * outputs,
                        outputs,
                        positions,
                        q // w,
                        count // w,
                        right,
                        pitch,
                        square,
                    )
                else:
                    found = find_runs(q, count, size, steps, image, runs)
                    _gather_gradient(grad, b * block, group * outputs, outputs, positions, q, count, right, pitch)
                unit = w if by_images else 1
                for strip in range(strips * part // parts, strips * (part + 1) // parts):
                    k0 = strip * TERMS
                    rows = min(TERMS, terms - k0)
                    _gather_rows(padded, runs, found, offsets, unit, k0, rows, count, seen, pitch)
                    for j in range(0, rows, COLUMNS):
                        n = min(COLUMNS, rows - j)
                        for i in range(0, outputs, ROWS):
                            m = min(ROWS, outputs - i)
                            dots(tile, m, n, right, i * pitch, pitch, seen, j * pitch, pitch, up(count, w))
                            for r in range(m):
                                at = (group * outputs + i + r) * terms + k0 + j
                                for k in range(n):
                                    sums[one, at + k] += tile[r * COLUMNS + k]


@inline
def _find_places(q, count, size, steps, w, runs):
    """As `find_runs`, for positions that are vectors of images: each is a run."""
    for i in range(count):
        p = q + i
        z, y, x = p // (size[1] * size[2]), p // size[2] % size[1], p % size[2]
        runs[i, 0], runs[i, 1], runs[i, 2] = i * w, (z * steps[0] + y * steps[1] + x * steps[2]) * w, w
    return count


@inline
def _gather_rows(padded, runs, found, offsets, unit, first, rows, count, out, pitch):
    """out[pitch k + column] = what the window at each position sees as term first + k; zeros up to a whole vector."""
    w = lanes(padded)
    end = up(count, w)
    for k in range(rows):
        here, offset = pitch * k, offsets[first + k] * unit
        store(out, here + end - w, full(padded, 0))
        for r in range(found):
            column, place, length = runs[r, 0], runs[r, 1] + offset, runs[r, 2]
            for v in range(0, length, w):
                store_first(out, here + column + v, count - column - v, load(padded, place + v))


@inline
def _gather_gradient(grad, image, channel, channels, positions, q, count, out, pitch):
    """out[pitch c + column] = the gradient of channel + c at position q + column, all images' in a row."""
    w = lanes(grad)
    end = up(count, w)
    for c in range(channels):
        store(out, pitch * c + end - w, full(grad, 0))
        column = 0
        while column < count:
            i, p = (q + column) // positions, (q + column) % positions
            length = min(positions - p, count - column)
            start = ((image + i) * grad.shape[1] + channel + c) * positions + p
            for v in range(0, length, w):
                value = load_first(grad, start + v, length - v, 0)
                store_first(out, pitch * c + column + v, count - column - v, value)
            column += length


@inline
def _gradient_to_lanes(grad, image, images, channel, channels, positions, q, count, out, pitch, square):
    """out[pitch c + w p + lane] = the gradient of channel + c at position q + p of an image a lane; 0 without one."""
    w = lanes(grad)
    line = grad.shape[1] * positions
    for c in range(channels):
        start = (image * grad.shape[1] + channel + c) * positions + q
        for p in range(0, count, w):
            for r in range(w):
                here = count - p if r < images else 0
                store(square, r * w, load_first(grad, start + r * line + p if here else 0, here, 0))
            transpose(square, 0, w, w, square, w * w, w)
            for k in range(min(w, count - p)):
                store(out, pitch * c + (p + k) * w, load(square, w * w + k * w))
