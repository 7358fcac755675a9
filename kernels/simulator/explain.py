"""Findings in words: what happened, to which thread, where, and why that is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .findings import KINDS
from .memory import OFFSET_MASK
from .program import Program
from .report import Finding, Index, Race, Violation
from .rows import (
    LOCAL,
    PARAMETERS,
    REGION_BITS,
    SHARED,
)
from .state import (
    ADDRESS,
    AT,
    EXTRA,
    F_BLOCK,
    F_LANE,
    F_WARP,
    KIND,
    OTHER,
    OTHER_BLOCK,
    OTHER_LANE,
    OTHER_WARP,
    TIMES,
)

# What a thread does that races, and what the other one did.
RACES = {"write-write": ("writes", "writes"), "write-read": ("reads", "writes"), "read-write": ("writes", "reads")}


@dataclass(frozen=True)
class Facts:
    """A row of the machine's findings, its numbers as sentences need them."""

    who: str  # the thread, and its block
    here: str  # where it was
    there: str  # where the other one was
    other: str  # the other thread
    place: str  # the memory at the address
    address: int
    extra: int  # depends on the kind

    @property
    def access(self) -> str:
        return f"{'writes' if self.extra % 2 else 'reads'} {self.extra // 2} bytes"


class Explainer:
    """Turns a row of the machine's findings into a Race or a Violation."""

    def __init__(
        self,
        program: Program,
        grid: Index,
        block: Index,
        limit: int,
        name_of: Callable[[int], str],
        text_at: Callable[[int], str],
    ):
        self.program, self.grid, self.block, self.most = program, grid, block, limit
        self.name_of, self.text_at = name_of, text_at

    def thread(self, warp: int, lane: int) -> Index:
        number = 32 * int(warp) + int(lane)
        x, y, _ = self.block
        return number % x, number // x % y, number // (x * y)

    def named(self, warp: int, lane: int) -> str:
        x, y, z = self.block
        if 32 * warp + lane >= x * y * z:
            return f"lane {lane} of the warp, where there is no thread"
        return f"thread {_index(self.thread(warp, lane))}"

    def block_index(self, number: int) -> Index:
        x, y, _ = self.grid
        return int(number % x), int(number // x % y), int(number // (x * y))

    def line(self, pc: int) -> int:
        return self.program.places[pc].line

    def where(self, pc: int) -> str:
        if pc < 0:
            return "nowhere"
        place = self.program.places[pc]
        if not place.file_line:
            return "its very beginning"
        if place.line and place.line == place.file_line:
            return f"line {place.line}"
        header = f"{place.file.rpartition('/')[2]}:{place.file_line}"
        return f"line {place.line} ({header})" if place.line else header

    def __call__(self, row: np.ndarray) -> Finding:
        kind, pc, other_pc = KINDS[row[KIND]], int(row[AT]), int(row[OTHER])
        thread, other = self.thread(row[F_WARP], row[F_LANE]), self.thread(row[OTHER_WARP], row[OTHER_LANE])
        block = self.block_index(row[F_BLOCK])
        lines = (self.line(pc),) if other_pc < 0 else (self.line(pc), self.line(other_pc))
        threads = (thread, other) if other_pc >= 0 or kind == "inactive lane" else (thread,)
        facts = Facts(
            f"thread {_index(thread)} of block {_index(block)}",
            self.where(pc),
            self.where(other_pc),
            self.named(row[OTHER_WARP], row[OTHER_LANE]),
            self.name_of(int(row[ADDRESS])),
            int(row[ADDRESS]),
            int(row[EXTRA]),
        )
        count = int(row[TIMES])
        if kind in RACES or kind == "pending copy":
            space = "shared" if facts.extra else "global"
            if kind == "pending copy":
                return Race(f"{space} write-read", lines, threads, block, self.pending_copy(facts), count)
            return Race(f"{space} {kind}", lines, threads, block, self.race(kind, row, facts), count)
        sentence = getattr(self, kind.replace(" ", "_").replace("-", "_"))(facts)
        return Violation(kind, lines, threads, block, sentence, count)

    def race(self, kind: str, row: np.ndarray, f: Facts) -> str:
        verb, other_verb = RACES[kind]
        other, same_warp = f.other, row[F_WARP] == row[OTHER_WARP]
        if row[OTHER_BLOCK] < 0:
            other = "a thread of another block"
        elif row[OTHER_BLOCK] != row[F_BLOCK]:
            other += f" of block {_index(self.block_index(row[OTHER_BLOCK]))}"
        if row[OTHER_BLOCK] != row[F_BLOCK]:
            cure = "blocks run in any order: it takes atomics, a fence with a flag, or another launch"
        elif same_warp:
            cure = "the two are in one warp, whose lanes are ordered only by __syncwarp or __syncthreads"
        else:
            cure = "nothing orders the two: is a __syncthreads missing between them?"
        if row[AT] == row[OTHER] and same_warp and kind == "write-write":
            return f"{f.who} and {other} write different values to {f.place} at once, at {f.here}: {cure}"
        return f"{f.who} {verb} {f.place} at {f.here}, which {other} {other_verb} at {f.there}: {cure}"

    def pending_copy(self, f: Facts) -> str:
        return (
            f"{f.who} touches {f.place} at {f.here} while the asynchronous copy of {f.there} may still be writing it: "
            "wait for the copy (cp.async.wait_group, __pipeline_wait_prior), then let the block (__syncthreads)"
        )

    def out_of_bounds(self, f: Facts) -> str:
        if f.extra < 0:
            return f"{f.who} calls, at {f.here}, an address that is no function"
        return f"{f.who} {f.access} at {f.here} outside of any array: {f.place}"

    def misaligned(self, f: Facts) -> str:
        return f"{f.who} {f.access} at {f.here} at an address that is no multiple of their alignment: {f.place}"

    def uninitialised(self, f: Facts) -> str:
        return f"{f.who} reads {f.place} at {f.here}, which nobody has written"

    def divergent_barrier(self, f: Facts) -> str:
        if f.extra:
            return f"{f.who} comes to barrier {f.address} at {f.here}: there are 0 to 15"
        return (
            f"{f.who} comes to the barrier of {f.here} while {f.other} of its warp waits at the one of {f.there}: "
            "all threads of a block must come to the same barrier, together"
        )

    def missing_barrier(self, f: Facts) -> str:
        return (
            f"{f.who} waits at the barrier of {f.here}, but {f.other} has ended at {f.there} without coming to it: "
            "every thread of the block must"
        )

    def deadlock(self, f: Facts) -> str:
        beside = f", {f.other} at {f.there}" if f.there != "nowhere" else ""
        return f"{f.who} waits for ever at the barrier of {f.here}{beside}: the threads it waits for never come"

    def inactive_lane(self, f: Facts) -> str:
        if f.extra == 1:
            return f"{f.who} reads a register of {f.other} at {f.here}, which takes no part in that"
        if f.extra == 2:
            return f"{f.who} executes {f.here}, whose mask doesn't name it"
        return (
            f"{f.who} waits at {f.here} for {f.other}, which the mask names but which never comes: it is at {f.there}"
        )

    def assertion(self, f: Facts) -> str:
        return f"{f.who} fails the assertion `{self.text_at(f.address)}` at line {f.extra}"

    def trap(self, f: Facts) -> str:
        why = ""
        if "cooperative_groups" in f.here:
            why = ": a whole grid can be synchronised only in a cooperative launch, which the simulator doesn't have"
        return f"{f.who} stops the kernel by a trap at {f.here}{why}"

    def stack_overflow(self, f: Facts) -> str:
        return f"{f.who} calls too deep at {f.here}: its stack is full"

    def limit(self, f: Facts) -> str:
        if f.extra:
            return f"{f.who} prints more at {f.here} than the simulator keeps: the rest is lost"
        return (
            f"the kernel hasn't ended within {self.most:,} warp instructions, {f.who} is at {f.here}: is it endless? "
            "If it only needs more, raise `limit`"
        )

    def read_only(self, f: Facts) -> str:
        return f"{f.who} writes {f.place} at {f.here}, which can only be read"

    def wrong_space(self, f: Facts) -> str:
        kinds = {SHARED: "shared", LOCAL: "local", PARAMETERS: "parameter"}
        kind, offset = kinds.get(f.address >> REGION_BITS, "global"), f.address & OFFSET_MASK
        return f"{f.who} uses, at {f.here}, an address of {kind} memory as one of another kind (offset {offset})"


def _index(index: Index) -> str:
    return f"({index[0]}, {index[1]}, {index[2]})"
