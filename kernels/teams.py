"""How many threads take a row on the GPU, and how much of it each holds in registers (teams.cuh).

A few threads for the shortest rows, a warp up to some 1,000 numbers, which needs no barrier, a block up to some 32,000;
longer rows are gone through in pieces, once for each thing to be known, from the GPU's cache after the first time.
"""

import functools
from typing import Any, NamedTuple

import numpy as np

from . import cuda

BLOCK = 256  # threads, of teams that are no larger than a warp
GRID = 1 << 20  # blocks; they walk over what is left


class Plan(NamedTuple):
    """A launch, and the macros that its kernel is compiled with."""

    threads: int  # a row
    each: int  # numbers that a thread holds
    wide: int  # neighbours that it loads at once: 16 bytes, where all rows begin at multiples of that
    whole: bool  # a row stays in registers
    strided: bool  # inner > 1: a thread a column

    def source(self, beside: str, name: str = "gpu.cu") -> cuda.Source:
        return _source(beside, name, self)

    def blocks(self, rows: int) -> tuple[int, int]:
        """(grid, block) for so many rows; a team of several warps has a block of its own, and waits for no other."""
        block = self.threads if self.threads > 32 else BLOCK
        return min(cuda.blocks(rows, block // self.threads), GRID), block


@functools.cache
def _source(beside: str, name: str, plan: Plan) -> cuda.Source:
    threads, each, wide, whole, strided = map(int, plan)
    return cuda.Source(beside, name, THREADS=threads, EACH=each, WIDE=wide, WHOLE=whole, STRIDED=strided)


def plan(n: int, inner: int, arrays: tuple, held: int = 1) -> Plan:
    """How rows of n are shared out; a thread holds `held` numbers of a row at each place."""
    dtype = arrays[0].dtype
    most = 128 // dtype.itemsize // held
    small, middle = min(8, most), min(64 // dtype.itemsize, most)
    if inner > 1:
        each = next((each for each in (small, most) if n <= each), 0)
        return Plan(1, each or small, 1, each > 0, True)
    wide = packs(n, arrays)
    teams = [(4, small), (32, small), (32, most), (128, middle), (256, middle), (512, middle), (512, most)]
    if dtype.itemsize == 4:  # of 16 float64 and what exp needs beside them, 1024 threads haven't the registers
        teams.append((1024, most))
    threads, each = next((team for team in teams if n <= team[0] * team[1]), (0, 0))
    return Plan(threads or 512, each or middle, wide, threads > 0, False)


def packs(n: int, arrays: tuple) -> int:
    """How many neighbours are loaded at once: 16 bytes, if all rows of n begin at multiples of that."""
    size = arrays[0].dtype.itemsize
    return 16 // size if n * size % 16 == 0 and all(address(x) % 16 == 0 for x in arrays) else 1


def address(x: Any) -> int:
    """Where an array of the device begins."""
    return x.ctypes.data if isinstance(x, np.ndarray) else x.data.ptr
