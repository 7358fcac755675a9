"""A convolution on the CPU with a vector for each place: the same place of as many images as a vector has lanes.

               lanes: images →                     Nothing has to be gathered: a position's neighbours, strides and
             ┌───┬───┬───┬───┐                     borders are a matter of which vectors are read, and the tile of the
(c, z, y, x) │ 0 │ 1 │ 2 │ 3 │ one vector          matrix product reads them where they lie. The price is to transpose
             ├───┼───┼───┼───┤                     images when they come and results when they go, 16 × 16 numbers
   next      │   │   │   │   │                     at a time in registers: little beside the sums.
             └───┴───┴───┴───┘
"""

import numpy as np

from ..jit import inline, task
from ..matmul.tile import MR, multiply_seen, tile_columns, transpose, up
from ..simd import address, lanes, load, load_first, misaligned, store, store_first
from .plan import BY_X, BY_Y, BY_Z, FIRST, SIZE_X, START, TERMS, frame_size

NEAR = 1 << 17  # numbers of results that wait in a near cache until they are turned


@task
def correlate_images(first, last, x, packed, offsets, phases, bias, frame, steps, parts, out):
    """Pieces first … last − 1 of out = the sums over all terms, and the bias.

    A piece is a part of the outputs of a group of channels, for as many images as a vector has lanes.
    """
    w, nr = lanes(x), tile_columns(x)
    groups, panels, terms, _ = packed.shape
    inputs, outputs = x.shape[1] // groups, out.shape[1] // groups
    all_planes, all_rows, row = out.shape[2], out.shape[3], max(1, out.shape[4])
    most = (panels + parts - 1) // parts * MR
    planes, rows = _slab(out.shape, phases[0, BY_Y] // row, most * w, w)
    seen = np.zeros((inputs * frame_size(frame) + 1) * w, x.dtype)
    result = np.empty((most * planes * rows * row + 1) * w, x.dtype)
    sums, square = np.empty(MR * nr + w, x.dtype), np.empty(2 * w * w, x.dtype)
    starts, targets = np.empty(nr // w, np.int64), np.empty(nr // w, np.int64)
    places = offsets * w
    o_seen = misaligned(seen)
    in_place = -1  # which images' channels lie in `seen`
    for piece in range(first, last):
        part, group, b = piece % parts, piece // parts % groups, piece // (parts * groups)
        first_panel, end_panel = panels * part // parts, panels * (part + 1) // parts
        top, bottom = first_panel * MR, min(end_panel * MR, outputs)
        if piece // parts != in_place:
            images_to_lanes(x, b * w, group * inputs, inputs, frame, seen, o_seen, square)
            in_place = piece // parts
        for z in range(0, all_planes, planes):
            for y in range(0, all_rows, rows):
                depth, height = min(planes, all_planes - z), min(rows, all_rows - y)
                size = depth * height * row
                for phase in range(phases.shape[0]):
                    k, count, across = phases[phase, FIRST], phases[phase, TERMS], phases[phase, SIZE_X]
                    by_z, by_y = phases[phase, BY_Z] // (all_rows * row), phases[phase, BY_Y] // row
                    start_z, start_y = phases[phase, START] // (all_rows * row), phases[phase, START] // row % all_rows
                    z_first, y_first = _next(z, start_z, by_z), _next(y, start_y, by_y)
                    wide = (_next(y + height, start_y, by_y) - y_first) * across
                    positions = (_next(z + depth, start_z, by_z) - z_first) * wide
                    for p in range(0, positions, nr // w):
                        vectors = min(nr // w, positions - p)
                        for v in range(vectors):
                            q = p + v
                            i, j, m = z_first + q // wide, y_first + q % wide // across, q % across
                            starts[v] = o_seen + (i * steps[0] + j * steps[1] + m * steps[2]) * w
                            line = (start_z + i * by_z - z) * height + start_y + j * by_y - y
                            targets[v] = line * row + phases[phase, START] % row + m * phases[phase, BY_X]
                        for o in range(top, bottom, MR):
                            used = min(MR, bottom - o)
                            a = address(packed, ((group * panels + o // MR) * terms + k) * MR)
                            multiply_seen(
                                sums, 0, nr, used, vectors * w, a, MR, address(seen, 0), starts, places, k, count, 0
                            )
                            for v in range(vectors):
                                for r in range(used):
                                    value = load(sums, r * nr + v * w)
                                    if bias.size:
                                        value = value + bias[group * outputs + o + r]
                                    store(result, ((o - top + r) * size + targets[v]) * w, value)
                # Channels lie one behind the other where a slab is the whole image.
                joined = bottom - top if size == all_planes * all_rows * row else 1
                at = (z * all_rows + y) * row
                for c in range(0, bottom - top, joined):
                    channel = group * outputs + top + c
                    lanes_to_images(result, c * size * w, joined * size, b * w, channel, at, out, square)


@inline
def _slab(shape, by_y, count, lanes):
    """Of how many planes, and of how many rows of each, `count` results a place may wait: all, or whole vectors."""
    _, _, planes, rows, row = shape
    if planes * rows * row * count <= NEAR:
        return planes, rows
    if rows * row * count <= NEAR:
        return 1, rows
    found = by_y
    while found * row % lanes and found < rows and (found + by_y) * row * count <= NEAR:
        found += by_y
    return 1, min(found, rows)


@inline
def _next(place, start, step):
    """The first position whose result lies at `place` or behind."""
    return max(0, (place - start + step - 1) // step)


@inline
def fills_vectors(x):
    """Whether there are images enough for most lanes of the vectors that it takes to hold them."""
    images = x.shape[0]
    return 5 * images >= 4 * up(images, lanes(x))


@inline
def block_to_lanes(x, start, line, images, count, square):
    """square[w k + lane] = x[start + line lane + k], for k below `count` and as many as fill a vector."""
    w = lanes(x)
    if start + (images - 1) * line + w <= x.size:
        transpose(x, start, line, images, square, 0, w)
    else:  # a whole vector would reach beyond the last image
        for i in range(images):
            store(square, (w + i) * w, load_first(x, start + i * line, count, 0))
        transpose(square, w * w, w, images, square, 0, w)


@inline
def block_to_images(result, place, count, out, start, line, images, square):
    """out[start + line lane + k] = result[place + w k + lane], for k below `count` and as many as fill a vector."""
    w = lanes(out)
    if images == w and count >= w:
        transpose(result, place, w, w, out, start, line)
    else:
        transpose(result, place, w, w, square, 0, w)
        for i in range(images):
            store_first(out, start + i * line, count, load(square, i * w))


@inline
def images_to_lanes(x, first, channel, channels, frame, seen, start, square):
    """seen[start + w place + lane] = image first + lane, at each place of the frame; idle lanes hold anything."""
    line, plane = x.size // x.shape[0], x.shape[2] * x.shape[3] * x.shape[4]
    begin, images = first * line + channel * plane, min(lanes(x), x.shape[0] - first)
    lines_to_lanes(x, begin, line, images, channels, frame, seen, start, lanes(x), square)


@inline
def lines_to_lanes(x, begin, line, lines, channels, frame, seen, start, pitch, square):
    """seen[start + pitch place + lane] = the channels from x[begin + line lane] on, in their frames, for each lane.

    `pitch` is a whole vector, or as many lanes as there are lines.
    """
    w = lanes(x)
    before_z, before_y, before_x, depth, height, width, _ = frame
    size_z, size_y, size_x = x.shape[2:]
    rows, planes, length = min(size_y, height - before_y), min(size_z, depth - before_z), min(size_x, width - before_x)
    if pitch < w or length >= w:
        for channel in range(channels):
            for z in range(planes):
                for y in range(rows):
                    row = begin + ((channel * size_z + z) * size_y + y) * size_x
                    o = ((channel * depth + before_z + z) * height + before_y + y) * width + before_x
                    if pitch == w:
                        for e in range(0, length, w):
                            column = min(e, length - w)
                            transpose(x, row + column, line, lines, seen, start + (o + column) * w, w)
                    else:
                        for e in range(length):
                            for lane in range(lines):
                                seen[start + (o + e) * pitch + lane] = x.flat[row + lane * line + e]
        return
    # Rows shorter than a vector: as they lie in memory, one behind the other.
    count = channels * size_z * size_y * size_x
    zed, row, column, o = 0, 0, 0, (before_z * height + before_y) * width + before_x  # of the next place
    for e in range(0, count, w):
        block_to_lanes(x, begin + e, line, lines, count - e, square)
        for k in range(min(w, count - e)):
            if column < length and row < rows and zed < planes:
                store(seen, start + o * w, load(square, k * w))
            column += 1
            o += 1
            if column == size_x:
                column = 0
                row += 1
                o += width - size_x
                if row == size_y:
                    row = 0
                    zed += 1
                    o += (height - size_y) * width
                    if zed == size_z:
                        zed = 0
                        o += (depth - size_z) * height * width


@inline
def lanes_to_images(result, place, count, first, channel, at, out, square):
    """`count` places of `result`, a vector of images each, into out[first …], from place `at` of a channel on."""
    w = lanes(out)
    images = min(w, out.shape[0] - first)
    line = out.size // out.shape[0]
    begin = first * line + channel * (line // out.shape[1]) + at
    for e in range(0, count, w):
        block_to_images(result, place + e * w, count - e, out, begin + e, line, images, square)
