"""A convolution on the CPU as a product of matrices, one of which is never whole: what the windows see.

                     positions p of the result →
                 ┌────────────┬───┬────────────┐      For a tile of 32 positions, the numbers that their
   terms k:      │            │ ▓ │            │      windows see (▓) are gathered into a panel, terms × 32;
   channel and   │            │ ▓ │            │      it stays in the nearer caches while all rows of the
   place in the  │            │ ▓ │            │      weight pass (▒), 12 at a time, packed as the tile of
   window        └────────────┴───┴────────────┘      the matrix product wants them.
        ┌─────┐  ┌────────────┬───┬────────────┐
outputs │ ▒▒▒ │  │            │ ░ │            │      Gathering is copying vectors: neighbouring positions
        │     │  │            │   │            │      of a row see neighbours. Rows of whole vectors need none.
        └─────┘  └────────────┴───┴────────────┘
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import MR, multiply_seen, tile_columns, up
from ..simd import address, lanes, load, load_first, misaligned, store, store_first
from .direct import is_direct, multiply_directly
from .plan import BY_X, BY_Y, BY_Z, FIRST, SIZE_X, SIZE_Y, SIZE_Z, START, TERMS, frame_size

KC = 384  # terms of a panel
NEAR = 64  # of these, so many stay in the first-level cache while they are gathered
POSITIONS = 256  # small images are taken together until they have so many


@inline
def copy_images(x, first, images, channel, channels, frame, padded):
    """The channels of some images into the frames `padded`; what is zero there around them stays."""
    w = lanes(x)
    before_z, before_y, before_x, depth, height, pitch, parts = frame
    _, all_channels, size_z, size_y, size_x = x.shape
    rows = min(size_y, height - before_y)
    for i in range(images):
        for c in range(channels):
            for z in range(min(size_z, depth - before_z)):
                row = (((first + i) * all_channels + channel + c) * size_z + z) * size_y * size_x
                o = (((i * channels + c) * depth + before_z + z) * height + before_y) * parts * pitch
                for _ in range(rows):
                    if parts == 1:
                        width = min(size_x, pitch - before_x)
                        for j in range(0, width, w):
                            store_first(padded, o + before_x + j, width - j, load_first(x, row + j, width - j, 0))
                    else:
                        for part in range(parts):
                            shift = part - before_x  # column j there is column parts j + shift here
                            start = max(0, (parts - 1 - shift) // parts)
                            end = min(pitch, (size_x - shift + parts - 1) // parts)
                            for j in range(start, end):
                                padded[o + part * pitch + j] = x.flat[row + parts * j + shift]
                    row += size_x
                    o += parts * pitch


@inline
def find_runs(q, count, size, steps, image, runs):
    """Positions q … q + count − 1, all images' in a row, as runs of neighbours in a row of one image; how many runs.

    A run is (its first column here, its place in the frames, its length, its image, z, y, x).
    """
    size_z, size_y, size_x = size
    found, column = 0, 0
    while column < count:
        i, p = (q + column) // (size_z * size_y * size_x), (q + column) % (size_z * size_y * size_x)
        z, y, x = p // (size_y * size_x), p // size_x % size_y, p % size_x
        length = min(size_x - x, count - column)
        runs[found, 0] = column
        runs[found, 1] = i * image + z * steps[0] + y * steps[1] + x
        runs[found, 2] = length
        runs[found, 3], runs[found, 4], runs[found, 5], runs[found, 6] = i, z, y, x
        found += 1
        column += length
    return found


@inline
def _place_in(runs, found, column):
    """Where a column, if there is one, lies in the frames."""
    for r in range(found):
        if runs[r, 0] <= column < runs[r, 0] + runs[r, 2]:
            return runs[r, 1] + column - runs[r, 0]
    return 0


@inline
def gather(padded, runs, found, offsets, first, terms, panel, o, pitch):
    """panel[o + pitch k + column] = what the window at each position of the runs sees as term first + k.

    Vectors are stored whole over what follows them, which is stored after them, but for the last one of all.
    """
    w = lanes(padded)
    for start in range(0, terms, NEAR):
        end = min(terms, start + NEAR)
        for r in range(found):
            column, place, length = runs[r, 0], runs[r, 1], runs[r, 2]
            for v in range(0, length, w):
                here, there = o + column + v, place + v
                room = pitch - column - v
                if room >= w:
                    for k in range(start, end):
                        store(panel, here + pitch * k, load(padded, there + offsets[first + k]))
                else:
                    for k in range(start, end):
                        store_first(panel, here + pitch * k, room, load(padded, there + offsets[first + k]))


@task
def correlate_rows(first, last, x, packed, offsets, phases, bias, frame, steps, block, parts, out):
    """Pieces first … last − 1 of out = the sums over all terms, and the bias.

    A piece is a part of the positions of `block` images, for one group of channels. `packed` (groups, panels, terms,
    MR) is the weight; see plan.py for the rest.
    """
    w, nr = lanes(x), tile_columns(x)
    groups, panels, terms, _ = packed.shape
    inputs, outputs = x.shape[1] // groups, out.shape[1] // groups
    image = inputs * frame_size(frame)
    plane = out.shape[2] * out.shape[3] * out.shape[4]
    padded = np.zeros(block * image + nr, x.dtype)
    panel = np.empty(min(KC, terms) * nr + 2 * w, x.dtype)
    sums = np.empty(up(outputs, MR) * nr + w, x.dtype)
    runs, line = np.empty((nr, 7), np.int64), np.empty(nr, x.dtype)
    starts, lines = np.empty(nr // w, np.int64), np.arange(min(KC, terms)) * nr
    o = misaligned(panel)
    in_place = -1  # which images' channels lie in `padded`
    for piece in range(first, last):
        part, group, b = piece % parts, piece // parts % groups, piece // (parts * groups)
        images = min(block, x.shape[0] - b * block)
        if piece // parts != in_place:
            copy_images(x, b * block, images, group * inputs, inputs, frame, padded)
            in_place = piece // parts
        for phase in range(phases.shape[0]):
            k_first, k_end = phases[phase, FIRST], phases[phase, FIRST] + phases[phase, TERMS]
            size = phases[phase, SIZE_Z], phases[phase, SIZE_Y], phases[phase, SIZE_X]
            count = images * size[0] * size[1] * size[2]
            if is_direct(k_end - k_first, outputs):
                multiply_directly(padded, image, steps, offsets, packed, group, phases, phase, bias, b * block, images,
                                  part, parts, line, out)  # fmt: skip
                continue
            tiles, whole = (count + nr - 1) // nr, size[2] % w == 0  # rows are vectors, that are read where they lie
            places = offsets if whole else lines
            for tile in range(tiles * part // parts, tiles * (part + 1) // parts):
                columns = min(nr, count - tile * nr)
                found = find_runs(tile * nr, columns, size, steps, image, runs)
                for v in range(nr // w):
                    starts[v] = _place_in(runs, found, v * w) if whole else o + v * w
                for k in range(k_first, k_end, KC):
                    depth, where, begin = min(KC, k_end - k), address(padded, 0), k
                    if not whole:
                        where, begin = address(panel, 0), 0
                        gather(padded, runs, found, offsets, k, depth, panel, o, nr)
                    for p in range(panels):
                        rows = min(MR, outputs - p * MR)
                        a, more = address(packed, ((group * panels + p) * terms + k) * MR), k - k_first
                        multiply_seen(
                            sums, p * MR * nr, nr, rows, columns, a, MR, where, starts, places, begin, depth, more
                        )
                for r in range(found):
                    column, length = runs[r, 0], runs[r, 2]
                    at = ((b * block + runs[r, 3]) * out.shape[1] + group * outputs) * plane + phases[phase, START]
                    at += runs[r, 4] * phases[phase, BY_Z] + runs[r, 5] * phases[phase, BY_Y]
                    step = phases[phase, BY_X]
                    at += runs[r, 6] * step
                    for row in range(outputs):
                        add = bias[group * outputs + row] if bias.size else x.dtype.type(0)
                        here, there = row * nr + column, at + row * plane
                        if step == 1:
                            for v in range(0, length, w):
                                store_first(out, there + v, length - v, load(sums, here + v) + add)
                        else:
                            for v in range(length):
                                out.flat[there + v * step] = sums[here + v] + add


@inline
def pieces(images, groups, positions, nr, threads):
    """How many images to take together, and into how many parts to cut their positions."""
    block = max(1, min(images, POSITIONS // positions))
    whole = (images + block - 1) // block * groups
    parts = 1 if whole >= 4 * threads else (4 * threads + whole - 1) // max(whole, 1)
    return block, min(parts, (block * positions + nr - 1) // nr)
