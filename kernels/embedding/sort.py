"""Launches of sort.cu: positions sorted by index, on the GPU."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__, "sort.cu")
TILE, BITS, WARPS = 1024, 8, 8  # as there: items of a block, bits of a digit
ANY = np.dtype(np.float32)  # nothing there is a real number


def sorted_by_index(device, indices, rows, padding):
    """The indices in order, and the position of each: equal ones in their own order. What is left out, the padding and
    indices that are no row, comes last, as index `rows`."""
    n = indices.size
    if not n:
        return indices, indices
    blocks = cuda.blocks(n, TILE)
    counts, totals = (device.empty((size << BITS,), np.int64) for size in (blocks, 1))
    keys, order = indices, indices  # the first round's order is that of the positions
    for shift in range(0, max(int(rows).bit_length(), 1), BITS):
        sizes = np.int64(padding), np.int64(rows), np.int64(n)
        moved = device.empty((n,), np.int64), device.empty((n,), np.int64)
        device.launch(SOURCE, "count", ANY, blocks, 32 * WARPS, (keys, counts, np.int32(shift), *sizes))
        device.launch(SOURCE, "scan", ANY, (1 << BITS) // WARPS, 32 * WARPS, (counts, totals, np.int64(blocks)))
        arguments = keys, order, counts, totals, *moved, np.int32(shift), np.int32(shift > 0), *sizes
        device.launch(SOURCE, "move", ANY, blocks, 32 * WARPS, arguments)
        keys, order = moved
    return keys, order


def starts_of(device, keys, rows):
    """Where each row's positions begin among sorted ones, and where the last row's end."""
    starts = device.empty((rows + 1,), np.int64)
    arguments = keys, starts, np.int64(keys.size), np.int64(starts.size)
    device.launch(SOURCE, "find_starts", ANY, cuda.elements(starts.size), 256, arguments)
    return starts
