"""Races: two accesses to the same memory, one of them a write, with nothing that puts one before the other.

Every cell of memory remembers its last write and its readers since, each with a *stamp*: the block's count of
synchronisations at that time. Every warp keeps how far it has seen each other warp:

    SEEN + v = s    what warp v did at stamps below s comes before whatever this warp does now

A barrier joins what its warps have seen (vector clocks; Lamport 1978, Fidge 1988; the record of a cell is that of
FastTrack, Flanagan and Freund 2009). Within a warp the same is kept for lanes, counted in the warp's own epochs: only
__syncwarp and barriers order lanes; shuffles and votes don't. Between blocks, and between warps without a barrier,
order comes from a fence, then an atomic (or volatile) write, that an atomic (or volatile) read sees. (PTX wants a fence
after that read, too; CUDA's own samples have none, so its absence isn't reported.)
"""

from .findings import PENDING_COPY, READ_WRITE, UNINITIALISED, WRITE_READ, WRITE_WRITE, note, note_alone
from .intrinsics import first_lane, get, get32, load8, load16, load32, load64, put, put32
from .state import (
    ACQUIRED_AT,
    ARRIVING,
    BLOCK,
    BLOCKS,
    CELL_WORDS,
    CELLS_AT,
    COPIES,
    COPIES_AT,
    EPOCH,
    FULL,
    GRAIN,
    LANE_GROUP,
    LANE_SEEN,
    LIVE,
    LOCATIONS,
    LOCATIONS_AT,
    LOST,
    PARTIAL,
    PUBLISHED_AT,
    SEEN,
    SLOTS,
    STAMP,
    WARPS,
    add,
    compiled,
    warp_at,
)
from .trace import P_DISTANCES, P_DISTINCT, P_SHARERS

# A cell, in words of 32 bits: the last write, the reads since, and for each warp the stamp of its last read since.
# Blocks count from 1; 0 is nobody, UNWRITTEN an array that its owner never filled, SEVERAL more readers than one block.
(W_BLOCK, W_STAMP, W_WARP, W_LANE, W_EPOCH, W_PC, W_STRONG, W_PENDING, R_BLOCK, R_STAMP, R_WARP, R_LANES, R_EPOCH, R_PC,
 R_STRONG) = range(15)  # fmt: skip
R_STAMPS = 16
UNWRITTEN = SEVERAL = -1
LANES = 0xFFFFFFFF
# A location that carries order: its address, who released it last, what their warp had seen.
L_ADDRESS, L_BLOCK, L_WARP, L_LANE, L_EPOCH, L_SEEN = 0, 1, 2, 3, 4, 8
LOCATION_WORDS = 40
MAX_SLOTS, MAX_PUBLISHED = 1 << 16, 1 << 26  # of the table of locations; of it times the number of blocks
# An asynchronous copy under way.
C_WARP, C_LANE, C_GROUP, C_FIRST, C_COUNT, C_PC = range(6)
COPY_WORDS = 6
MAX_COPIES = 1 << 16


@compiled
def start_block(m):
    for w in range(get(m, WARPS)):
        warp = warp_at(m, w)
        for v in range(32):
            put(warp, SEEN + v, 1)
    acquired = get(m, ACQUIRED_AT)
    for block in range(get(m, BLOCKS) if get(m, LOCATIONS) else 0):
        put32(acquired, block, 0)
    put(m, STAMP, 1)
    put(m, COPIES, 0)


@compiled
def seen_block(m, block, stamp):
    """Whether what another block did at that stamp comes before this one, by what was passed on."""
    return get(m, LOST) or get32(get(m, ACQUIRED_AT), block) > stamp


@compiled
def unordered_lane(warp, lanes, other, epoch):
    """One of these lanes that nothing orders after what lane `other` of the warp did in that epoch, or -1."""
    if epoch < get(warp, FULL):
        return -1
    rest = lanes & ~(1 << other)
    while rest:
        lane = first_lane(rest)
        if get(warp, PARTIAL) == 0 or get(warp, LANE_SEEN + 32 * lane + other) <= epoch:
            return lane
        rest &= rest - 1
    return -1


@compiled
def access(m, pattern, least, cells, lanes, size, writes, strong, w, pc, shared, values, element, delta):
    """Hold an access against what its cells remember, and make them remember it.

    `cells` is the number of the first cell of the region at `least`. `values` is the address of four addresses: the
    rows that a store writes, `element` bytes each; `delta` leads to the memory itself.
    """
    warp = warp_at(m, w)
    shift, cell_bytes = get(m, GRAIN), 4 * get(m, CELL_WORDS)
    per_address = max(1, size >> shift)
    base = get(m, CELLS_AT) + cells * cell_bytes
    for k in range(get(pattern, P_DISTINCT)):
        sharers = get(pattern, P_SHARERS + k)
        away = get(pattern, P_DISTANCES + k)
        if writes and not strong and sharers & (sharers - 1) and differ(values, sharers, size, element):
            one, other = first_lane(sharers), first_lane(sharers & (sharers - 1))
            note(m, WRITE_WRITE, pc, pc, w, one, get(m, BLOCK), w, other, least + away, shared)
        cell = base + (away >> shift) * cell_bytes
        for j in range(per_address):
            at = least + away + (j << shift)
            check_writer(
                m, cell, warp, sharers, size, writes, strong, w, pc, shared, at, least + away, values, element, delta
            )
            if writes:
                if get32(cell, R_BLOCK) != 0:
                    check_readers(m, cell, warp, sharers, strong, w, pc, shared, at)
                remember_writer(m, cell, warp, sharers, strong, w, pc)
            else:
                remember_reader(m, cell, warp, sharers, strong, w, pc)
            cell += cell_bytes


@compiled
def check_writer(m, cell, warp, sharers, size, writes, strong, w, pc, shared, at, address, values, element, delta):
    """An access against the cell's last write."""
    writer, block = get32(cell, W_BLOCK), get(m, BLOCK) + 1
    found = -1
    both_strong = strong and get32(cell, W_STRONG)
    if writer == block:
        other = get32(cell, W_WARP)
        if get32(cell, W_PENDING):
            note(
                m,
                PENDING_COPY,
                pc,
                get32(cell, W_PC),
                w,
                first_lane(sharers),
                block - 1,
                other,
                get32(cell, W_LANE),
                at,
                shared,
            )
            return
        if both_strong:
            return
        if other != w:
            if get(warp, SEEN + other) <= get32(cell, W_STAMP):
                found = first_lane(sharers)
        else:
            found = unordered_lane(warp, sharers, get32(cell, W_LANE), get32(cell, W_EPOCH))
    elif shared or writer == UNWRITTEN:
        if not writes or strong:
            note_alone(m, UNINITIALISED, pc, w, first_lane(sharers), at, shared)
        return
    elif writer > 0 and not both_strong and not seen_block(m, writer - 1, get32(cell, W_STAMP)):
        found = first_lane(sharers)
    if found < 0 or (get(m, LOST) and get32(cell, W_WARP) != w):
        return
    if writes and not strong and unchanged(values, found, at, address, element, delta):
        return  # many may write the same number
    kind = WRITE_WRITE if writes else WRITE_READ
    note(m, kind, pc, get32(cell, W_PC), w, found, writer - 1, get32(cell, W_WARP), get32(cell, W_LANE), at, shared)


@compiled
def check_readers(m, cell, warp, sharers, strong, w, pc, shared, at):
    """A write against the reads since the last one."""
    reader, block = get32(cell, R_BLOCK), get(m, BLOCK) + 1
    if (strong and get32(cell, R_STRONG)) or get(m, LOST):
        return
    lane = first_lane(sharers)
    last, place = get32(cell, R_WARP), get32(cell, R_PC)
    if reader != block:
        # Shared memory begins anew with each block.
        if not shared and (reader == SEVERAL or not seen_block(m, reader - 1, get32(cell, R_STAMP))):
            note(m, READ_WRITE, pc, place, w, lane, reader - 1 if reader > 0 else -1, last, 0, at, shared)
        return
    for v in range(get(m, WARPS)):
        if v != w and get32(cell, R_STAMPS + v) >= get(warp, SEEN + v):
            other = first_lane(get32(cell, R_LANES) & LANES) if v == last else 0
            note(m, READ_WRITE, pc, place, w, lane, block - 1, v, other, at, shared)
            return
    if last == w:
        rest = get32(cell, R_LANES) & LANES
        while rest:
            other = first_lane(rest)
            found = unordered_lane(warp, sharers, other, get32(cell, R_EPOCH))
            if found >= 0:
                note(m, READ_WRITE, pc, place, w, found, block - 1, w, other, at, shared)
                return
            rest &= rest - 1


@compiled
def remember_writer(m, cell, warp, sharers, strong, w, pc):
    put32(cell, W_BLOCK, get(m, BLOCK) + 1)
    put32(cell, W_STAMP, get(m, STAMP))
    put32(cell, W_WARP, w)
    put32(cell, W_LANE, last_lane(sharers))
    put32(cell, W_EPOCH, get(warp, EPOCH))
    put32(cell, W_PC, pc)
    put32(cell, W_STRONG, strong)
    put32(cell, W_PENDING, 0)
    if not strong:
        put32(cell, R_BLOCK, 0)


@compiled
def remember_reader(m, cell, warp, sharers, strong, w, pc):
    block, reader = get(m, BLOCK) + 1, get32(cell, R_BLOCK)
    if reader != block:
        if reader != 0 and not strong and get32(cell, W_BLOCK) != block and not shared_anew(m, cell, reader):
            put32(cell, R_BLOCK, SEVERAL)
            put32(cell, R_PC, pc)
            put32(cell, R_WARP, w)
            return
        put32(cell, R_BLOCK, block)
        put32(cell, R_LANES, 0)
        put32(cell, R_WARP, w)
        for v in range(get(m, WARPS)):
            put32(cell, R_STAMPS + v, 0)
    elif strong and not get32(cell, R_STRONG):
        return  # the plain read is the one that can race
    if get32(cell, R_WARP) == w and get32(cell, R_EPOCH) >= get(warp, FULL):
        sharers |= get32(cell, R_LANES)
    put32(cell, R_STAMP, get(m, STAMP))
    put32(cell, R_STAMPS + w, get(m, STAMP))
    put32(cell, R_WARP, w)
    put32(cell, R_LANES, sharers)
    put32(cell, R_EPOCH, get(warp, EPOCH))
    put32(cell, R_PC, pc)
    put32(cell, R_STRONG, strong)


@compiled
def shared_anew(m, cell, reader):
    """Whether the readers of another block need not be remembered: they come before this one."""
    return reader != SEVERAL and seen_block(m, reader - 1, get32(cell, R_STAMP))


@compiled
def last_lane(lanes):
    lane = 31
    while not (lanes >> lane) & 1:
        lane -= 1
    return lane


@compiled
def differ(values, lanes, size, element):
    """Whether lanes that store to one address store different numbers."""
    first = first_lane(lanes)
    step = max(element, 4)
    if get(values, 0) == 0:  # a copy, not a store: its bytes aren't in registers
        return False
    for k in range(size // element):
        wanted = number_at(get(values, k) + step * first, element)
        rest = lanes & (lanes - 1)
        while rest:
            if number_at(get(values, k) + step * first_lane(rest), element) != wanted:
                return True
            rest &= rest - 1
    return False


@compiled
def unchanged(values, lane, at, address, element, delta):
    """Whether a store leaves the memory as it is: many threads may set the same flag."""
    k = (at - address) // element
    row = get(values, k)
    if row == 0:
        return False
    return number_at(row + max(element, 4) * lane, element) == number_at(address + k * element + delta, element)


@compiled
def number_at(address, size):
    if size == 8:
        return load64(address)
    if size == 4:
        return load32(address)
    if size == 2:
        return load16(address)
    return load8(address)


# What puts accesses in order.


@compiled
def sync_lanes(warp, lanes):
    """__syncwarp: what these lanes did comes before whatever any of them does from now on."""
    epoch = get(warp, EPOCH) + 1
    put(warp, EPOCH, epoch)
    if lanes & get(warp, LIVE) == get(warp, LIVE):
        put(warp, FULL, epoch)
        put(warp, PARTIAL, 0)
        return
    begin_partial(warp)
    for other in range(32):
        most = epoch if (lanes >> other) & 1 else 0
        for lane in range(32):
            if (lanes >> lane) & 1:
                most = max(most, get(warp, LANE_SEEN + 32 * lane + other))
        for lane in range(32):
            if (lanes >> lane) & 1:
                put(warp, LANE_SEEN + 32 * lane + other, most)


@compiled
def begin_partial(warp):
    if get(warp, PARTIAL) == 0:
        put(warp, PARTIAL, 1)
        for k in range(LANE_SEEN, LANE_SEEN + 1024):
            put(warp, k, 0)


@compiled
def arrive(m, barrier, warp, w):
    """A warp comes to a barrier: what it did, and what it had seen, comes before what those who wait do after."""
    add(m, STAMP, 1)
    for v in range(get(m, WARPS)):
        put(barrier, ARRIVING + v, max(get(barrier, ARRIVING + v), get(warp, SEEN + v)))
    put(barrier, ARRIVING + w, get(m, STAMP))


@compiled
def leave(m, barrier, warp):
    """A warp that waited goes on."""
    for v in range(get(m, WARPS)):
        put(warp, SEEN + v, max(get(warp, SEEN + v), get(barrier, ARRIVING + v)))
    sync_lanes(warp, get(warp, LIVE))


@compiled
def find_location(m, address, make):
    """The slot of a place that carries order, in a hash table; -1 if it isn't there. A table that is half full takes no
    more: from then on what was ordered through a new place would look like a race, so none is reported."""
    slots = get(m, SLOTS)
    k = (address >> 2) * 0x9E3779B1 & (slots - 1)
    while slots:
        location = get(m, LOCATIONS_AT) + k * (8 * LOCATION_WORDS)
        known = get(location, L_ADDRESS)
        if known == address:
            return k
        if known == 0:
            break
        k = (k + 1) & (slots - 1)
    if not make:
        return -1
    if get(m, LOCATIONS) >= slots // 2:
        put(m, LOST, 1)
        return -1
    add(m, LOCATIONS, 1)
    put(get(m, LOCATIONS_AT) + k * (8 * LOCATION_WORDS), L_ADDRESS, address)
    return k


@compiled
def release(m, w, lane, address):
    """A fenced lane writes where others look: it passes on all that it did or has seen."""
    k = find_location(m, address, True)
    if k < 0:
        return
    add(m, STAMP, 1)
    warp, location = warp_at(m, w), get(m, LOCATIONS_AT) + k * (8 * LOCATION_WORDS)
    block, stamp = get(m, BLOCK), get(m, STAMP)
    if get(location, L_BLOCK) != block + 1:
        put(location, L_BLOCK, block + 1)
        for v in range(32):
            put(location, L_SEEN + v, 0)
    for v in range(get(m, WARPS)):
        put(location, L_SEEN + v, max(get(location, L_SEEN + v), get(warp, SEEN + v)))
    put(location, L_SEEN + w, stamp)
    add(warp, EPOCH, 1)
    put(location, L_WARP, w)
    put(location, L_LANE, lane)
    put(location, L_EPOCH, get(warp, EPOCH))
    blocks, acquired = get(m, BLOCKS), get(m, ACQUIRED_AT)
    published = get(m, PUBLISHED_AT) + 4 * k * blocks
    for other in range(blocks):
        put32(published, other, max(get32(published, other), get32(acquired, other)))
    put32(published, block, stamp)


@compiled
def acquire(m, w, lane, address):
    """A lane reads such a place: what was passed on comes before what it does from now on."""
    k = find_location(m, address, False)
    if k < 0:
        return
    warp, location = warp_at(m, w), get(m, LOCATIONS_AT) + k * (8 * LOCATION_WORDS)
    if get(location, L_BLOCK) == get(m, BLOCK) + 1:
        for v in range(get(m, WARPS)):
            if v != w:
                put(warp, SEEN + v, max(get(warp, SEEN + v), get(location, L_SEEN + v)))
        other = get(location, L_LANE)
        if get(location, L_WARP) == w and other != lane:
            begin_partial(warp)
            for third in range(32):
                theirs = get(warp, LANE_SEEN + 32 * other + third)
                if third == other:
                    theirs = max(theirs, get(location, L_EPOCH))
                put(warp, LANE_SEEN + 32 * lane + third, max(theirs, get(warp, LANE_SEEN + 32 * lane + third)))
    blocks, acquired = get(m, BLOCKS), get(m, ACQUIRED_AT)
    published = get(m, PUBLISHED_AT) + 4 * k * blocks
    for block in range(blocks):
        put32(acquired, block, max(get32(acquired, block), get32(published, block)))


@compiled
def begin_copy(m, w, lane, group, cells, count, pc):
    """An asynchronous copy writes its cells at some time until it is waited for: nobody may touch them before."""
    if get(m, COPIES) == MAX_COPIES:  # taken for done at once
        return
    words = get(m, CELL_WORDS)
    for j in range(cells, cells + count):
        put32(get(m, CELLS_AT), j * words + W_PENDING, 1)
    row = get(m, COPIES_AT) + get(m, COPIES) * (8 * COPY_WORDS)
    add(m, COPIES, 1)
    put(row, C_WARP, w)
    put(row, C_LANE, lane)
    put(row, C_GROUP, group)
    put(row, C_FIRST, cells)
    put(row, C_COUNT, count)
    put(row, C_PC, pc)


@compiled
def finish_copies(m, w, lanes, pending):
    """These lanes have waited for all but their last `pending` groups: those writes count as done now."""
    warp = warp_at(m, w)
    kept, row = 0, get(m, COPIES_AT)
    for k in range(get(m, COPIES)):
        at = row + k * (8 * COPY_WORDS)
        lane = get(at, C_LANE)
        waited = get(at, C_WARP) == w and (lanes >> lane) & 1
        if waited and get(at, C_GROUP) < get(warp, LANE_GROUP + lane) - pending:
            for j in range(get(at, C_FIRST), get(at, C_FIRST) + get(at, C_COUNT)):
                cell = get(m, CELLS_AT) + 4 * j * get(m, CELL_WORDS)
                ours = get32(cell, W_WARP) == w and get32(cell, W_LANE) == lane
                if ours and get32(cell, W_PENDING) and get32(cell, W_BLOCK) == get(m, BLOCK) + 1:
                    put32(cell, W_PENDING, 0)
                    put32(cell, W_STAMP, get(m, STAMP))
                    put32(cell, W_EPOCH, get(warp, EPOCH))
        else:
            if kept != k:
                for word in range(COPY_WORDS):
                    put(row + kept * (8 * COPY_WORDS), word, get(at, word))
            kept += 1
    put(m, COPIES, kept)
