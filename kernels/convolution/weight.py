"""The gradient of a convolution by its weight, on the CPU: a product of matrices, summed over positions.

                     columns k: a place in the window, a channel →
                 ┌────────────┬───┬────────────┐      A vector holds what is seen at neighbouring channels of
   positions p:  │            │ ▓ │            │      one place: images come in with their channels side by
   all images',  │            │ ▓ │            │      side, and what a position sees at a place of the window
   a chunk at    │            │ ▓ │            │      is then multiplied where it lies, whatever strides and
   a time        └────────────┴───┴────────────┘      gaps (▓). The result's gradient comes in the same way
          ┌─────┐                                     (▒, outputs side by side), which is how the tile of the
          │ ▒   │┌────────────┬───┬────────────┐      matrix product wants it.
   outputs│ ▒   ││            │ ░ │            │
          └─────┘└────────────┴───┴────────────┘      Of fewer channels than lanes, a vector holds the channels
          (its columns are positions)                 of neighbouring places, gathered first.

Images are summed in up to SHARES groups, each for itself, and then the groups in their order, so that the result is
the same for any number of threads.
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import MR, multiply_seen, tile_columns, transpose, up
from ..rows import sum_rows
from ..share import enough, share
from ..simd import address, lanes, load, misaligned, store
from .images import block_to_lanes, lines_to_lanes
from .plan import convolution_offsets, frame_size

CHUNK = 192  # positions
SHARES, LIMIT = 16, 1 << 20  # groups of images, and how many numbers their sums may be together


@inline
def groups_of_images(images, size):
    """How many, where the sums of each are `size` numbers; it doesn't depend on the number of threads."""
    return max(1, min(SHARES, images, LIMIT // size))


@inline
def sum_products(grad, x, geometry, frame, steps, out, threads):
    groups, window = geometry[9], out.shape[2:]
    inputs, w = out.shape[1], lanes(x)
    places = convolution_offsets(1, window, geometry, frame)
    pitch = min(inputs, w)  # numbers a place
    blocks = (inputs + w - 1) // w  # of channels, each with a frame of its own
    # Columns come in segments of `length`, that lie side by side in what is seen, from starts[…] on.
    joined = window[2] if inputs < w and geometry[8] == 1 else 1  # places whose channels are neighbours
    length, count = pitch * joined, places.size // joined * blocks
    starts = np.empty(count, np.int64)
    for s in range(count):
        starts[s] = (places[s // blocks * joined] + s % blocks * frame_size(frame)) * pitch
    positions, images = grad.size // (grad.shape[0] * grad.shape[1]), x.shape[0]
    together = max(1, min(images, CHUNK // positions))
    rounds, size = (images + together - 1) // together, grad.shape[1] * count * length
    shares = groups_of_images(rounds, size)
    strips = (count * length + tile_columns(x) - 1) // tile_columns(x)
    parts = min(strips, max(1, SHARES // (shares * groups)))  # of the columns
    sums, total = np.zeros((shares, size), x.dtype), np.empty(size, x.dtype)
    threads = enough(threads, images * positions * size // groups // 8)
    share(_sum_products, shares * groups * parts, threads,
          grad, x, frame, steps, groups, starts, length, blocks, pitch, together, parts, sums)  # fmt: skip
    sum_rows(sums, 0, shares, total, 0)
    for o in range(out.shape[0]):
        for tap in range(places.size):
            for c in range(inputs):
                k = (tap * blocks + c // w) * pitch + c % w
                out.flat[(o * inputs + c) * places.size + tap] = total[o * count * length + k]


@task
def _sum_products(first, last, grad, x, frame, steps, groups, starts, length, blocks, pitch, together, parts, sums):
    """Pieces first … last − 1: a group of images, a group of channels, a part of the columns."""
    w, nr = lanes(x), tile_columns(x)
    shares, columns = sums.shape[0], starts.size * length
    images, inputs, outputs = x.shape[0], x.shape[1] // groups, grad.shape[1] // groups
    size = grad.shape[2:]
    positions, channel = size[0] * size[1] * size[2], x.shape[2] * x.shape[3] * x.shape[4]
    image, strip = blocks * frame_size(frame) * pitch, up(outputs, w) + w
    seen, right = np.zeros(together * image + 2 * w, x.dtype), np.empty(CHUNK * strip + 2 * w, x.dtype)
    panel, square = np.empty((CHUNK + 1) * nr + w, x.dtype), np.empty(2 * w * w, x.dtype)
    places, lines, copies = np.empty(CHUNK, np.int64), np.arange(CHUNK) * nr, np.empty((nr, 2), np.int64)
    vectors, whole = np.empty(nr // w, np.int64), length == w  # whole vectors are multiplied where they lie
    o, o_seen, o_right = misaligned(panel), misaligned(seen), misaligned(right)
    strips, rounds = (columns + nr - 1) // nr, (images + together - 1) // together
    for piece in range(first, last):
        part, group, one = piece % parts, piece // parts % groups, piece // (parts * groups)
        for b in range(rounds * one // shares * together, rounds * (one + 1) // shares * together, together):
            taken = min(together, images - b)
            for i in range(taken):
                for block in range(blocks):
                    begin = ((b + i) * x.shape[1] + group * inputs + block * w) * channel
                    start = o_seen + i * image + block * frame_size(frame) * pitch
                    lines_to_lanes(x, begin, channel, min(w, inputs - block * w), 1, frame, seen, start, pitch, square)
            terms = places if whole else lines
            for q in range(0, taken * positions, CHUNK):
                count = min(CHUNK, taken * positions - q)
                _find_places(q, count, size, steps, image, pitch, o_seen, places)
                at = group * outputs
                _gradient_to_lanes(grad, b, at, outputs, positions, q, count, right, o_right, strip, square)
                for k in range(strips * part // parts * nr, min(columns, strips * (part + 1) // parts * nr), nr):
                    width = min(nr, columns - k)
                    for j in range(nr // w):
                        vectors[j] = starts[min(k // w + j, starts.size - 1)] if whole else o + j * w
                    where = address(seen, 0)
                    if not whole:
                        where = address(panel, 0)
                        _gather(seen, places, count, starts, length, k, width, panel, o, copies)
                    for row in range(0, outputs, MR):
                        at = one * sums.shape[1] + (group * outputs + row) * columns + k
                        a, used = address(right, o_right + row), min(MR, outputs - row)
                        multiply_seen(sums, at, columns, used, width, a, strip, where, vectors, terms, 0, count, 1)


@inline
def _find_places(q, count, size, steps, image, pitch, start, places):
    """places[i] = where position q + i, all images' in a row, sees the first place of its window."""
    i, p = q // (size[0] * size[1] * size[2]), q % (size[0] * size[1] * size[2])
    z, y, x = p // (size[1] * size[2]), p // size[2] % size[1], p % size[2]
    done = 0
    while done < count:  # a row of positions at a time: divisions cost more than all else here
        place = start + i * image + (z * steps[0] + y * steps[1] + x * steps[2]) * pitch
        for k in range(min(size[2] - x, count - done)):
            places[done + k] = place + k * steps[2] * pitch
        done += size[2] - x
        x, y = 0, y + 1
        if y == size[1]:
            y, z = 0, z + 1
            if z == size[0]:
                z, i = 0, i + 1


@inline
def _gradient_to_lanes(grad, image, channel, channels, positions, q, count, right, start, pitch, square):
    """right[start + pitch i + c] = the gradient of channel + c at position q + i, all images' in a row."""
    w = lanes(grad)
    done = 0
    while done < count:
        i, p = (q + done) // positions, (q + done) % positions
        length = min(positions - p, count - done)
        for c in range(0, channels, w):
            begin = ((image + i) * grad.shape[1] + channel + c) * positions + p
            used = min(w, channels - c)
            for e in range(0, length, w):
                at = start + (done + e) * pitch + c
                if e + w <= length:
                    transpose(grad, begin + e, positions, used, right, at, pitch)
                else:
                    block_to_lanes(grad, begin + e, positions, used, length - e, square)
                    for k in range(length - e):
                        store(right, at + k * pitch, load(square, k * w))
        done += length


@inline
def _gather(seen, places, count, starts, length, first, width, panel, o, copies):
    """panel[o + NR i + column] = what is seen from places[i] as columns first … first + width − 1.

    Vectors are stored whole over what follows them, which is stored after them.
    """
    w, nr = lanes(seen), tile_columns(seen)
    found, k = 0, first
    while k < first + width:
        within = k % length
        copies[found, 0], copies[found, 1] = k - first, starts[k // length] + within
        k += min(w, length - within)
        found += 1
    for i in range(count):
        for c in range(found):
            store(panel, o + i * nr + copies[c, 0], load(seen, places[i] + copies[c, 1]))
