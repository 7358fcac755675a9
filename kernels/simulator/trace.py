"""What an access costs: 32-byte sectors of global memory, passes over the 32 banks of shared memory.

A sector is the least that moves between the caches and DRAM. Shared memory has 32 banks, each 4 bytes wide; in one
pass (a *wavefront*) a bank gives one of its words to any number of lanes:

    bank      0    1    2   …   31
    address   0    4    8       124
              128  132  136     252

8-byte accesses go in halves of a warp, 16-byte accesses in quarters. Loops repeat their patterns of
addresses, so what an instruction's last few patterns cost is remembered.
"""

from .intrinsics import PATTERN_GENERAL, PATTERN_HALVES, PATTERN_UNIFORM, get, popcount, put, same_pattern, store8
from .state import (
    ATOMICS,
    CONFLICTS,
    GLOBAL_BYTES,
    IDEAL_SECTORS,
    IDEAL_WAVEFRONTS,
    PATTERNS_AT,
    REQUESTS,
    SCRATCH_AT,
    SECTOR_COUNT,
    SHARED_BYTES,
    SHARED_REQUESTS,
    WAVEFRONTS,
    add,
    clear,
    compiled,
)

# A remembered pattern: 32 distances from its least address; its lanes, least address within its sector, cost, ideal
# cost, number of distinct addresses and of sectors, kind; then, of each distinct address, distance and lanes; sectors.
P_LANES, P_PHASE, P_COST, P_IDEAL, P_DISTINCT, P_SECTORS, P_KIND = range(32, 39)
P_DISTANCES, P_SHARERS, P_SECTOR_LIST, P_BANKS = 40, 72, 104, 168
PATTERN_WORDS = 200
WAYS = 8  # patterns remembered for an instruction, one for each place of the least address within its sector


@compiled
def find_pattern(m, memory, lanes, size, shared, kind):
    """The pattern of the addresses in scratch, worked out unless it is known."""
    scratch = get(m, SCRATCH_AT)
    least = get(scratch, 32)
    way = (least >> 2) & (WAYS - 1)
    pattern = get(m, PATTERNS_AT) + (memory * WAYS + way) * (8 * PATTERN_WORDS)
    if kind == PATTERN_GENERAL or kind == PATTERN_HALVES:
        if same_pattern(scratch, pattern, lanes) == 0:
            analyse(pattern, scratch, lanes, size, shared)
    elif get(pattern, P_LANES) != lanes or get(pattern, P_KIND) != kind or get(pattern, P_PHASE) != least & 31:
        for lane in range(32):
            put(scratch, lane, least if kind == PATTERN_UNIFORM else get(scratch, 34) + lane * size)
        analyse(pattern, scratch, lanes, size, shared)
        put(pattern, P_KIND, kind)
    return pattern


@compiled
def analyse(p, scratch, lanes, size, shared):
    least = get(scratch, 32)
    distinct = 0
    for lane in range(32):
        away = get(scratch, lane) - least
        put(p, lane, away)
        if (lanes >> lane) & 1:
            known = distinct - 1
            while known >= 0 and get(p, P_DISTANCES + known) != away:
                known -= 1
            if known < 0:
                known = distinct
                distinct += 1
                put(p, P_DISTANCES + known, away)
                put(p, P_SHARERS + known, 0)
            put(p, P_SHARERS + known, get(p, P_SHARERS + known) | 1 << lane)
    put(p, P_LANES, lanes)
    put(p, P_KIND, PATTERN_GENERAL)
    put(p, P_PHASE, least & 31)
    put(p, P_DISTINCT, distinct)
    sectors = 0
    for k in range(distinct):
        address = least + get(p, P_DISTANCES + k)
        for sector in range((address >> 5) - (least >> 5), ((address + size - 1) >> 5) - (least >> 5) + 1):
            known = sectors - 1
            while known >= 0 and get(p, P_SECTOR_LIST + known) != sector:
                known -= 1
            if known < 0:
                put(p, P_SECTOR_LIST + sectors, sector)
                sectors += 1
    put(p, P_SECTORS, sectors)
    if shared:
        put(p, P_COST, wavefronts(p, scratch, lanes, size))
        put(p, P_IDEAL, (distinct * size + 127) // 128)
    else:
        put(p, P_COST, sectors)
        put(p, P_IDEAL, (distinct * size + 31) // 32)


@compiled
def wavefronts(p, scratch, lanes, size):
    """The most distinct words that any bank must give, summed over the parts in which the warp goes."""
    part = 32 if size <= 4 else 16 if size == 8 else 8
    words = 1 if size <= 4 else size // 4
    total = 0
    for start in range(0, 32, part):
        most = 0
        clear(p, P_BANKS, 32)
        for lane in range(start, start + part):
            if (lanes >> lane) & 1:
                for k in range(words):
                    word = (get(scratch, lane) >> 2) + k
                    if not asked_before(scratch, lanes, start, lane, k, words, word):
                        add(p, P_BANKS + (word & 31), 1)
                        most = max(most, get(p, P_BANKS + (word & 31)))
        total += most
    return total


@compiled
def asked_before(scratch, lanes, start, lane, k, words, word):
    """Whether a lane before this one, or this one before its word k, asks for the word."""
    for other in range(start, lane + 1):
        if (lanes >> other) & 1:
            first = get(scratch, other) >> 2
            if first <= word < first + (k if other == lane else words):
                return True
    return False


@compiled
def count_access(count, p, lanes, size, shared, atomic, touched):
    """Add an access to its instruction's counters, and mark the sectors that it touched, a byte for each."""
    active = popcount(lanes)
    if shared:
        add(count, SHARED_REQUESTS, 1)
        add(count, WAVEFRONTS, get(p, P_COST))
        add(count, IDEAL_WAVEFRONTS, get(p, P_IDEAL))
        add(count, SHARED_BYTES, active * size)
    else:
        add(count, REQUESTS, 1)
        add(count, SECTOR_COUNT, get(p, P_COST))
        add(count, IDEAL_SECTORS, get(p, P_IDEAL))
        add(count, GLOBAL_BYTES, active * size)
        for k in range(get(p, P_SECTORS)):
            store8(touched + get(p, P_SECTOR_LIST + k), 1)
    if atomic:
        add(count, ATOMICS, active)
        add(count, CONFLICTS, active - get(p, P_DISTINCT))
