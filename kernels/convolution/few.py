"""The gradient by the weight of a convolution of few terms, on the CPU: sums of products of rows, as they lie.

A first layer sees one channel or three. To turn images into what the tile of the matrix product wants, as weight.py
does, costs more there than the sums. Here a vector holds neighbours in a row, of the result's gradient as of what the
windows see, and the sums of three terms and four outputs, each a vector, stay in registers for a whole image:

         row of the gradient, output o    g₀ g₁ g₂ g₃ …
         row of the image, term k         x₀ x₁ x₂ x₃ …     sums[o, k] += g · x,  lane by lane

Lanes are put together at the end.
"""

import numpy as np

from ..jit import inline, task
from ..rows import sum_rows
from ..share import enough, share
from ..simd import add_lanes, fma, full, lanes, load, load_first, store
from .plan import convolution_offsets, frame_size
from .rows import copy_images
from .weight import groups_of_images

FEW = 48  # terms


@inline
def is_few(terms, row):
    """Whether the sums of products cost less than turning the gradient, with `row` numbers in a row of it."""
    return terms < FEW and row > 8


@inline
def sum_few(grad, x, geometry, frame, steps, out, threads):
    w, groups, (inputs, terms) = lanes(x), geometry[9], (out.shape[1], out.size // out.shape[0])
    offsets = convolution_offsets(inputs, out.shape[2:], geometry, frame)
    size = out.size * w
    shares = groups_of_images(x.shape[0], size)
    sums, total = np.zeros((shares, size), x.dtype), np.empty(size, x.dtype)
    threads = enough(threads, grad.size * terms // 8)
    share(_sum_few, shares * groups, threads, grad, x, frame, steps, groups, offsets, sums)
    sum_rows(sums, 0, shares, total, 0)
    for k in range(out.size):
        out.flat[k] = add_lanes(load(total, k * w))


@task
def _sum_few(first, last, grad, x, frame, steps, groups, offsets, sums):
    """Pieces first … last − 1: a group of images, a group of channels."""
    w, terms, shares = lanes(x), offsets.size, sums.shape[0]
    images, inputs, outputs = x.shape[0], x.shape[1] // groups, grad.shape[1] // groups
    size = grad.shape[2:]
    plane = size[0] * size[1] * size[2]
    padded = np.zeros(inputs * frame_size(frame), x.dtype)
    for piece in range(first, last):
        group, one = piece % groups, piece // groups
        for n in range(images * one // shares, images * (one + 1) // shares):
            copy_images(x, n, 1, group * inputs, inputs, frame, padded)
            for o in range(0, outputs, 4):
                start = (n * grad.shape[1] + group * outputs + o) * plane
                more = outputs - o - 1
                second, third, fourth = min(1, more) * plane, min(2, more) * plane, min(3, more) * plane
                for k in range(0, terms, 3):  # a term or an output too many reads what the last one does
                    at, at_next, at_last = offsets[k], offsets[min(k + 1, terms - 1)], offsets[min(k + 2, terms - 1)]
                    a0, a1, a2 = full(x, 0), full(x, 0), full(x, 0)
                    b0, b1, b2, c0, c1, c2, d0, d1, d2 = a0, a0, a0, a0, a0, a0, a0, a0, a0
                    for z in range(size[0]):
                        for y in range(size[1]):
                            row, place = start + (z * size[1] + y) * size[2], z * steps[0] + y * steps[1]
                            for v in range(0, size[2], w):
                                here, there, count = row + v, place + v, size[2] - v
                                p = load_first(padded, there + at, count, 0)
                                q = load_first(padded, there + at_next, count, 0)
                                r = load_first(padded, there + at_last, count, 0)
                                g = load_first(grad, here, count, 0)
                                a0, a1, a2 = fma(g, p, a0), fma(g, q, a1), fma(g, r, a2)
                                g = load_first(grad, here + second, count, 0)
                                b0, b1, b2 = fma(g, p, b0), fma(g, q, b1), fma(g, r, b2)
                                g = load_first(grad, here + third, count, 0)
                                c0, c1, c2 = fma(g, p, c0), fma(g, q, c1), fma(g, r, c2)
                                g = load_first(grad, here + fourth, count, 0)
                                d0, d1, d2 = fma(g, p, d0), fma(g, q, d1), fma(g, r, d2)
                    to, line = one * sums.shape[1] + ((group * outputs + o) * terms + k) * w, terms * w
                    _add(sums, to, terms - k, a0, a1, a2)
                    if more > 0:
                        _add(sums, to + line, terms - k, b0, b1, b2)
                    if more > 1:
                        _add(sums, to + 2 * line, terms - k, c0, c1, c2)
                    if more > 2:
                        _add(sums, to + 3 * line, terms - k, d0, d1, d2)


@inline
def _add(sums, to, count, a, b, c):
    w = lanes(sums)
    store(sums, to, load(sums, to) + a)
    if count > 1:
        store(sums, to + w, load(sums, to + w) + b)
    if count > 2:
        store(sums, to + 2 * w, load(sums, to + 2 * w) + c)
