"""The gradient of a convolution by its weight, on the CPU: for each output and each term, a long sum over positions.

                positions →                        As in windows.py, what the windows see is gathered, a chunk of
             ┌──────┬───┬──────┐                   positions at a time, but in rows: a row for each term. The sums are
    outputs  │      │ ▒ │      │  the result's     products of rows with rows (dots.py).
             └──────┴───┴──────┘  gradient
             ┌──────┬───┬──────┐
    terms    │      │ ▓ │      │  what is seen
             └──────┴───┴──────┘

Images are summed in up to SHARES groups, each for itself, and then the groups in their order, so that the result is
the same for any number of threads.
"""

import numpy as np

from ..jit import inline, task
from ..rows import sum_rows
from ..share import enough, share
from ..simd import full, lanes, load, load_first, store, store_first
from .dots import COLUMNS, ROWS, dots
from .windows import find_runs, pad_images, up

CHUNK = 1024  # positions
TERMS = 8 * COLUMNS  # rows gathered at a time
SHARES, LIMIT = 16, 1 << 20  # groups of images, and how many numbers their sums may be together


@inline
def weight_gradient_of(grad, x, groups, frame, walk, offsets, out, threads):
    images, positions = x.shape[0], walk[0] * walk[1] * walk[2]
    block = max(1, min(images, CHUNK // positions))
    blocks = (images + block - 1) // block
    shares = max(1, min(SHARES, blocks, LIMIT // out.size))
    strips = (offsets.size + TERMS - 1) // TERMS
    parts = min(strips, max(1, SHARES // (shares * groups)))  # of the terms
    sums = np.zeros((shares, out.size), out.dtype)
    threads = enough(threads, images * positions * out.size // 8)
    count = shares * groups * parts
    share(_sum_products, count, threads, grad, x, frame, walk, offsets, groups, block, parts, sums)
    sum_rows(sums, 0, shares, out, 0)


@task
def _sum_products(first, last, grad, x, frame, walk, offsets, groups, block, parts, sums):
    """Pieces first … last − 1: a group of images, a group of channels, a part of the terms."""
    w = lanes(x)
    shares, terms = sums.shape[0], offsets.size
    images, inputs, outputs = x.shape[0], x.shape[1] // groups, grad.shape[1] // groups
    image = inputs * frame[3] * frame[4] * frame[5] * frame[6]
    positions = walk[0] * walk[1] * walk[2]
    chunk = min(CHUNK, up(block * positions, w))
    padded = np.empty(block * image + w, x.dtype)
    seen = np.empty(TERMS * chunk + w, x.dtype)
    right = np.empty(outputs * chunk + w, x.dtype)
    tile = np.empty(ROWS * COLUMNS + 2 * w, x.dtype)
    runs = np.empty((chunk, 7), np.int64)
    strips = (terms + TERMS - 1) // TERMS
    blocks = (images + block - 1) // block
    for piece in range(first, last):
        part, group, one = piece % parts, piece // parts % groups, piece // (parts * groups)
        for b in range(blocks * one // shares, blocks * (one + 1) // shares):
            taken = min(block, images - b * block)
            pad_images(x, b * block, taken, group * inputs, inputs, frame, padded)
            for q in range(0, taken * positions, chunk):
                count = min(chunk, taken * positions - q)
                found = find_runs(q, count, walk, image, inputs, runs)
                _gather_gradient(grad, b * block, group * outputs, outputs, positions, q, count, right, chunk)
                for strip in range(strips * part // parts, strips * (part + 1) // parts):
                    k0 = strip * TERMS
                    rows = min(TERMS, terms - k0)
                    _gather_rows(padded, runs, found, offsets, k0, rows, count, seen, chunk)
                    for j in range(0, rows, COLUMNS):
                        n = min(COLUMNS, rows - j)
                        for i in range(0, outputs, ROWS):
                            m = min(ROWS, outputs - i)
                            dots(tile, m, n, right, i * chunk, chunk, seen, j * chunk, chunk, up(count, w))
                            for r in range(m):
                                at = (group * outputs + i + r) * terms + k0 + j
                                for k in range(n):
                                    sums[one, at + k] += tile[r * COLUMNS + k]


@inline
def _gather_rows(padded, runs, found, offsets, first, rows, count, out, pitch):
    """out[pitch k + column] = what the window at each position sees as term first + k; zeros up to a whole vector."""
    w = lanes(padded)
    end = up(count, w)
    for k in range(rows):
        store(out, pitch * k + end - w, full(padded, 0))
    for r in range(found):
        column, place, length = runs[r, 0], runs[r, 1], runs[r, 2]
        for v in range(0, length, w):
            room = count - column - v
            for k in range(rows):
                store_first(out, pitch * k + column + v, room, load(padded, place + v + offsets[first + k]))


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
