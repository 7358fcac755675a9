"""Transposes on the CPU: tiles of as many rows as a vector has lanes are turned in registers.

     x                     out
    ┌──┬──┬──┬──┐         ┌──┬──┬──┐
    │a │b │  │  │         │aᵀ│  │  │    each tile is read as vectors of its rows, and written as vectors of its columns:
    ├──┼──┼──┼──┤    →    ├──┼──┼──┤    with registers of 64 bytes, whole lines of the cache
    │  │  │  │  │         │bᵀ│  │  │
    └──┴──┴──┴──┘         └──┴──┴──┘

Tiles of a block of 64 × 64 follow one another: what its rows and columns need of the table of pages stays at hand.
"""

from ..jit import kernel, task
from ..matmul.tile import transpose as turn
from ..share import enough, share
from ..simd import lanes

SIDE = 64  # of a block, which a thread takes whole


@kernel("in real[:, :, ::1], out real[:, :, ::1]")
def transpose(x, out, threads):
    stack, rows, columns = x.shape
    down, across = (rows + SIDE - 1) // SIDE, (columns + SIDE - 1) // SIDE
    share(_blocks, stack * down * across, enough(threads, x.size), x, down, across, out)


@task
def _blocks(first, last, x, down, across, out):
    _, rows, columns = x.shape
    w = lanes(x)
    for block in range(first, last):
        matrix, top, left = block // (down * across), block // across % down * SIDE, block % across * SIDE
        start = matrix * rows * columns
        for j in range(left, min(left + SIDE, columns), w):
            for i in range(top, min(top + SIDE, rows), w):
                if i + w <= rows and j + w <= columns:
                    turn(x, start + i * columns + j, columns, w, out, start + j * rows + i, rows)
                else:
                    for r in range(i, min(i + w, rows)):
                        for c in range(j, min(j + w, columns)):
                            out[matrix, c, r] = x[matrix, r, c]
