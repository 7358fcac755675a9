"""In which order blocks take the tiles of y (order.cuh), and what of the factors DRAM has to give, by that order.

>>> from kernelwright.kernels.matmul.order import GROUP, read_from_dram
>>> from kernelwright.kernels.matmul.table import LARGE
>>> [read_from_dram(LARGE, 8192, 8192, 8192, 4, 2 * 132, group) for group in (1, GROUP)]  # on an H100
[4622123008, 2382364672]
"""

from .. import cuda
from .table import Tile

GROUP = 16  # rows of tiles


def tile_of_block(block: int, down: int, across: int, group: int = GROUP) -> tuple[int, int]:
    """The row and the column, in tiles, of a block's tile. The twin of order.cuh's."""
    group = min(group, down)
    first, within = block // (group * across) * group, block % (group * across)
    height = min(group, down - first)
    return first + within % height, within // height


def read_from_dram(
    tile: Tile, rows: int, terms: int, columns: int, itemsize: int, at_once: int, group: int = GROUP
) -> int:
    """Bytes of both factors that come from DRAM while `at_once` blocks run at a time, wave by wave.

    Blocks of a wave walk along the terms side by side, so each strip that some of them need is read once; that any of
    it is still in L2 for the next wave isn't assumed. A group of 1 is the order row by row.
    """
    down, across = cuda.blocks(rows, tile.rows), cuda.blocks(columns, tile.columns)
    strips_a = strips_b = 0
    for first in range(0, down * across, at_once):
        wave = range(first, min(first + at_once, down * across))
        tiles = [tile_of_block(block, down, across, group) for block in wave]
        strips_a += len({row for row, _ in tiles})
        strips_b += len({column for _, column in tiles})
    return (strips_a * tile.rows + strips_b * tile.columns) * terms * itemsize
