"""Accesses to memory beyond plain loads and stores, and what is noted of all of them."""

from . import atomics, races, tensor
from .findings import LIMIT_REACHED, note_alone
from .intrinsics import (
    PATTERN_GENERAL,
    addresses,
    first_lane,
    get,
    load8,
    load32,
    load64,
    put,
    store8,
    store32,
    store64,
)
from .memory import OFFSET_MASK, inside, sort_out
from .rows import (
    COUNT,
    EXTRA,
    FLAGS,
    FRAGMENT_STORE,
    IMM,
    LOCAL,
    LOCAL_BASE,
    MATRIX_STORE,
    MEMORY,
    OP,
    REGION_BITS,
    RELEASE,
    SHARED,
    SIZE,
    SPACE,
    SPACES,
    STRONG,
    VOLATILE,
    WIDE,
    A,
    B,
    C,
    D,
)
from .rows import (
    KIND as ROW_KIND,
)
from .state import (
    BLOCK,
    BYTES,
    CELLS,
    COUNTERS,
    COUNTS_AT,
    DELTA,
    FENCED,
    GRAIN,
    LANE_GROUP,
    LOCAL_SIZE,
    PRINT_SIZE,
    PRINTED,
    PRINTED_AT,
    RACING,
    READ_AT,
    REST,
    SCRATCH_AT,
    SECTORS,
    TABLE_AT,
    TRACING,
    WRITTEN_AT,
    add,
    compiled,
    region_at,
    warp_at,
)
from .trace import count_access, find_pattern

PRINT_HEADER, PRINT_BYTES = 32, 256  # of a record of printf
VALUES = 40  # where in scratch the rows of a store are listed, for races.py
GLOBAL_SPACE = SPACES["global"]


@compiled
def observe(m, w, pc, memory, lanes, size, region, writes, atomic, strong, element, kind):
    """Trace an access whose addresses stand in scratch, and hold it against others. Of a `kind` that isn't general,
    what scratch says of all addresses is enough."""
    shared = int(region == SHARED)
    if not shared and region <= LOCAL + 1:
        return
    scratch = get(m, SCRATCH_AT)
    pattern = find_pattern(m, memory, lanes, size, shared, kind)
    row, least = region_at(m, region), get(scratch, 32)
    offset = least & OFFSET_MASK
    if get(m, TRACING):
        touched = get(m, WRITTEN_AT if writes else READ_AT) + get(row, SECTORS) + (offset >> 5)
        count_access(get(m, COUNTS_AT) + pc * (8 * COUNTERS), pattern, lanes, size, shared, atomic, touched)
    if get(m, RACING) and get(row, CELLS) >= 0:
        cells = get(row, CELLS) + (offset >> get(m, GRAIN))
        races.access(
            m,
            pattern,
            least,
            cells,
            lanes,
            size,
            writes,
            strong,
            w,
            pc,
            shared,
            scratch + 8 * VALUES,
            element,
            get(row, DELTA),
        )


@compiled
def observe_plain(m, w, pc, frame, row, lanes, size, region, writes, kind):
    """The same for a load or a store. Volatile orders nothing in shared memory; elsewhere it is like an atomic."""
    flags = get(row, FLAGS)
    strong = int(flags & STRONG != 0 and not (region == SHARED and flags & VOLATILE))
    if get(m, RACING):
        scratch, state = get(m, SCRATCH_AT), warp_at(m, w)
        if writes:
            put(scratch, VALUES, frame + get(row, D))
            put(scratch, VALUES + 1, frame + get(row, B))
            put(scratch, VALUES + 2, frame + get(row, C))
            put(scratch, VALUES + 3, frame + get(row, EXTRA))
            if not strong:
                put(state, FENCED, get(state, FENCED) & ~lanes)
        if strong:
            pass_on(m, w, lanes, flags, 1 - writes, writes)
    observe(m, w, pc, get(row, MEMORY), lanes, size, region, writes, 0, strong, get(row, SIZE), kind)


@compiled
def pass_on(m, w, lanes, flags, reads, writes):
    """Who reads atomically takes what was passed on there; who writes passes on, if it has fenced, what it did."""
    scratch, fenced = get(m, SCRATCH_AT), get(warp_at(m, w), FENCED)
    rest = lanes
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        if reads:
            races.acquire(m, w, lane, get(scratch, lane))
        if writes and (flags & RELEASE or (fenced >> lane) & 1):
            races.release(m, w, lane, get(scratch, lane))


@compiled
def fence(state, lanes):
    put(state, FENCED, get(state, FENCED) | lanes)


@compiled
def reach(m, w, pc, frame, offset, wide, imm, lanes, size, space, writes):
    """The lanes' addresses to scratch; the lanes that may go there, all in one region, others to REST."""
    scratch, origin = get(m, SCRATCH_AT), SHARED << REGION_BITS if space == SHARED else 0
    addresses(frame, offset, wide, imm, origin, size, lanes, scratch, 1)
    put(m, REST, 0)
    if inside(m, get(scratch, 32), get(scratch, 33), size, get(scratch, 35), size, space, writes):
        return lanes
    good = sort_out(m, lanes, size, size, space, writes, w, pc)
    if good:
        addresses(frame, offset, wide, imm, origin, size, good, scratch, 1)
    return good


@compiled
def place_local(m, scratch):
    """Local addresses mean another place in every lane."""
    for lane in range(32):
        add(scratch, lane, lane * get(m, LOCAL_SIZE))


@compiled
def do_atomic(m, w, pc, frame, row, lanes):
    scratch = get(m, SCRATCH_AT)
    size, space, target = get(row, SIZE), get(row, SPACE), get(row, D)
    todo = lanes
    while todo:
        part = reach(m, w, pc, frame, get(row, A), get(row, WIDE), get(row, IMM), todo, size, space, 1)
        todo = get(m, REST)
        if part == 0:
            continue
        region = get(scratch, first_lane(part)) >> REGION_BITS
        delta = get(region_at(m, region), DELTA)
        if get(m, TRACING) | get(m, RACING):
            if get(m, RACING):
                pass_on(m, w, part, get(row, FLAGS), 1, 0)
            observe(m, w, pc, get(row, MEMORY), part, size, region, 1, 1, 1, size, PATTERN_GENERAL)
            if get(m, RACING):
                pass_on(m, w, part, get(row, FLAGS), 0, 1)
        if region == LOCAL:
            place_local(m, scratch)
            delta += w * 32 * get(m, LOCAL_SIZE)
        rest = part
        while rest:
            lane = first_lane(rest)
            rest &= rest - 1
            if size == 8:
                value, other = load64(frame + get(row, B) + 8 * lane), load64(frame + get(row, C) + 8 * lane)
            else:
                value, other = load32(frame + get(row, B) + 4 * lane), load32(frame + get(row, C) + 4 * lane)
            old = atomics.perform(get(row, OP), size, get(scratch, lane) + delta, value, other)
            if target >= 0:
                if size == 8:
                    store64(frame + target + 8 * lane, old)
                else:
                    store32(frame + target + 4 * lane, old)


@compiled
def copy_async(m, state, w, pc, frame, row, lanes):
    """cp.async: `size` bytes for each lane, of which the first few are read and the rest are zeros."""
    scratch, size, memory = get(m, SCRATCH_AT), get(row, SIZE), get(row, MEMORY)
    lengths = frame + get(row, C)
    reading, rest = 0, lanes
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        if load32(lengths + 4 * lane):
            reading |= 1 << lane
    found, todo = 0, reading
    while todo:
        part = reach(m, w, pc, frame, get(row, B), 1, 0, todo, size, GLOBAL_SPACE, 0)
        todo = get(m, REST)
        found |= part
        if part and get(m, TRACING) | get(m, RACING):
            observe(
                m, w, pc, memory, part, size, get(scratch, first_lane(part)) >> REGION_BITS, 0, 0, 0, 4, PATTERN_GENERAL
            )
    part = reach(m, w, pc, frame, get(row, A), 0, 0, lanes, size, SHARED, 1)
    if part and get(m, TRACING) | get(m, RACING):
        for k in range(4):
            put(scratch, VALUES + k, 0)
        observe(m, w, pc, memory + 1, part, size, SHARED, 1, 0, 0, size, PATTERN_GENERAL)
    rest = part & (found | ~reading)
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        read = min(load32(lengths + 4 * lane), size)
        source = load64(frame + get(row, B) + 8 * lane)
        if read:
            source += get(region_at(m, source >> REGION_BITS), DELTA)
        target = get(scratch, lane) + get(region_at(m, SHARED), DELTA)
        for k in range(size):
            store8(target + k, load8(source + k) if k < read else 0)
        if get(m, RACING):
            cells = get(region_at(m, SHARED), CELLS) + ((get(scratch, lane) & OFFSET_MASK) >> get(m, GRAIN))
            races.begin_copy(m, w, lane, get(state, LANE_GROUP + lane), cells, max(1, size >> get(m, GRAIN)), pc)


@compiled
def matrix_memory(m, w, pc, frame, row, lanes):
    """ldmatrix and stmatrix: as many groups of eight lanes as there are matrices give addresses."""
    asked = lanes & ((1 << 8 * get(row, COUNT)) - 1)
    writes = int(get(row, ROW_KIND) == MATRIX_STORE)
    part = reach(m, w, pc, frame, get(row, A), get(row, WIDE), get(row, IMM), asked, 16, SHARED, writes)
    if part != asked:
        return
    scratch = get(m, SCRATCH_AT)
    if get(m, TRACING) | get(m, RACING):
        for k in range(4):
            put(scratch, VALUES + k, 0)
        observe(m, w, pc, get(row, MEMORY), part, 16, SHARED, writes, 0, 0, 16, PATTERN_GENERAL)
    table, delta = get(m, TABLE_AT), get(region_at(m, SHARED), DELTA)
    tensor.move_matrices(table, frame, get(row, FLAGS), get(row, COUNT), get(row, OP), scratch, delta, writes)


@compiled
def fragment_memory(m, w, pc, frame, row, lanes):
    """wmma.load and wmma.store: in as few accesses of up to 16 bytes a lane as the layout allows."""
    scratch, table, at = get(m, SCRATCH_AT), get(m, TABLE_AT), get(row, FLAGS)
    writes = int(get(row, ROW_KIND) == FRAGMENT_STORE)
    column, operand = get(row, OP) & 1, get(row, OP) >> 1
    high, across, size, count = get(table, at), get(table, at + 1), get(row, SIZE), get(row, COUNT)
    by_column = column & operand  # A and B lie in the lanes as in memory, C in rows
    share = high * across // 32
    run = min(share, 16 // size) if by_column == column else 1
    space = get(row, SPACE)
    stride = load32(frame + get(row, B))
    if get(row, WIDE):
        start = load64(frame + get(row, A)) + get(row, IMM)
    else:
        start = (load32(frame + get(row, A)) + get(row, IMM)) & 0xFFFFFFFF
    start += SHARED << REGION_BITS if space == SHARED else 0
    for first in range(0, share, run):
        for lane in range(32):
            place = tensor.fragment_place(lane * share + first, high, across, by_column)
            y, x = place >> 16, place & 65535
            offset = x * stride + y if column else y * stride + x
            put(scratch, lane, start + offset * size)
        summarise(scratch, lanes)
        bytes_each = run * size
        if inside(m, get(scratch, 32), get(scratch, 33), bytes_each, get(scratch, 35), size, space, writes):
            part = lanes
        else:
            part = sort_out(m, lanes, bytes_each, size, space, writes, w, pc)
            if part == 0:
                continue
            summarise(scratch, part)
        region = get(scratch, 32) >> REGION_BITS
        if get(m, TRACING) | get(m, RACING):
            for k in range(4):
                put(scratch, VALUES + k, 0)
            observe(m, w, pc, get(row, MEMORY), part, bytes_each, region, writes, 0, 0, bytes_each, PATTERN_GENERAL)
        delta = get(region_at(m, region), DELTA)
        rest = part
        while rest:
            lane = first_lane(rest)
            rest &= rest - 1
            memory = get(scratch, lane) + delta
            for k in range(run):
                byte = (first + k) * size
                source = 0 if writes else memory + k * size
                tensor.copy_element(table, frame, at + 2, count, lane, byte, size, source, memory + k * size)
    if not writes and size < 8:
        tensor.repeat_registers(table, frame, at + 2, count, max(1, share * size // 4))


@compiled
def summarise(scratch, lanes):
    """What `addresses` would say of addresses put into scratch by hand."""
    least, most, together = get(scratch, first_lane(lanes)), 0, 0
    rest = lanes
    while rest:
        address = get(scratch, first_lane(rest))
        least, most, together = min(least, address), max(most, address), together | address
        rest &= rest - 1
    put(scratch, 32, least)
    put(scratch, 33, most)
    put(scratch, 35, together)


@compiled
def local_at(m, w, lane):
    """Leads from a lane's local addresses to where they are."""
    return get(region_at(m, LOCAL), DELTA) + (w * 32 + lane) * get(m, LOCAL_SIZE)


@compiled
def argument(m, w, lane, frame, place, size):
    """An argument of a call: it stands in local memory, `place` bytes from where the caller's begins."""
    at = local_at(m, w, lane) + (LOCAL << REGION_BITS) + load64(frame + LOCAL_BASE) + place
    return load64(at) if size == 8 else load32(at)


@compiled
def print_lanes(m, w, pc, frame, row, lanes):
    """vprintf(format, arguments): keep both; printing.py writes the text."""
    rest = lanes
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        if get(m, PRINTED) + PRINT_HEADER + PRINT_BYTES > get(m, PRINT_SIZE):
            note_alone(m, LIMIT_REACHED, pc, w, lane, 0, 1)
            return
        at = get(m, PRINTED_AT) + get(m, PRINTED)
        add(m, PRINTED, PRINT_HEADER + PRINT_BYTES)
        table = get(m, TABLE_AT)
        arguments = argument(m, w, lane, frame, get(table, get(row, IMM) + 1), 8)
        put(at, 0, get(m, BLOCK))
        put(at, 1, 32 * w + lane)
        put(at, 2, argument(m, w, lane, frame, get(table, get(row, IMM)), 8))
        known = 0
        if arguments >> REGION_BITS == LOCAL:
            room = get(region_at(m, LOCAL), BYTES) - (arguments & OFFSET_MASK)
            known = min(max(room, 0), PRINT_BYTES)
            source = arguments + local_at(m, w, lane)
            for k in range(known):
                store8(at + PRINT_HEADER + k, load8(source + k))
        put(at, 3, known)
