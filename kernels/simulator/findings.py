"""Findings as the machine notes them: rows of numbers, told apart by what and where, counted when they recur."""

from .intrinsics import get, put
from .state import (
    ADDRESS,
    AT,
    BLOCK,
    EXTRA,
    F_BLOCK,
    F_LANE,
    F_WARP,
    FINDING_WORDS,
    FINDINGS,
    FINDINGS_AT,
    FOUND,
    KIND,
    OTHER,
    OTHER_BLOCK,
    OTHER_LANE,
    OTHER_WARP,
    TIMES,
    add,
    compiled,
)

KINDS = (
    "write-write",
    "write-read",
    "read-write",
    "out of bounds",
    "misaligned",
    "uninitialised",
    "divergent barrier",
    "missing barrier",
    "deadlock",
    "inactive lane",
    "assertion",
    "trap",
    "stack overflow",
    "limit",
    "read-only",
    "wrong space",
    "pending copy",
)
(
    WRITE_WRITE,
    WRITE_READ,
    READ_WRITE,
    OUT_OF_BOUNDS,
    MISALIGNED,
    UNINITIALISED,
    DIVERGENT_BARRIER,
    MISSING_BARRIER,
    DEADLOCK,
    INACTIVE_LANE,
    ASSERTION,
    TRAPPED,
    STACK_OVERFLOW,
    LIMIT_REACHED,
    READ_ONLY_MEMORY,
    WRONG_SPACE,
    PENDING_COPY,
) = range(len(KINDS))


@compiled
def note(m, kind, pc, other_pc, w, lane, other_block, other_w, other_lane, address, extra):
    """Enter a finding of the running block. The table holds those that differ in kind or place; more of them than fit
    aren't kept."""
    row = get(m, FINDINGS_AT)
    count = get(m, FOUND)
    for _ in range(count):
        if get(row, KIND) == kind and get(row, AT) == pc and get(row, OTHER) == other_pc:
            add(row, TIMES, 1)
            return
        row += 8 * FINDING_WORDS
    if count == FINDINGS:
        return
    put(m, FOUND, count + 1)
    put(row, KIND, kind)
    put(row, AT, pc)
    put(row, OTHER, other_pc)
    put(row, F_BLOCK, get(m, BLOCK))
    put(row, F_WARP, w)
    put(row, F_LANE, lane)
    put(row, OTHER_BLOCK, other_block)
    put(row, OTHER_WARP, other_w)
    put(row, OTHER_LANE, other_lane)
    put(row, ADDRESS, address)
    put(row, EXTRA, extra)
    put(row, TIMES, 1)


@compiled
def note_alone(m, kind, pc, w, lane, address, extra):
    """A finding that concerns one thread."""
    note(m, kind, pc, -1, w, lane, get(m, BLOCK), w, lane, address, extra)
