"""How many threads take a row on the GPU, and how much of it each holds in registers (teams.cuh).

A few threads for the shortest rows, a warp up to some 1,000 numbers, which needs no barrier, a block up to some 32,000;
longer rows are gone through in pieces, once for what must be known, once more for the result. Few long ones are split
among many blocks.
"""

import functools
from typing import Any, NamedTuple

import numpy as np

from . import cuda

BLOCK = 256  # threads, of teams that are no larger than a warp
GRID = 1 << 20  # blocks; they walk over what is left
# Of an H100. Not asked of the GPU, for the order of sums depends on how rows are split, and results shall not.
MULTIPROCESSORS = 132
LONG = 1 << 16  # bytes of a row from which on splitting it pays for a second launch
PARTS = 1024  # of a row, at most: each block of the second launch reads what all have found


class Plan(NamedTuple):
    """A launch, and the macros that its kernel is compiled with."""

    threads: int  # a row
    each: int  # numbers that a thread holds
    wide: int  # neighbours that it loads at once: 16 bytes, where all rows begin at multiples of that
    whole: bool  # a row stays in registers
    strided: bool  # inner > 1: a thread a column
    stage: int = 0  # 1 and 2: a launch for rows split among blocks, of which each has what is called a row here

    def source(self, beside: str, name: str = "gpu.cu", /, **macros: int) -> cuda.Source:
        return _source(beside, name, self, **macros)

    def blocks(self, rows: int) -> tuple[int, int]:
        """(grid, block) for so many rows; a team of several warps has a block of its own, and waits for no other."""
        block = self.threads if self.threads > 32 else BLOCK
        return min(cuda.blocks(rows, block // self.threads), GRID), block


@functools.cache
def _source(beside: str, name: str, plan: Plan, **macros: int) -> cuda.Source:
    own = {field.upper(): int(value) for field, value in plan._asdict().items()}
    return cuda.Source(beside, name, **own, **macros)


def plan(n: int, inner: int, arrays: tuple, held: int = 1) -> Plan:
    """How rows of n are shared out; a thread holds `held` numbers of a row at each place."""
    dtype = arrays[0].dtype
    most = 128 // dtype.itemsize // held
    small, middle = min(8, most), min(64 // dtype.itemsize, most)
    if inner > 1:
        each = next((each for each in (small, most) if n <= each), 0)
        return Plan(1, each or small, 1, each > 0, True)
    wide = packs(n, arrays)
    teams = [(4, small), (8, small), (32, small), (32, most)]
    teams += [(128, middle), (256, middle), (512, middle), (512, most)]
    if dtype.itemsize == 4:  # of 16 float64 and what exp needs beside them, 1024 threads haven't the registers
        teams.append((1024, most))
    threads, each = next((team for team in teams if n <= team[0] * team[1]), (0, 0))
    # Of rows that are read twice, few at a time, so that they are still in the cache: the largest team takes one.
    return Plan(threads or teams[-1][0], each or middle, wide, threads > 0, False)


def launch(
    device: Any, beside: str, name: str, shape: tuple, arrays, arguments, found: int, held: int = 1, **macros: int
) -> None:
    """Launch a kernel that finds `found` numbers of each row, and makes something of the row by them.

    The `arrays` have rows of `shape`, (outer, n, inner). To the arguments are added the place for what is found of
    parts of rows, and the sizes: rows, n, inner. It is compiled with the `macros`, beside the plan's.
    """
    outer, n, inner = shape
    rows, dtype = outer * inner, arrays[0].dtype
    if not rows * n:
        return
    sizes = np.int64(rows), np.int64(n), np.int64(inner)
    chosen = plan(n, inner, arrays, held)
    if inner > 1 or not is_split(rows, n * dtype.itemsize, chosen.whole):
        source = chosen.source(beside, "gpu.cu", **macros)
        device.launch(source, name, dtype, *chosen.blocks(rows), (*arguments, None, *sizes))
        return
    parts, of_part = split(n, arrays, held, BLOCK, PARTS)
    kept = device.empty((rows, parts, found), dtype)
    for stage in (1, 2):
        source = of_part._replace(stage=stage).source(beside, "gpu.cu", **macros)
        device.launch(source, name, dtype, (parts, rows), of_part.threads, (*arguments, kept, *sizes))


def is_split(rows: int, bytes: int, whole: bool) -> bool:
    """Whether a block for each row would leave the GPU idle, so that two launches cost less.

    Rows that stay in registers are read once if they aren't split, and twice if they are; longer ones twice anyway.
    """
    return bytes >= LONG and rows < (MULTIPROCESSORS // 2 if whole else 2 * MULTIPROCESSORS)


def split(n: int, arrays: tuple, held: int, threads: int, most: int) -> tuple[int, Plan]:
    """How many parts a row is split into, and how a block of so many threads holds one: whole, unless parts would be
    more than `most`."""
    size = arrays[0].dtype.itemsize
    each = min(64, 128 // held) // size
    pieces = cuda.blocks(n, threads * each)
    of_part = cuda.blocks(pieces, most)
    return cuda.blocks(pieces, of_part), Plan(threads, each, packs(n, arrays), of_part == 1, False)


def packs(n: int, arrays: tuple) -> int:
    """How many neighbours are loaded at once: 16 bytes, if all rows of n begin at multiples of that."""
    size = arrays[0].dtype.itemsize
    return 16 // size if n * size % 16 == 0 and all(address(x) % 16 == 0 for x in arrays) else 1


def address(x: Any) -> int:
    """Where an array of the device begins."""
    return x.ctypes.data if isinstance(x, np.ndarray) else x.data.ptr
