"""What the lanes of a warp do together: shuffles, votes, matches, sums.

The mask of such an instruction names the lanes that take part; one that isn't there yet is waited for (machine.py).
Each function gets byte offsets into the warp's frame, and the lanes that have come.
"""

from .findings import INACTIVE_LANE, note
from .intrinsics import first_lane, get, load32, load32s, load64, put, store32
from .state import BLOCK, SCRATCH_AT, compiled

IDX, UP, DOWN, BFLY = range(4)


@compiled
def shuffle(m, frame, mode, d, a, b, c, members, valid, lanes, w, pc):
    """Each lane reads another lane's register: b says whose, c holds the width of the segments that it stays in."""
    values = get(m, SCRATCH_AT)  # d may be a
    for lane in range(32):
        put(values, lane, load32(frame + a + 4 * lane))
    good = 0
    rest = lanes
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        distance = load32(frame + b + 4 * lane) & 31
        control = load32(frame + c + 4 * lane)
        segment, clamp = (control >> 8) & 31, control & 31
        most = (lane & segment) | (clamp & ~segment)
        if mode == IDX:
            source = (lane & segment) | (distance & ~segment & 31)
            inside = source <= most
        elif mode == UP:
            source = lane - distance
            inside = source >= most
        elif mode == DOWN:
            source = lane + distance
            inside = source <= most
        else:
            source = lane ^ distance
            inside = source <= most
        if inside:
            good |= 1 << lane
        else:
            source = lane
        if not (lanes >> source) & 1 or not (load32(frame + members + 4 * lane) >> source) & 1:
            note(m, INACTIVE_LANE, pc, -1, w, lane, get(m, BLOCK), w, source, 0, 1)
        store32(frame + d + 4 * lane, get(values, source))
    if valid >= 0:
        set_predicate(frame, valid, lanes, good)


@compiled
def set_predicate(frame, offset, lanes, value):
    store32(frame + offset, (load32(frame + offset) & ~lanes) | (value & lanes))


BALLOT, ANY, ALL, UNI = range(4)


@compiled
def vote(frame, mode, d, a, members, lanes):
    votes = load32(frame + a) & lanes
    true = 0
    rest = lanes
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        named = load32(frame + members + 4 * lane) & lanes
        if mode == BALLOT:
            store32(frame + d + 4 * lane, votes & named)
        elif (
            (mode == ANY and votes & named)
            or (mode != ANY and votes & named == named)
            or (mode == UNI and votes & named == 0)
        ):
            true |= 1 << lane
    if mode != BALLOT:
        set_predicate(frame, d, lanes, true)


@compiled
def match(frame, mode, d, a, same, members, size, lanes):
    """Which lanes hold the same value; `all` gives the mask only if every one does."""
    all_same = 0
    rest = lanes
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        named = load32(frame + members + 4 * lane) & lanes
        value = load64(frame + a + 8 * lane) if size == 8 else load32(frame + a + 4 * lane)
        equal = 0
        others = named
        while others:
            other = first_lane(others)
            others &= others - 1
            if (load64(frame + a + 8 * other) if size == 8 else load32(frame + a + 4 * other)) == value:
                equal |= 1 << other
        if mode == 1:
            if equal == named:
                all_same |= 1 << lane
            else:
                equal = 0
        store32(frame + d + 4 * lane, equal)
    if same >= 0:
        set_predicate(frame, same, lanes, all_same)


ADD, AND, OR, XOR, MIN, MAX, UMIN, UMAX = range(8)


@compiled
def reduce(m, frame, mode, d, a, members, lanes):
    values = get(m, SCRATCH_AT)  # d may be a
    for lane in range(32):
        signed = mode == MIN or mode == MAX
        put(values, lane, load32s(frame + a + 4 * lane) if signed else load32(frame + a + 4 * lane))
    rest = lanes
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        named = load32(frame + members + 4 * lane) & lanes
        value = get(values, first_lane(named))
        others = named & (named - 1)
        while others:
            other = get(values, first_lane(others))
            others &= others - 1
            if mode == ADD:
                value += other
            elif mode == AND:
                value &= other
            elif mode == OR:
                value |= other
            elif mode == XOR:
                value ^= other
            elif mode == MIN or mode == UMIN:
                value = min(value, other)
            else:
                value = max(value, other)
        store32(frame + d + 4 * lane, value)


@compiled
def missing(frame, members, lanes, live):
    """The lanes, of these, that must wait for one that isn't here; 0 if all may go on."""
    wait = 0
    rest = lanes
    while rest:
        lane = first_lane(rest)
        named = load32(frame + members + 4 * lane)
        if named & live & ~lanes:
            wait |= 1 << lane
        if named == 0xFFFFFFFF:  # the same for all, nearly always
            return lanes if live & ~lanes else wait
        rest &= rest - 1
    return wait


@compiled
def outsiders(frame, members, lanes):
    """The lanes that execute an instruction whose mask doesn't name them."""
    found = 0
    rest = lanes
    while rest:
        lane = first_lane(rest)
        if not (load32(frame + members + 4 * lane) >> lane) & 1:
            found |= 1 << lane
        rest &= rest - 1
    return found
