"""Where an address leads: the regions of memory, what lies outside them, and what a mistaken access was.

An address is (region << 36) + offset, so no arithmetic on a pointer to one array can reach another:

    region 1  shared memory         of the block; a 32-bit shared address is the offset alone
           2  local memory          of each thread: the same address means another place in every lane
           3  parameters            of the kernel
           4… variables             __constant__ and __device__, one region each
            … arrays                the caller's, one region each; those that overlap share one

A worker reaches the bytes at address + DELTA of the region. START and BYTES bound what is inside it.
"""

from .findings import MISALIGNED, OUT_OF_BOUNDS, READ_ONLY_MEMORY, WRONG_SPACE, note_alone
from .intrinsics import first_lane, get, put
from .rows import (
    LOCAL,
    NOWHERE,
    PARAMETERS,
    REGION_BITS,
    SHARED,
)
from .state import BYTES, GAPS, GAPS_AT, READ_ONLY, REGIONS, REST, SCRATCH_AT, START, compiled, region_at

OFFSET_MASK = (1 << REGION_BITS) - 1


@compiled
def inside(m, low, high, size, together, align, space, writes):
    """Whether addresses low … high, `size` bytes each, lie in one region that may be accessed like that."""
    region = low >> REGION_BITS
    if region <= 0 or region >= get(m, REGIONS) or (high + size - 1) >> REGION_BITS != region or high < low:
        return False
    row, start, end = region_at(m, region), low & OFFSET_MASK, (high & OFFSET_MASK) + size
    if start < get(row, START) or end > get(row, BYTES) or together & (align - 1):
        return False
    if region == SHARED and in_gap(m, start, end):
        return False
    return not (writes and get(row, READ_ONLY)) and in_space(space, region)


@compiled
def in_gap(m, start, end):
    """Whether these bytes of shared memory touch what lies between two of its arrays."""
    for k in range(get(m, GAPS)):
        if start < get(get(m, GAPS_AT), 2 * k + 1) and end > get(get(m, GAPS_AT), 2 * k):
            return True
    return False


@compiled
def in_space(space, region):
    if space == NOWHERE or region == space:
        return True
    if space == SHARED or space == LOCAL or space == PARAMETERS:
        return False
    return region > PARAMETERS


@compiled
def sort_out(m, lanes, size, align, space, writes, w, pc):
    """Of lanes whose addresses (in scratch) can't all be accessed at once: those that can, in one region. Notes what
    is wrong with the others; lanes that wait for another region go to REST."""
    scratch = get(m, SCRATCH_AT)
    chosen, good, rest = -1, 0, 0
    left = lanes
    while left:
        lane = first_lane(left)
        left &= left - 1
        address = get(scratch, lane)
        region = address >> REGION_BITS
        kind = -1
        if region <= 0 or region >= get(m, REGIONS):
            kind = OUT_OF_BOUNDS
        elif not in_space(space, region):
            kind = WRONG_SPACE
        else:
            row = region_at(m, region)
            offset = address & OFFSET_MASK
            outside = offset < get(row, START) or offset + size > get(row, BYTES)
            if outside or (region == SHARED and in_gap(m, offset, offset + size)):
                kind = OUT_OF_BOUNDS
            elif address & (align - 1):
                kind = MISALIGNED
            elif writes and get(row, READ_ONLY):
                kind = READ_ONLY_MEMORY
        if kind >= 0:
            note_alone(m, kind, pc, w, lane, address, 2 * size + writes)
        elif chosen == -1 or chosen == region:
            chosen = region
            good |= 1 << lane
        else:
            rest |= 1 << lane
    put(m, REST, rest)
    return good
