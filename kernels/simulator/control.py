"""Which lanes of a warp run: where each stands, who goes next, who waits for whom, and calls."""

from . import barriers, races, warp
from .findings import DIVERGENT_BARRIER, INACTIVE_LANE, note, note_alone
from .intrinsics import fill64, first_lane, get, load32, load64, put, store32, store64
from .rows import (
    CALLER,
    ENTRY_FRAME,
    ENTRY_LOCAL,
    ENTRY_TEMPLATE,
    EXTRA,
    FRAME_SIZE,
    IMM,
    INDICES,
    LOCAL,
    LOCAL_BASE,
    LOCAL_END,
    LOCAL_ROW,
    OP,
    REGION_BITS,
    RETURN_PC,
    WARP_SYNC,
    A,
    B,
    C,
    D,
)
from .rows import (
    KIND as ROW_KIND,
)
from .state import (
    ARENA,
    BARRIERS,
    BLOCK,
    CODE64_AT,
    FORCED,
    FRAME,
    FRAMES_AT,
    FUNCTIONS_AT,
    HELD,
    LANE_FRAME,
    LANE_PC,
    LIVE,
    LOCAL_SIZE,
    MASK,
    NEXT,
    PC,
    POPULATION,
    RACING,
    RESULT,
    STOP,
    TEMPLATES_AT,
    WAITING,
    barrier_at,
    compiled,
)

FAR = 1 << 30  # beyond every place of a program


@compiled
def park(state, lanes, pc, frame):
    """Note where these lanes stand."""
    while lanes:
        lane = first_lane(lanes)
        lanes &= lanes - 1
        put(state, LANE_PC + lane, pc)
        put(state, LANE_FRAME + lane, frame)


@compiled
def select(state, after):
    """Choose the lanes that run next: of the deepest frame, at the lowest place; or, so that nobody waits for ever,
    at the lowest place beyond `after`. False if none can run."""
    there = get(state, LIVE) & ~get(state, WAITING)
    ready = there & ~get(state, HELD)
    put(state, MASK, 0)
    if ready == 0:
        return False
    best, best_frame, best_beyond = FAR, -1, 0
    rest = ready
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        pc, frame = get(state, LANE_PC + lane), get(state, LANE_FRAME + lane)
        beyond = int(pc > after)
        if after >= 0:
            better = beyond > best_beyond or (beyond == best_beyond and pc < best)
        else:
            better = frame > best_frame or (frame == best_frame and pc < best)
        if better:
            best, best_frame, best_beyond = pc, frame, beyond
    mask, ahead = 0, FAR
    rest = there
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        if get(state, LANE_FRAME + lane) == best_frame:
            pc = get(state, LANE_PC + lane)
            if pc == best:
                mask |= 1 << lane
            elif pc > best and (ready >> lane) & 1:
                ahead = min(ahead, pc)
    put(state, HELD, get(state, HELD) & ~mask)
    put(state, MASK, mask)
    put(state, PC, best)
    put(state, NEXT, ahead)
    put(state, FRAME, best_frame)
    return True


@compiled
def joined(state, lanes, pc, frame):
    """These lanes and those that have waited for them just here."""
    rest = get(state, HELD)
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        if get(state, LANE_PC + lane) == pc and get(state, LANE_FRAME + lane) == frame:
            lanes |= 1 << lane
            put(state, HELD, get(state, HELD) & ~(1 << lane))
    return lanes


@compiled
def come_together(m, state, w, row, pc, frame, lanes):
    """Of lanes at an instruction with a mask: those whose mask is here. The others are held until it is."""
    members = get(row, A if get(row, ROW_KIND) == WARP_SYNC else EXTRA)
    wait = warp.missing(frame, members, lanes, get(state, LIVE))
    if wait == 0:
        return lanes
    if get(state, FORCED):
        put(state, FORCED, 0)
        lane = first_lane(wait)
        absent = load32(frame + members + 4 * lane) & get(state, LIVE) & ~lanes
        other = first_lane(absent)
        note(m, INACTIVE_LANE, pc, get(state, LANE_PC + other), w, lane, get(m, BLOCK), w, other, 0, 0)
        return lanes
    park(state, wait, pc, frame)
    put(state, HELD, get(state, HELD) | wait)
    return lanes & ~wait


@compiled
def unblock(m, state):
    """Of a warp none of whose lanes can run because they wait for each other: let them, if __syncwarp is all they
    wait for. Where a mask names a lane that never comes, go on without it. False if a barrier may still bring it."""
    held = get(state, HELD)
    together = True
    rest = held
    while rest:
        lane = first_lane(rest)
        rest &= rest - 1
        row = get(m, CODE64_AT) + 128 * get(state, LANE_PC + lane)
        if (
            get(row, ROW_KIND) != WARP_SYNC
            or load32(get(state, LANE_FRAME + lane) + get(row, A) + 4 * lane) & get(state, LIVE) & ~held
        ):
            together = False
    if together:
        rest = held
        while rest:
            lane = first_lane(rest)
            rest &= rest - 1
            put(state, LANE_PC + lane, get(state, LANE_PC + lane) + 1)
        if get(m, RACING):
            races.sync_lanes(state, held)
    elif get(state, WAITING):
        return False
    else:
        put(state, FORCED, 1)
    put(state, HELD, 0)
    return True


@compiled
def need_whole_warp(m, state, w, pc, lanes):
    absent = 0xFFFFFFFF & ~lanes
    if absent:
        other = first_lane(absent)
        note(m, INACTIVE_LANE, pc, -1, w, first_lane(lanes), get(m, BLOCK), w, other, 0, 1)


@compiled
def end_lanes(m, state, lanes, pc):
    """These lanes have ended; a barrier may have waited for just them."""
    rest = lanes
    while rest:
        put(state, LANE_PC + first_lane(rest), pc)
        rest &= rest - 1
    put(state, LIVE, get(state, LIVE) & ~lanes)
    for k in range(BARRIERS):
        if get(barrier_at(m, k), POPULATION):
            barriers.complete(m, barrier_at(m, k), k)


@compiled
def come_to_barrier(m, w, pc, frame, row, lanes):
    lane = first_lane(lanes)
    number = load32(frame + get(row, A) + 4 * lane)
    if number >= BARRIERS:
        note_alone(m, DIVERGENT_BARRIER, pc, w, lane, number, 1)
        put(m, STOP, 1)
        return
    expected = load32(frame + get(row, B) + 4 * lane) if get(row, B) >= 0 else 0
    votes = load32(frame + get(row, C)) if get(row, C) >= 0 else 0
    barriers.arrive(m, w, lanes, pc, number, expected, get(row, OP), votes, get(row, IMM))


@compiled
def barrier_result(m, frame, row, lanes):
    """What __syncthreads_count and its kin return."""
    result = get(barrier_at(m, load32(frame + get(row, A) + 4 * first_lane(lanes))), RESULT)
    if get(row, OP) == barriers.COUNT:
        rest = lanes
        while rest:
            store32(frame + get(row, D) + 4 * first_lane(rest), result)
            rest &= rest - 1
    else:
        warp.set_predicate(frame, get(row, D), lanes, lanes if result else 0)


@compiled
def push_frame(m, state, w, frame, number, return_pc, lanes):
    """A frame for a function that these lanes call; 0 if there is no room."""
    function = get(m, FUNCTIONS_AT) + 32 * number
    top = frame + load64(frame + FRAME_SIZE)
    rest = get(state, LIVE) & ~lanes
    while rest:
        other = get(state, LANE_FRAME + first_lane(rest))
        top = max(top, other + load64(other + FRAME_SIZE))
        rest &= rest - 1
    size = get(function, ENTRY_FRAME)
    local = load64(frame + LOCAL_END)
    end = local + get(function, ENTRY_LOCAL)
    # Beyond a function's own local memory stand the arguments of the next call: keep some room.
    if top + size > get(m, FRAMES_AT) + (w + 1) * get(m, ARENA) or end + 4096 > get(m, LOCAL_SIZE):
        return 0
    template = get(m, TEMPLATES_AT) + get(function, ENTRY_TEMPLATE)
    for at in range(0, size, 8):
        store64(top + at, load64(template + at))
    for at in range(INDICES, INDICES + 8 * 128, 8):
        store64(top + at, load64(frame + at))
    store64(top + RETURN_PC, return_pc)
    store64(top + CALLER, frame)
    store64(top + LOCAL_BASE, local)
    store64(top + LOCAL_END, end)
    store64(top + FRAME_SIZE, size)
    fill64(top + LOCAL_ROW, (LOCAL << REGION_BITS) + local)
    return top
