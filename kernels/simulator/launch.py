"""A launch: arguments into the machine's memory, workers over the blocks, what they saw into a report."""

import functools
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import printing
from .arguments import arrays_of, check_geometry, parameter_bytes, triple
from .counts import gather_lines
from .engine import machine
from .explain import Explainer
from .frames import frame_image
from .parser import parse
from .program import Program, build
from .races import R_STAMPS, UNWRITTEN, W_BLOCK
from .regions import Memory, aligned, never_written
from .report import Finding, Race, Report, Violation
from .resources import Resources
from .rows import (
    FIRST_VARIABLE,
    LOCAL,
    PARAMETERS,
    SHARED,
)
from .state import (
    ALL_STEPS,
    AT,
    BYTES,
    CELLS,
    F_BLOCK,
    F_WARP,
    FOUND,
    HALT,
    KIND,
    LOST,
    NEXT_BLOCK,
    OTHER,
    OTHER_BLOCK,
    OTHER_WARP,
    SECTORS,
    START,
    STEPS,
    TIMES,
)
from .worker import Worker, cores

STACK, CALL_FRAMES = 1 << 16, 1 << 21  # bytes of local memory a thread, of frames a warp, where functions are called
MAX_CELL_BYTES = 1 << 32  # for looking for races; arrays for which this is too little are left out
DEFAULT_LIMIT = 1 << 28  # warp instructions: some seconds, half a minute where races are looked for
PATIENCE = 2.0  # seconds after which a launch says how far it is, on a terminal


@dataclass(frozen=True)
class About:
    """What a report says of the kernel, beside what the launch did."""

    title: str = ""
    path: str = ""
    text: str = ""
    measure: Callable[[], Resources | None] = lambda: None


@functools.lru_cache(maxsize=256)
def program(ptx: str, name: str, main: str) -> Program:
    return build(_module(ptx, main), name)


@functools.lru_cache(maxsize=32)
def _module(ptx: str, main: str):
    return parse(ptx, main)


def launch(
    kernel: Program,
    grid: Any,
    block: Any,
    args: tuple,
    shared: int = 0,
    *,
    arch: int = 80,
    trace: bool = True,
    races: bool = True,
    order: str | None = None,
    threads: int | None = None,
    limit: int = DEFAULT_LIMIT,
    symbols: Mapping[str, np.ndarray] | None = None,
    about: About | None = None,
) -> Report:
    """Run a kernel; arrays among its arguments change in place."""
    about = about or About()
    grid, block, shared = triple(grid, "grid"), triple(block, "block"), int(shared)
    check_geometry(grid, block, kernel, shared, arch)
    if len(args) != len(kernel.parameters):
        wanted, title = len(kernel.parameters), about.title or kernel.name
        raise TypeError(f"args: the kernel {title} takes {wanted} arguments, not {len(args)}")
    order = check_order(order or _order.get())
    for name, value in (("limit", limit), ("threads", cores() if threads is None else threads)):
        if value < 1:
            raise ValueError(f"{name} is {value!r}: it must be at least 1")
    memory = Memory(kernel, symbols or {})
    memory.add_arrays(arrays_of(args))
    parameters = parameter_bytes(kernel, args, memory)
    space = aligned(max(len(parameters), 1))
    space[: len(parameters)] = np.frombuffer(parameters, np.uint8)
    memory.set(PARAMETERS, space, 0, len(parameters), True)
    machine()
    launched = Launch(kernel, memory, parameters, grid, block, shared, trace, races, order, limit)
    started = time.perf_counter()
    workers = launched.run(1 if races else min(threads or cores(), launched.blocks))
    seconds = time.perf_counter() - started
    memory.read_back()
    report = launched.report(workers, arch, about)
    report.seconds = seconds
    return report


ORDERS = ("forward", "reverse", "shuffled")
_order: ContextVar[str] = ContextVar("kernelwright_order", default="forward")


def check_order(order: str) -> str:
    if order not in ORDERS:
        raise ValueError(f"order is {order!r}: it must be one of {', '.join(ORDERS)}")
    return order


@contextmanager
def in_order(order: str) -> Iterator[None]:
    """Blocks run in this order where a launch doesn't say."""
    token = _order.set(check_order(order))
    try:
        yield
    finally:
        _order.reset(token)


class Launch:
    """Everything that the workers of a launch share."""

    def __init__(self, kernel, memory, parameters, grid, block, shared, trace, races, order, limit):
        self.kernel, self.memory, self.grid, self.block = kernel, memory, grid, block
        self.shared, self.trace, self.races, self.limit = shared, trace, races, limit
        self.blocks = grid[0] * grid[1] * grid[2]
        self.threads = block[0] * block[1] * block[2]
        self.warps = -(-self.threads // 32)
        self.order_step, self.order_start = 1, 0
        if order == "reverse":
            self.order_step, self.order_start = self.blocks - 1, self.blocks - 1
        elif order == "shuffled":
            self.order_step, self.order_start = _stride(self.blocks), self.blocks // 3
        calls = len(kernel.frames) > 1
        self.arena = kernel.frames[0].size + (CALL_FRAMES if calls else 0)
        base = kernel.frames[0].local_size
        # Arguments of a call, vprintf among them, stand beyond the caller's own memory.
        outgoing = max([0, *kernel.frames[0].local.values()]) + 16
        self.local_size = -(-(max(base, outgoing) + (STACK if calls else 256)) // 16) * 16
        images = [
            frame_image(frame, kernel, parameters, grid, block, shared, base if k == 0 else 0)
            for k, frame in enumerate(kernel.frames)
        ]
        self.templates = aligned(sum(image.size for image in images), 64)
        self.functions = np.zeros((len(images), 4), np.int64)
        at = 0
        for k, image in enumerate(images):
            self.templates[at : at + image.size] = image
            self.functions[k] = kernel.entries[k], image.size, at, kernel.frames[k].local_size
            at += image.size
        self.table = np.array([*kernel.tables, 0], np.int64)
        self.shared_bytes = kernel.shared_size + shared
        self.gaps = _gaps(kernel)
        self.grain = kernel.grain.bit_length() - 1
        regions = memory.rows
        regions[SHARED, BYTES] = self.shared_bytes
        regions[LOCAL, BYTES] = self.local_size
        self.complete = True
        self.cells = self._lay_cells(regions)
        sectors = 0
        for row in regions[FIRST_VARIABLE:]:
            row[SECTORS] = sectors
            sectors += (row[BYTES] >> 5) + 2
        self.read, self.written = np.zeros(sectors + 1, np.uint8), np.zeros(sectors + 1, np.uint8)

    def _lay_cells(self, regions: np.ndarray) -> np.ndarray:
        """Cells for shared memory, then for each array that still fits."""
        if not self.races:
            regions[:, CELLS] = -1
            return np.zeros((1, R_STAMPS), np.int32)
        words = R_STAMPS + -(-self.warps // 8) * 8
        most = MAX_CELL_BYTES // (4 * words)
        regions[:FIRST_VARIABLE, CELLS] = -1
        regions[SHARED, CELLS] = 0
        at = (self.shared_bytes >> self.grain) + 2
        for row in regions[FIRST_VARIABLE:]:
            needed = (int(row[BYTES]) >> self.grain) + 2
            row[CELLS] = at if at + needed < most else -1
            self.complete &= row[CELLS] >= 0
            at += needed if row[CELLS] >= 0 else 0
        cells = np.zeros((at, words), np.int32)
        for region, array in enumerate(self.memory.origins):
            if region >= FIRST_VARIABLE and array is not None and regions[region, CELLS] >= 0:
                self._mark_uninitialised(cells, regions[region], array)
        return cells

    def _mark_uninitialised(self, cells: np.ndarray, row: np.ndarray, array: np.ndarray) -> None:
        never = never_written(array)
        if never is None:
            return
        size, grain = array.itemsize, 1 << self.grain
        first = int(row[CELLS]) + (int(row[START]) >> self.grain)
        if size >= grain:
            never = np.repeat(never, size // grain)
        else:
            padded = np.zeros(-(-never.size * size // grain) * grain // size, bool)
            padded[: never.size] = never
            never = padded.reshape(-1, grain // size).all(1)
        cells[first : first + never.size, W_BLOCK][never] = UNWRITTEN

    def run(self, count: int) -> list["Worker"]:
        common = np.zeros(8, np.int64)
        workers = [Worker(self, common) for _ in range(count)]
        # In threads of their own, so that Ctrl-C reaches us meanwhile.
        tasks = [threading.Thread(target=worker.run, args=(common,), daemon=True) for worker in workers]
        for task in tasks:
            task.start()
        try:
            self._wait(tasks, common)
        except KeyboardInterrupt:
            common[HALT] = 1
            for task in tasks:
                task.join()
            raise
        for worker in workers:
            if worker.error is not None:
                raise worker.error
        return workers

    def _wait(self, tasks: list[threading.Thread], common: np.ndarray) -> None:
        started, shown = time.perf_counter(), False
        for task in tasks:
            while task.is_alive():
                task.join(0.2)
                if sys.stderr.isatty() and task.is_alive() and time.perf_counter() - started > PATIENCE:
                    begun, steps = min(common[NEXT_BLOCK], self.blocks), common[ALL_STEPS]
                    line = f"kernelwright: simulating block {begun:,} of {self.blocks:,}, {steps:,} warp instructions"
                    print(f"\r{line}", end="", file=sys.stderr, flush=True)
                    shown = True
        if shown:
            print(file=sys.stderr)

    def findings(self, workers: list[Worker]) -> Iterator[Finding]:
        """What was found, once for each pair of source lines, however many instructions a compiler makes of them."""
        explain = Explainer(self.kernel, self.grid, self.block, self.limit, self.memory.name_of, self.memory.text_at)
        places = self.kernel.places
        merged: dict[tuple, np.ndarray] = {}
        for worker in workers:
            for row in worker.findings[: worker.m[FOUND]]:
                other = places[row[OTHER]] if row[OTHER] >= 0 else None
                near = row[F_WARP] == row[OTHER_WARP], row[F_BLOCK] == row[OTHER_BLOCK]
                key = (row[KIND], places[row[AT]], other, *near)
                if key in merged:
                    merged[key][TIMES] += row[TIMES]
                else:
                    merged[key] = row.copy()
        return map(explain, merged.values())

    def report(self, workers: list[Worker], arch: int, about: About) -> Report:
        found = list(self.findings(workers))
        report = Report(
            about.title or self.kernel.name,
            about.path,
            about.text,
            self.grid,
            self.block,
            arch,
            self.shared,
            races=[finding for finding in found if isinstance(finding, Race)],
            violations=[finding for finding in found if isinstance(finding, Violation)],
            output=printing.text([worker.printed() for worker in workers], self.memory.text_at),
            instructions=sum(int(worker.m[STEPS]) for worker in workers),
            complete=self.complete and not any(worker.m[LOST] for worker in workers),
            measure=about.measure,
        )
        if self.trace:
            counts = np.sum([worker.counts for worker in workers], axis=0)
            report.gather = functools.partial(gather_lines, self.kernel, counts)
            report.read_bytes = 32 * int(self.read.sum())
            report.written_bytes = 32 * int(self.written.sum())
        return report


def _gaps(kernel: Program) -> np.ndarray:
    """Begin and end of what lies behind each static array of shared memory; a row of zeros at the end."""
    arrays = sorted(kernel.shared.values())
    following = [start for start, _ in arrays[1:]] + [kernel.shared_size]
    gaps = [(start + size, after) for (start, size), after in zip(arrays, following)]
    return np.array([*gaps, (0, 0)], np.int64)


def _stride(n: int) -> int:
    """A step that meets every one of n blocks, in an order that looks like none."""
    step = int(n * 0.618) | 1
    while np.gcd(step, n) != 1:
        step += 2
    return step % n if n > 1 else 1
