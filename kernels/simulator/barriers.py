"""Barriers of a block: __syncthreads and its kin, and the sixteen named ones of PTX."""

from . import races
from .findings import DIVERGENT_BARRIER, MISSING_BARRIER, note
from .intrinsics import first_lane, get, popcount, put
from .state import (
    ARRIVING,
    BLOCK,
    EXPECTED,
    LANE_PC,
    LIVE,
    POPULATION,
    RACING,
    RELEASED,
    RESULT,
    SORT,
    TALLY,
    THREADS,
    WAITERS,
    WAITING,
    WARPS,
    WHERE,
    add,
    barrier_at,
    clear,
    compiled,
    warp_at,
)

SYNC, ARRIVE, COUNT, AND, OR = range(5)


@compiled
def arrive(m, w, lanes, pc, number, expected, sort, votes, each):
    """These lanes of warp w come to a barrier. `expected` threads complete it, 0 means all of the block; `each`:
    threads come one by one (barrier.sync), rather than whole warps (bar.sync)."""
    warp, barrier = warp_at(m, w), barrier_at(m, number)
    live, before = get(warp, LIVE), get(barrier, WAITERS + w)
    where = get(barrier, WHERE + w)
    if each == 0 and sort != ARRIVE and before != 0 and where != pc:
        note(m, DIVERGENT_BARRIER, pc, where, w, first_lane(lanes), get(m, BLOCK), w, first_lane(before), number, 0)
    if before == 0:
        put(barrier, WHERE + w, pc)
    put(barrier, EXPECTED, expected)
    put(barrier, SORT, sort)
    # Whole warps count, however few threads the last one has.
    whole = each == 0 and before | lanes == live
    add(barrier, POPULATION, 32 - popcount(before) if whole else popcount(lanes))
    add(barrier, TALLY, popcount(lanes & ~votes) if sort == AND else popcount(lanes & votes))
    if sort != ARRIVE:
        put(barrier, WAITERS + w, before | lanes)
        put(warp, WAITING, get(warp, WAITING) | lanes)
    if get(m, RACING):
        races.arrive(m, barrier, warp, w)
    complete(m, barrier, number)


@compiled
def complete(m, barrier, number):
    """Let those who wait go on, if all have come."""
    if get(barrier, POPULATION) == 0:
        return
    warps, expected = get(m, WARPS), get(barrier, EXPECTED)
    if expected > 0:
        if get(barrier, POPULATION) < expected:
            return
    else:
        live = 0
        for w in range(warps):
            lanes = get(warp_at(m, w), LIVE)
            if lanes & ~get(barrier, WAITERS + w):
                return
            live += popcount(lanes)
        if live < get(m, THREADS):
            note_missing(m, barrier, number)
    sort, tally = get(barrier, SORT), get(barrier, TALLY)
    put(barrier, RESULT, tally if sort == COUNT else int((tally == 0) == (sort == AND)))
    for w in range(warps):
        lanes = get(barrier, WAITERS + w)
        if lanes:
            warp = warp_at(m, w)
            if get(m, RACING):
                races.leave(m, barrier, warp)
            put(warp, WAITING, get(warp, WAITING) & ~lanes)
            if sort >= COUNT:
                put(warp, RELEASED, get(warp, RELEASED) | lanes)
    put(barrier, POPULATION, 0)
    put(barrier, TALLY, 0)
    clear(barrier, WAITERS, 32)
    clear(barrier, ARRIVING, 32)


@compiled
def note_missing(m, barrier, number):
    """Some threads have ended without coming: where, and who waits."""
    warps = get(m, WARPS)
    w = 0
    while w < warps - 1 and get(barrier, WAITERS + w) == 0:
        w += 1
    waiters = get(barrier, WAITERS + w)
    if waiters == 0:
        return
    for v in range(warps):
        warp = warp_at(m, v)
        there = min(get(m, THREADS) - 32 * v, 32)
        gone = ((1 << there) - 1) & ~get(warp, LIVE)
        if gone:
            lane = first_lane(gone)
            ended, where = get(warp, LANE_PC + lane), get(barrier, WHERE + w)
            note(m, MISSING_BARRIER, where, ended, w, first_lane(waiters), get(m, BLOCK), v, lane, number, 0)
            return
