"""Which tile a product gets on which GPU, and among how many blocks its terms are split.

A large tile reuses more of what it reads; small ones, and terms split among blocks, give every multiprocessor something
to do. What is known from measuring a GPU stands in MEASURED; anything else is predicted by a model of the waves of
blocks, `cycles`, whose constants are estimates: nothing of it has run on a GPU yet.
"""

from collections.abc import Iterator
from typing import NamedTuple

from .. import cuda


class Tile(NamedTuple):
    """The part of y that a block computes, and a thread; how many teams of threads share its terms (tile.cuh).

    Without a part of its own, a thread takes some terms of all elements: those are dot products (dots.cu).
    """

    rows: int
    columns: int
    thread_rows: int = 0
    thread_columns: int = 0
    teams: int = 1

    @property
    def is_of_dots(self) -> bool:
        return not self.thread_rows

    @property
    def threads(self) -> int:
        """Of a team. A warp's part is that of 4 × 8 threads."""
        if self.is_of_dots:
            return 256
        return self.rows * self.columns // (self.thread_rows * self.thread_columns)

    @property
    def macros(self) -> dict[str, int]:
        if self.is_of_dots:
            return {"ROWS": self.rows, "COLUMNS": self.columns}
        names = "TILE_ROWS", "TILE_COLUMNS", "THREAD_ROWS", "THREAD_COLUMNS", "TEAMS"
        return dict(zip(names, self))

    @property
    def shared(self) -> int:
        """Bytes that a launch asks for: with several teams their strips, which are 16 bytes longer than the tile."""
        return 0 if self.teams == 1 else self.teams * 2 * DEPTH * (self.rows + self.columns + 8)


class Choice(NamedTuple):
    """A tile, and how many blocks share its terms."""

    tile: Tile
    parts: int


LARGE, TALL, MIDDLE, SMALL = Tile(128, 128, 8, 8), Tile(128, 64, 8, 8), Tile(64, 64, 8, 4), Tile(32, 32, 4, 4)
SHARED, TINY = Tile(32, 32, 4, 4, teams=4), Tile(16, 32, 4, 4, teams=8)
TILES = (LARGE, TALL, MIDDLE, SMALL, SHARED, TINY)
DOTS = Tile(2, 16), Tile(4, 16)
PARTS = (1, 2, 4, 8, 16, 32)
GRID = 65535  # matrices of a stack that a launch may have blocks for
DEPTH = 64  # bytes of a row of a that a block takes at a time (tile.cuh)

# (architecture, shape class) → the fastest choice there; beside each the card and where the measurement is kept. None
# has been made yet.
MEASURED: dict[tuple[int, tuple[int, ...]], Choice] = {}

# Multiprocessors of an architecture's usual card: T4, A100, RTX 3090, RTX 4090, H100, B200, RTX 5090. Of the others,
# that of the nearest below.
MULTIPROCESSORS = {75: 40, 80: 108, 86: 82, 89: 128, 90: 132, 100: 148, 120: 170}
LATENCY = 700  # cycles between asking global memory for a strip and having it
LAUNCH = 4000  # cycles that another kernel takes, to begin with
L2_BYTES = 32  # that L2 gives each multiprocessor in a cycle
EXCHANGE = 300  # cycles of what follows a block's dot products
BYTES = 1500  # that global memory moves in a cycle, of all multiprocessors together
# Multiply-adds of float32 that a multiprocessor does in a cycle, 128 at most, with each tile: their share of the inner
# loop's instructions, and what shared memory leaves of it.
RATE = {LARGE: 108.0, TALL: 104.0, MIDDLE: 80.0, SMALL: 48.0, SHARED: 48.0, TINY: 48.0}
# Blocks at a time on a multiprocessor: registers allow no more.
RESIDENT = {LARGE: 2, TALL: 4, MIDDLE: 4, SMALL: 8, SHARED: 2, TINY: 2}


def multiprocessors(arch: int) -> int:
    return MULTIPROCESSORS[max((known for known in MULTIPROCESSORS if known <= arch), default=75)]


class Shape(NamedTuple):
    """A product, as far as its time depends on it; `along`: whether both factors' terms lie side by side in memory."""

    stack: int
    rows: int
    terms: int
    columns: int
    itemsize: int
    along: bool = False


def shape_class(shape: Shape) -> tuple[int, ...]:
    """Products for which one choice will do: sizes up to the next power of two, and all else."""
    return (*((size - 1).bit_length() for size in shape[:4]), *map(int, shape[4:]))


def candidates(shape: Shape) -> Iterator[Choice]:
    """What may be chosen: no tile four times as large as the product, no part of less than 8 steps along the terms, and
    terms that teams share aren't shared among blocks besides."""
    stack, rows, terms, columns, itemsize, along = shape
    if along and stack <= GRID:
        yield from (Choice(tile, 1) for tile in DOTS if tile is DOTS[0] or tile.rows < 2 * rows)
    for tile in TILES:
        if tile is SMALL or (tile.rows < 4 * rows and tile.columns < 4 * columns):
            for parts in PARTS if tile.teams == 1 else (1,):
                if parts == 1 or terms * itemsize >= 8 * DEPTH * parts:
                    yield Choice(tile, parts)


def predicted(arch: int, shape: Shape) -> Choice:
    """The candidate of the fewest cycles."""
    return min(candidates(shape), key=lambda choice: cycles(arch, choice, shape))


def cycles(arch: int, choice: Choice, shape: Shape) -> float:
    """Of the multiprocessor that gets the most blocks: waves of as many as fit on it, step by step along the terms.

    A step takes what its multiply-adds take, but no less than memory's latency. Blocks of dot products take what L2
    takes to give them their lines.
    """
    stack, rows, terms, columns, itemsize, _ = shape
    tile, parts = choice
    blocks = cuda.blocks(rows, tile.rows) * cuda.blocks(columns, tile.columns) * stack * parts
    count = multiprocessors(arch)
    if tile.is_of_dots:
        lines = (tile.rows + tile.columns) * terms * itemsize
        return LATENCY + cuda.blocks(blocks, count) * (lines / L2_BYTES + EXCHANGE)
    steps = cuda.blocks(cuda.blocks(terms * itemsize, DEPTH), parts * tile.teams)
    step = tile.rows * tile.columns * tile.teams * (DEPTH // itemsize) / RATE[tile]
    total = waves(count, blocks, RESIDENT[tile], steps, step)
    if parts > 1:  # the partial sums are written and read
        total += LAUNCH + 2 * parts * stack * rows * columns * itemsize / BYTES
    return total


def waves(multiprocessors: int, blocks: int, at_a_time: int, steps: int, step: float) -> float:
    """Cycles of so many blocks, so many of them at a time on a multiprocessor, each of `steps` of `step` cycles."""
    full, rest = divmod(cuda.blocks(blocks, multiprocessors), at_a_time)
    return full * steps * max(LATENCY, at_a_time * step) + (rest > 0) * steps * max(LATENCY, rest * step)
