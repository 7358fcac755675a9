"""A convolution on the CPU as a product of matrices, one of which is never whole: what the windows see.

                          positions p of the result →
                      ┌────────────┬───┬────────────┐      For a tile of 32 positions, the numbers that their
        terms k:      │            │ ▓ │            │      windows see (▓) are gathered into a panel, terms × 32;
        channel and   │            │ ▓ │            │      it stays in the nearer caches while all rows of the
        place in the  │            │ ▓ │            │      weight pass (▒), 12 at a time, packed as the tile of
        window        └────────────┴───┴────────────┘      the matrix product wants them.
             ┌─────┐  ┌────────────┬───┬────────────┐
     outputs │ ▒▒▒ │  │            │ ░ │            │      Gathering is copying vectors: neighbouring positions
             │     │  │            │   │            │      of a row see neighbours.
             └─────┘  └────────────┴───┴────────────┘

For that, images are copied with zeros around them (`padded`), and with stride s along the width as s images side
by side, each of every s-th column, so that the windows' columns lie without gaps there, too:

     stride 2:    a b c d e f   →   a c e │ b d f

Then each term k lies at a fixed distance `offsets[k]` from a position's own place, and nothing needs to be checked.
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import MR, multiply_tile, tile_columns
from ..simd import address, full, lanes, load, load_first, misaligned, store, store_first

KC = 1024  # terms of a panel
POSITIONS = 256  # small images are taken together until they have so many


@inline
def up(n, step):
    return (n + step - 1) // step * step


@inline
def pad_images(x, first, images, channel, channels, frame, padded):
    """padded[i, c, z, y, phase, column] = x[first + i, channel + c, z − …, y − …, …], zeros around it."""
    w = lanes(x)
    before_z, before_y, before_x, depth, height, pitch, phases = frame
    _, all_channels, size_z, size_y, size_x = x.shape
    zero = full(x, 0)
    o = 0
    for i in range(first, first + images):
        for c in range(channel, channel + channels):
            for z in range(-before_z, depth - before_z):
                for y in range(-before_y, height - before_y):
                    inside = 0 <= z < size_z and 0 <= y < size_y
                    row = (((i * all_channels + c) * size_z + z) * size_y + y) * size_x
                    if phases > 1 and inside:
                        for phase in range(phases):
                            for column in range(pitch):
                                at = column * phases + phase - before_x
                                padded[o + column] = x.flat[row + at] if 0 <= at < size_x else 0
                            o += pitch
                        continue
                    width = phases * pitch
                    for j in range(0, width if not inside else before_x, w):
                        store_first(padded, o + j, width - j, zero)
                    if inside:
                        for j in range(0, size_x, w):
                            store_first(padded, o + before_x + j, width - before_x - j, load_first(x, row + j, size_x - j, 0))
                        for j in range(before_x + up(size_x, w), width, w):
                            store_first(padded, o + j, width - j, zero)
                    o += width


@inline
def find_runs(q, count, walk, image, channels, runs):
    """Positions q … q + count − 1, all images' in a row, as runs of neighbours in a row of one image; how many runs.

    A run is (its first column here, its place in `padded`, its length, its image, z, y, x).
    """
    size_z, size_y, size_x, step_z, step_y = walk
    positions = size_z * size_y * size_x
    found, column = 0, 0
    while column < count:
        i, p = (q + column) // positions, (q + column) % positions
        z, y, x = p // (size_y * size_x), p // size_x % size_y, p % size_x
        length = min(size_x - x, count - column)
        runs[found, 0] = column
        runs[found, 1] = i * image + z * step_z + y * step_y + x
        runs[found, 2] = length
        runs[found, 3], runs[found, 4], runs[found, 5], runs[found, 6] = i, z, y, x
        found += 1
        column += length
    return found


@inline
def gather(padded, runs, found, offsets, first, terms, panel, o, pitch):
    """panel[o + pitch k + column] = what the window at each position of the runs sees as term first + k.

    Vectors are stored whole over what follows them, which is stored after them, but for the last one of all.
    """
    w = lanes(padded)
    for r in range(found):
        column, place, length = runs[r, 0], runs[r, 1], runs[r, 2]
        for v in range(0, length, w):
            here, there = o + column + v, place + v
            room = pitch - column - v
            if room >= w:
                for k in range(terms):
                    store(panel, here + pitch * k, load(padded, there + offsets[first + k]))
            else:
                for k in range(terms):
                    store_first(panel, here + pitch * k, room, load(padded, there + offsets[first + k]))


@task
def correlate(first, last, x, packed, offsets, bias, frame, walk, place, block, parts, out):
    """Pieces first … last − 1 of out = the sums over all terms, and the bias.

    A piece is a part of the positions of `block` images, for one group of channels. `packed` (groups, panels, terms,
    MR) is the weight. Position (z, y, x) goes to place[0] + place[1] z + place[2] y + place[3] x of its image and
    channel.
    """
    w, nr = lanes(x), tile_columns(x)
    groups, panels, terms, _ = packed.shape
    inputs, outputs = x.shape[1] // groups, out.shape[1] // groups
    image = inputs * frame[3] * frame[4] * frame[5] * frame[6]
    plane = out.shape[2] * out.shape[3] * out.shape[4]
    start, by_z, by_y, by_x = place
    positions = walk[0] * walk[1] * walk[2]
    padded = np.empty(block * image + w, x.dtype)
    panel = np.empty(min(KC, terms) * nr + 2 * w, x.dtype)
    sums = np.empty(up(outputs, MR) * nr + w, x.dtype)
    runs = np.empty((nr, 7), np.int64)
    o = misaligned(panel)
    in_place = -1  # which images' channels lie in `padded`
    for piece in range(first, last):
        part, group, b = piece % parts, piece // parts % groups, piece // (parts * groups)
        images = min(block, x.shape[0] - b * block)
        if piece // parts != in_place:
            pad_images(x, b * block, images, group * inputs, inputs, frame, padded)
            in_place = piece // parts
        count = images * positions
        tiles = (count + nr - 1) // nr
        for tile in range(tiles * part // parts, tiles * (part + 1) // parts):
            columns = min(nr, count - tile * nr)
            found = find_runs(tile * nr, columns, walk, image, inputs, runs)
            for k in range(0, max(terms, 1), KC):  # once even without terms: a bias
                depth = min(KC, terms - k)
                gather(padded, runs, found, offsets, k, depth, panel, o, nr)
                for p in range(panels):
                    rows = min(MR, outputs - p * MR)
                    a = address(packed, ((group * panels + p) * terms + k) * MR)
                    multiply_tile(sums, p * MR * nr, nr, rows, columns, a, MR, address(panel, o), nr, depth, k)
            for r in range(found):
                column, length = runs[r, 0], runs[r, 2]
                at = start + runs[r, 4] * by_z + runs[r, 5] * by_y + runs[r, 6] * by_x
                at += ((b * block + runs[r, 3]) * out.shape[1] + group * outputs) * plane
                for row in range(outputs):
                    add = bias[group * outputs + row] if bias.size else x.dtype.type(0)
                    here, there = row * nr + column, at + row * plane
                    if by_x == 1:
                        for v in range(0, length, w):
                            store_first(out, there + v, length - v, load(sums, here + v) + add)
                    else:
                        for v in range(length):
                            out.flat[there + v * by_x] = sums[here + v] + add


@inline
def pieces(images, groups, positions, nr, threads):
    """How many images to take together, and into how many parts to cut their positions."""
    block = max(1, min(images, POSITIONS // positions))
    whole = (images + block - 1) // block * groups
    parts = 1 if whole >= 4 * threads else (4 * threads + whole - 1) // max(whole, 1)
    return block, min(parts, (block * positions + nr - 1) // nr)


@inline
def pack_weight(weight, start, line, term, groups, outputs, terms, packed, first):
    """packed[g, panel, first + k, r] = weight[g …], outputs `line` apart, `terms` terms `term` apart, groups in a row."""
    for g in range(groups):
        for o in range(outputs):
            at = start + g * (weight.size // groups) + o * line
            for k in range(terms):
                packed[g, o // MR, first + k, o % MR] = weight.flat[at + k * term]
