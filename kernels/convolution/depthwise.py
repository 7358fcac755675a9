"""The gradient by the weight of a depthwise convolution, on the CPU: one output for each channel, that sees no other.

There is no product of matrices in it, but for each channel and place of the window one sum of products. A vector holds
neighbouring channels of one place, as in weight.py, so that the sums of many channels are worked on together.
"""

import numpy as np

from ..jit import inline, task
from ..rows import sum_rows
from ..share import enough, share
from ..simd import fma, full, lanes, load, misaligned, store
from .images import lines_to_lanes
from .plan import convolution_offsets, frame_size
from .weight import groups_of_images


@inline
def sum_depthwise(grad, x, geometry, frame, steps, out, threads):
    w, channels = lanes(x), x.shape[1]
    places = convolution_offsets(1, out.shape[2:], geometry, frame)
    blocks = (channels + w - 1) // w
    size = blocks * w * places.size
    shares = groups_of_images(x.shape[0], size)
    sums, total = np.empty((shares, size), x.dtype), np.empty(size, x.dtype)
    threads = enough(threads, grad.size * places.size // 8)
    share(_sum_channels, shares * blocks, threads, grad, x, frame, steps, places, sums)
    sum_rows(sums, 0, shares, total, 0)
    for c in range(channels):
        for k in range(places.size):
            out.flat[c * places.size + k] = total[(c // w * places.size + k) * w + c % w]


@task
def _sum_channels(first, last, grad, x, frame, steps, places, sums):
    """Pieces first … last − 1: a group of images, a vector of channels."""
    w = lanes(x)
    images, channels, shares = x.shape[0], x.shape[1], sums.shape[0]
    blocks, size = (channels + w - 1) // w, grad.shape[2:]
    plane, channel = size[0] * size[1] * size[2], x.shape[2] * x.shape[3] * x.shape[4]
    told = 0, 0, 0, size[0], size[1], size[2], 1
    padded, given = np.zeros(frame_size(frame) * w + w, x.dtype), np.empty(plane * w + w, x.dtype)
    square = np.empty(2 * w * w, x.dtype)
    o, o_given = misaligned(padded), misaligned(given)
    for piece in range(first, last):
        block, one = piece % blocks, piece // blocks
        here, used = block * places.size * w, min(w, channels - block * w)
        for k in range(places.size):
            store(sums, one * sums.shape[1] + here + k * w, full(x, 0))
        for n in range(images * one // shares, images * (one + 1) // shares):
            begin = n * channels + block * w
            lines_to_lanes(x, begin * channel, channel, used, 1, frame, padded, o, w, square)
            lines_to_lanes(grad, begin * plane, plane, used, 1, told, given, o_given, w, square)
            for k in range(0, places.size, 3):  # so many sums at a time that none waits for the one before
                second, third = min(k + 1, places.size - 1), min(k + 2, places.size - 1)
                at, next_at, last_at = o + places[k] * w, o + places[second] * w, o + places[third] * w
                a, b, c = full(x, 0), full(x, 0), full(x, 0)
                for z in range(size[0]):
                    for y in range(size[1]):
                        start = (z * steps[0] + y * steps[1]) * w
                        row = o_given + (z * size[1] + y) * size[2] * w
                        for column in range(size[2]):
                            slope, there = load(given, row + column * w), start + column * steps[2] * w
                            a = fma(slope, load(padded, at + there), a)
                            b = fma(slope, load(padded, next_at + there), b)
                            c = fma(slope, load(padded, last_at + there), c)
                to = one * sums.shape[1] + here
                store(sums, to + k * w, load(sums, to + k * w) + a)
                if second > k:
                    store(sums, to + second * w, load(sums, to + second * w) + b)
                if third > second:
                    store(sums, to + third * w, load(sums, to + third * w) + c)
