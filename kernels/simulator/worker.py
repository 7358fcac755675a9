"""A worker: the memory of one thread of this CPU that runs blocks, laid out as the machine reads it (state.py)."""

import os
from typing import Any

import numpy as np

from . import races
from .engine import machine
from .frames import set_indices
from .regions import aligned
from .rows import (
    COPY_ASYNC,
    LOCAL,
    REGION_BITS,
    SHARED,
)
from .state import (
    ACQUIRED_AT,
    ARENA,
    BARRIER_WORDS,
    BARRIERS,
    BARRIERS_AT,
    BLOCKS,
    CELL_WORDS,
    CELLS_AT,
    CODE64_AT,
    CODE_AT,
    COMMON_AT,
    COPIES_AT,
    COUNTERS,
    COUNTS_AT,
    DELTA,
    FINDING_WORDS,
    FINDINGS,
    FINDINGS_AT,
    FRAMES_AT,
    FUNCTIONS,
    FUNCTIONS_AT,
    GAPS,
    GAPS_AT,
    GRAIN,
    GRID_X,
    GRID_Y,
    HALT,
    LIMIT,
    LOCAL_SIZE,
    LOCATIONS_AT,
    LOST,
    ORDER_START,
    ORDER_STEP,
    PATTERNS_AT,
    PRINT_SIZE,
    PRINTED,
    PRINTED_AT,
    PUBLISHED_AT,
    RACING,
    READ_AT,
    REGIONS,
    REGIONS_AT,
    SCRATCH_AT,
    SLOTS,
    TABLE_AT,
    TEMPLATES_AT,
    THREADS,
    TRACING,
    WARP_WORDS,
    WARPS,
    WARPS_AT,
    WORKER_WORDS,
    WRITTEN_AT,
)
from .trace import PATTERN_WORDS, WAYS

PRINT_BUFFER = 1 << 22  # bytes


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """The memory of one thread that runs blocks."""

    def __init__(self, launch: Any, common: np.ndarray):
        kernel, warps = launch.kernel, launch.warps
        self.error: BaseException | None = None
        self.kept: list[np.ndarray] = []
        self.frames = aligned(warps * launch.arena, 64)
        for w in range(warps):
            size = kernel.frames[0].size
            self.frames[w * launch.arena : w * launch.arena + size] = launch.templates[:size]
        set_indices(self.frames, launch.arena, warps, launch.block)
        shared = aligned(max(launch.shared_bytes, 16), 1024)
        shared[:] = 255
        local = aligned(warps * 32 * launch.local_size)
        regions = launch.memory.rows.copy()
        regions[SHARED, DELTA] = shared.ctypes.data - (SHARED << REGION_BITS)
        regions[LOCAL, DELTA] = local.ctypes.data - (LOCAL << REGION_BITS)
        watching, racing = launch.trace or launch.races, launch.races
        # Tables of megabytes, which take longer to clear than a small kernel to run: only where the kernel needs them.
        passing, copies = racing and kernel.passes_on, racing and COPY_ASYNC in kernel.kinds
        most = min(races.MAX_SLOTS, races.MAX_PUBLISHED // launch.blocks) if passing else 0
        slots = 1 << most.bit_length() - 1 if most else 0
        self.counts = np.zeros((len(kernel.code), COUNTERS), np.int64)
        self.findings = np.zeros((FINDINGS, FINDING_WORDS), np.int64)
        self.output = np.zeros(PRINT_BUFFER if kernel.prints else 1, np.uint8)
        self.m = m = np.zeros(WORKER_WORDS, np.int64)
        patterns = kernel.memory_rows * WAYS if watching else 1
        tables = {
            COMMON_AT: common,
            CODE_AT: kernel.code,
            CODE64_AT: kernel.code64,
            TABLE_AT: launch.table,
            FUNCTIONS_AT: launch.functions,
            TEMPLATES_AT: launch.templates,
            REGIONS_AT: regions,
            FRAMES_AT: self.frames,
            SCRATCH_AT: aligned(8 * 64),
            WARPS_AT: np.zeros((warps, WARP_WORDS), np.int64),
            BARRIERS_AT: np.zeros((BARRIERS, BARRIER_WORDS), np.int64),
            FINDINGS_AT: self.findings,
            COUNTS_AT: self.counts,
            PATTERNS_AT: np.zeros((patterns + 1, PATTERN_WORDS), np.int64),
            CELLS_AT: launch.cells,
            LOCATIONS_AT: np.zeros((slots + 1, races.LOCATION_WORDS), np.int64),
            PUBLISHED_AT: np.zeros((slots, launch.blocks) if slots else 1, np.int32),
            ACQUIRED_AT: np.zeros(launch.blocks if racing else 1, np.int32),
            COPIES_AT: np.zeros((races.MAX_COPIES if copies else 1, races.COPY_WORDS), np.int64),
            PRINTED_AT: self.output,
            READ_AT: launch.read,
            WRITTEN_AT: launch.written,
            GAPS_AT: launch.gaps,
        }
        for name, table in tables.items():
            m[name] = table.ctypes.data
        self.kept = [shared, local, *tables.values()]
        m[WARPS], m[THREADS], m[BLOCKS] = warps, launch.threads, launch.blocks
        m[GRID_X], m[GRID_Y] = launch.grid[:2]
        m[TRACING], m[RACING], m[LIMIT] = launch.trace, racing, launch.limit
        m[ARENA], m[LOCAL_SIZE], m[GRAIN] = launch.arena, launch.local_size, launch.grain
        m[CELL_WORDS], m[FUNCTIONS], m[PRINT_SIZE] = launch.cells.shape[1], len(launch.functions), self.output.size
        m[ORDER_STEP], m[ORDER_START], m[REGIONS] = launch.order_step, launch.order_start, len(regions)
        m[GAPS] = len(launch.gaps) - 1
        m[SLOTS], m[LOST] = slots, passing and not slots

    def run(self, common: np.ndarray) -> None:
        try:
            machine()(self.m.ctypes.data)
        except BaseException as error:
            self.error = error
            common[HALT] = 1

    def printed(self) -> bytes:
        return self.output[: self.m[PRINTED]].tobytes()
