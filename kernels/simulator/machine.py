"""The machine: runs blocks of a kernel, a warp at a time, an instruction of all its lanes at a time.

The lanes of a warp that stand at the same place of the program run together. Where a branch parts them, those with the
lowest place go first (in the deepest function that any is in), until they reach the place of others and are joined: the
order in which compilers lay out code makes that where the branches meet again. What a warp does while it runs is held
in local variables here; `select` chooses the lanes that go next.

    run ── a worker: takes blocks until none is left
      └─ turn ── one warp, until it waits, ends, or has had its turn
"""

from . import access, barriers, control, races, tensor, warp
from .control import FAR
from .findings import (
    ASSERTION,
    DEADLOCK,
    INACTIVE_LANE,
    LIMIT_REACHED,
    OUT_OF_BOUNDS,
    STACK_OVERFLOW,
    TRAPPED,
    note,
    note_alone,
)
from .intrinsics import (
    PATTERN_GENERAL,
    PATTERN_UNIFORM,
    addresses,
    arithmetic,
    fetch_add,
    first_lane,
    get,
    load32,
    load64,
    load_lanes,
    popcount,
    put,
    store32,
    store64,
    store_lanes,
)
from .memory import inside, sort_out
from .rows import (
    ACTIVE_MASK,
    ARITHMETIC,
    ASSERT,
    ATOMIC,
    BARRIER,
    BRANCH,
    CALL,
    CALLER,
    CLOCK,
    CODE,
    COMMIT_ASYNC,
    COPY_ASYNC,
    COUNT,
    END,
    ENTRY_PC,
    EXIT,
    EXTRA,
    FENCE,
    FLAGS,
    FRAGMENT_LOAD,
    FRAGMENT_MULTIPLY,
    FRAGMENT_STORE,
    GUARD,
    IMM,
    INDICES,
    INVERT,
    LOAD,
    LOCAL,
    MATCH,
    MATRIX_LOAD,
    MATRIX_MULTIPLY,
    MATRIX_STORE,
    OP,
    PRINT,
    REDUCE,
    REGION_BITS,
    RETURN,
    RETURN_PC,
    SHARED,
    SHUFFLE,
    SIZE,
    SLEEP,
    SPACE,
    STORE,
    STRONG,
    SWITCH,
    VOTE,
    WAIT_ASYNC,
    WARP_SYNC,
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
    ALL_STEPS,
    ARENA,
    BARRIER_WORDS,
    BARRIERS,
    BARRIERS_AT,
    BLOCK,
    BLOCK_X,
    BLOCK_Y,
    BLOCK_Z,
    BLOCKS,
    CODE64_AT,
    CODE_AT,
    COMMON_AT,
    COUNTERS,
    COUNTS_AT,
    DELTA,
    EPOCH,
    EXECUTIONS,
    FORCED,
    FRAME,
    FRAMES_AT,
    FULL,
    FUNCTIONS,
    FUNCTIONS_AT,
    GRID_X,
    GRID_Y,
    HALT,
    HELD,
    LANE_GROUP,
    LANE_PC,
    LANES,
    LIMIT,
    LIVE,
    LOCAL_SIZE,
    MASK,
    NEXT,
    NEXT_BLOCK,
    ORDER_START,
    ORDER_STEP,
    PC,
    RACING,
    RELEASED,
    REST,
    SCRATCH_AT,
    STEPS,
    STOP,
    TABLE_AT,
    THREADS,
    TRACING,
    WAITING,
    WARPS,
    add,
    barrier_at,
    clear,
    compiled,
    inlined,
    region_at,
    warp_at,
)

SPINS = 512  # times that lanes may jump back while others of their warp wait: then it is the others' turn
TURN_LENGTH = 1 << 12  # instructions that a warp may run before it is the next one's turn


@compiled
def start_block(m, block):
    across, rows = get(m, GRID_X), get(m, GRID_Y)
    put(m, BLOCK, block)
    put(m, BLOCK_X, block % across)
    put(m, BLOCK_Y, block // across % rows)
    put(m, BLOCK_Z, block // (across * rows))
    clear(get(m, BARRIERS_AT), 0, BARRIERS * BARRIER_WORDS)
    for w in range(get(m, WARPS)):
        warp, frame = warp_at(m, w), get(m, FRAMES_AT) + w * get(m, ARENA)
        for axis in range(3):
            for lane in range(32):
                store32(frame + INDICES + 128 * (3 + axis) + 4 * lane, get(m, BLOCK_X + axis))
        clear(warp, 0, LANE_GROUP + 32)
        there = (1 << min(get(m, THREADS) - 32 * w, 32)) - 1
        put(warp, LIVE, there)
        put(warp, FRAME, frame)
        put(warp, FULL, 1)
        put(warp, EPOCH, 1)
        control.park(warp, there, 0, frame)
    if get(m, RACING):
        races.start_block(m)


@inlined
def turn(m, w):
    """Run a warp until it waits, ends, or its turn is over; how many instructions that were."""
    state = warp_at(m, w)
    code, code64, scratch, counts = get(m, CODE_AT), get(m, CODE64_AT), get(m, SCRATCH_AT), get(m, COUNTS_AT)
    tracing, watching = get(m, TRACING), get(m, TRACING) | get(m, RACING)
    mask, pc, following, frame = 0, 0, FAR, 0
    steps, spins = 0, 0
    while True:
        if pc >= following or mask == 0:  # others wait at this place, or nobody is left here
            control.park(state, mask, pc, frame)
            if not control.select(state, -1):
                if get(state, HELD) == 0 or not control.unblock(m, state):
                    return steps
                control.select(state, -1)
            mask, pc, following, frame = get(state, MASK), get(state, PC), get(state, NEXT), get(state, FRAME)
            spins = 0
        row = code64 + pc * 128
        kind = get(row, ROW_KIND)
        if kind == ARITHMETIC:
            end = get(row, END)
            if tracing:
                add(counts + pc * (8 * COUNTERS), EXECUTIONS, 1)
                add(counts + pc * (8 * COUNTERS), LANES, popcount(mask))
            steps += end - pc
            arithmetic(code, pc, end, frame, mask)
            pc = end
            continue
        steps += 1
        lanes = mask & (load32(frame + get(row, GUARD)) ^ get(row, INVERT))
        if tracing:
            add(counts + pc * (8 * COUNTERS), EXECUTIONS, 1)
            add(counts + pc * (8 * COUNTERS), LANES, popcount(mask if kind == BRANCH else lanes))
        if kind == BRANCH:
            target = get(row, IMM)
            if lanes == 0:
                pc += 1
                continue
            if lanes != mask:
                control.park(state, lanes, target, frame)
                control.park(state, mask & ~lanes, pc + 1, frame)
                following = min(following, max(target, pc + 1))
                if target > pc:
                    mask, pc = mask & ~lanes, pc + 1
                    continue
                mask = lanes
            if target <= pc:
                spins += 1
                if spins > SPINS and get(state, LIVE) & ~get(state, WAITING) & ~get(state, HELD) != mask:
                    control.park(state, mask, target, frame)
                    control.select(state, target)
                    mask, pc, following, frame = get(state, MASK), get(state, PC), get(state, NEXT), get(state, FRAME)
                    spins = 0
                    continue
                if steps > TURN_LENGTH:
                    control.park(state, mask, target, frame)
                    return steps
            pc = target
            continue
        if kind == LOAD or kind == STORE:
            element, count, space = get(row, SIZE), get(row, COUNT), get(row, SPACE)
            size, writes = element * count, int(kind == STORE)
            imm, origin = get(row, IMM), SHARED << REGION_BITS if space == SHARED else 0
            todo = lanes
            while todo:
                part = todo
                # A lane's elements of a vector stand between those of two lanes; atomic readers look at each address.
                keep = int(count > 1) | (get(row, FLAGS) & STRONG)
                pattern = addresses(frame, get(row, A), get(row, WIDE), imm, origin, size, part, scratch, keep)
                if inside(m, get(scratch, 32), get(scratch, 33), size, get(scratch, 35), size, space, writes):
                    todo = 0
                else:
                    addresses(frame, get(row, A), get(row, WIDE), imm, origin, size, part, scratch, 1)
                    part = sort_out(m, todo, size, size, space, writes, w, pc)
                    todo = get(m, REST)
                    if part == 0:
                        continue
                    pattern = addresses(frame, get(row, A), get(row, WIDE), imm, origin, size, part, scratch, 1)
                region = get(scratch, 32) >> REGION_BITS
                delta = get(region_at(m, region), DELTA)
                if watching and (region == SHARED or region > LOCAL + 1):
                    access.observe_plain(m, w, pc, frame, row, part, size, region, writes, pattern)
                if region == LOCAL:
                    addresses(frame, get(row, A), get(row, WIDE), imm, origin, size, part, scratch, 1)
                    access.place_local(m, scratch)
                    pattern = PATTERN_GENERAL
                    delta += w * 32 * get(m, LOCAL_SIZE)
                if count > 1 and pattern != PATTERN_UNIFORM:
                    pattern = PATTERN_GENERAL
                case = 4 * get(row, OP) + pattern
                if writes:
                    store_lanes(case, frame, get(row, D), part, scratch, delta)
                    if count > 1:
                        store_lanes(case, frame, get(row, B), part, scratch, delta + element)
                        if count > 2:
                            store_lanes(case, frame, get(row, C), part, scratch, delta + 2 * element)
                            store_lanes(case, frame, get(row, EXTRA), part, scratch, delta + 3 * element)
                else:
                    load_lanes(case, frame, get(row, D), part, scratch, delta)
                    if count > 1:
                        load_lanes(case, frame, get(row, B), part, scratch, delta + element)
                        if count > 2:
                            load_lanes(case, frame, get(row, C), part, scratch, delta + 2 * element)
                            load_lanes(case, frame, get(row, EXTRA), part, scratch, delta + 3 * element)
            pc += 1
            continue
        if lanes == 0:
            pc += 1
            continue
        if SHUFFLE <= kind <= WARP_SYNC:
            here = control.joined(state, lanes, pc, frame)
            mask |= here
            lanes = control.come_together(m, state, w, row, pc, frame, here)
            mask &= ~(here & ~lanes)
            if lanes:
                together(m, state, w, row, pc, frame, lanes, kind)
            pc += 1
        elif kind == ATOMIC:
            access.do_atomic(m, w, pc, frame, row, lanes)
            pc += 1
        elif kind == BARRIER:
            if get(state, RELEASED) & lanes:
                control.barrier_result(m, frame, row, lanes)
                put(state, RELEASED, get(state, RELEASED) & ~lanes)
                pc += 1
                continue
            control.park(state, mask & ~lanes, pc + 1, frame)
            control.park(state, lanes, pc if get(row, OP) >= barriers.COUNT else pc + 1, frame)
            control.come_to_barrier(m, w, pc, frame, row, lanes)
            mask = 0
        elif kind == EXIT or (kind == RETURN and load64(frame + CALLER) == 0):
            control.end_lanes(m, state, lanes, pc)
            mask &= ~lanes
            pc += 1
        elif kind == RETURN:
            control.park(state, mask & ~lanes, pc + 1, frame)
            control.park(state, lanes, load64(frame + RETURN_PC), load64(frame + CALLER))
            mask = 0
        elif kind == CALL:
            call(m, state, w, pc, frame, row, mask, lanes)
            mask = 0
        elif kind == SWITCH:
            control.park(state, mask & ~lanes, pc + 1, frame)
            rest = lanes
            while rest:
                lane = first_lane(rest)
                rest &= rest - 1
                choice = min(load32(frame + get(row, A) + 4 * lane), get(row, COUNT) - 1)
                control.park(state, 1 << lane, get(get(m, TABLE_AT), get(row, IMM) + choice), frame)
            mask = 0
        else:
            rare(m, state, w, row, pc, frame, lanes, kind, steps)
            pc += 1
            if kind == SLEEP and steps > TURN_LENGTH // 16:
                control.park(state, mask, pc, frame)
                return steps
        if get(m, STOP):
            control.park(state, mask, pc, frame)
            put(state, PC, pc)
            return steps


@compiled
def together(m, state, w, row, pc, frame, lanes, kind):
    """Instructions that the lanes of a warp execute with each other."""
    outside = warp.outsiders(frame, get(row, A if kind == WARP_SYNC else EXTRA), lanes)
    if outside:
        lane = first_lane(outside)
        note(m, INACTIVE_LANE, pc, -1, w, lane, get(m, BLOCK), w, lane, 0, 2)
    mode, d, a, members = get(row, OP), get(row, D), get(row, A), get(row, EXTRA)
    if kind == SHUFFLE:
        valid = get(get(m, TABLE_AT), get(row, IMM) - 1) if get(row, IMM) else -1
        warp.shuffle(m, frame, mode, d, a, get(row, B), get(row, C), members, valid, lanes, w, pc)
    elif kind == VOTE:
        warp.vote(frame, mode, d, a, members, lanes)
    elif kind == MATCH:
        warp.match(frame, mode, d, a, get(row, B), members, get(row, SIZE), lanes)
    elif kind == REDUCE:
        warp.reduce(m, frame, mode, d, a, members, lanes)
    elif get(m, RACING):
        while lanes:  # the mask may differ between groups of lanes that come together
            named = load32(frame + a + 4 * first_lane(lanes)) | 1 << first_lane(lanes)
            races.sync_lanes(state, named & lanes)
            lanes &= ~named


@compiled
def call(m, state, w, pc, frame, row, mask, lanes):
    """Lanes go into a function; of lanes that call by pointers, those first that call the same one."""
    control.park(state, mask & ~lanes, pc + 1, frame)
    number = get(row, IMM)
    if number < 0:
        target = load64(frame + get(row, A) + 8 * first_lane(lanes))
        same, rest = 0, lanes
        while rest:
            lane = first_lane(rest)
            rest &= rest - 1
            if load64(frame + get(row, A) + 8 * lane) == target:
                same |= 1 << lane
        control.park(state, lanes & ~same, pc, frame)
        lanes, number = same, target - CODE
        if number < 0 or number >= get(m, FUNCTIONS):
            note_alone(m, OUT_OF_BOUNDS, pc, w, first_lane(lanes), target, -2)
            put(m, STOP, 1)
            return
    deeper = control.push_frame(m, state, w, frame, number, pc + 1, lanes)
    if deeper == 0:
        note_alone(m, STACK_OVERFLOW, pc, w, first_lane(lanes), 0, 0)
        put(m, STOP, 1)
        return
    control.park(state, lanes, get(get(m, FUNCTIONS_AT) + 32 * number, ENTRY_PC), deeper)


@compiled
def rare(m, state, w, row, pc, frame, lanes, kind, steps):
    """Instructions after which the same lanes go on with the next."""
    if kind == FENCE:
        access.fence(state, lanes)
    elif kind == CLOCK or kind == ACTIVE_MASK:
        value = get(m, STEPS) + steps if kind == CLOCK else lanes
        wide = kind == CLOCK and get(row, SIZE) == 8
        rest = lanes
        while rest:
            lane = first_lane(rest)
            rest &= rest - 1
            if wide:
                store64(frame + get(row, D) + 8 * lane, value)
            else:
                store32(frame + get(row, D) + 4 * lane, value)
    elif kind == COPY_ASYNC:
        access.copy_async(m, state, w, pc, frame, row, lanes)
    elif kind == COMMIT_ASYNC:
        for lane in range(32):
            add(state, LANE_GROUP + lane, (lanes >> lane) & 1)
    elif kind == WAIT_ASYNC:
        if get(m, RACING):
            races.finish_copies(m, w, lanes, get(row, IMM))
    elif kind == MATRIX_LOAD or kind == MATRIX_STORE:
        control.need_whole_warp(m, state, w, pc, lanes)
        access.matrix_memory(m, w, pc, frame, row, lanes)
    elif kind == MATRIX_MULTIPLY:
        control.need_whole_warp(m, state, w, pc, lanes)
        left, right = get(row, OP) >> 4, get(row, OP) & 15
        shape_m, shape_n, shape_k = get(row, SIZE), get(row, COUNT), get(row, WIDE)
        result, addend = get(row, SPACE), get(row, FLAGS)
        tensor.multiply(get(m, TABLE_AT), frame, get(row, IMM), shape_m, shape_n, shape_k, left, right, result, addend)
    elif kind == FRAGMENT_LOAD or kind == FRAGMENT_STORE:
        control.need_whole_warp(m, state, w, pc, lanes)
        access.fragment_memory(m, w, pc, frame, row, lanes)
    elif kind == FRAGMENT_MULTIPLY:
        control.need_whole_warp(m, state, w, pc, lanes)
        tensor.multiply_fragments(get(m, TABLE_AT), frame, get(row, IMM), get(row, OP))
    elif kind == PRINT:
        access.print_lanes(m, w, pc, frame, row, lanes)
    elif kind == ASSERT:
        lane, at = first_lane(lanes), get(row, IMM)
        text = access.argument(m, w, lane, frame, get(get(m, TABLE_AT), at), 8)
        line = access.argument(m, w, lane, frame, get(get(m, TABLE_AT), at + 2), 4)
        note_alone(m, ASSERTION, pc, w, lane, text, line)
        put(m, STOP, 1)
    elif kind != SLEEP:  # TRAP
        note_alone(m, TRAPPED, pc, w, first_lane(lanes), 0, 0)
        put(m, STOP, 1)


@compiled
def end_turn(m, common, state, w, steps):
    """Count what was run; too much of it is taken for an endless loop."""
    add(m, STEPS, steps)
    if fetch_add(common + 8 * ALL_STEPS, steps) > get(m, LIMIT):
        lane = first_lane(get(state, LIVE) | 1 << 31)
        note_alone(m, LIMIT_REACHED, get(state, LANE_PC + lane), w, lane, 0, 0)
        put(m, STOP, 1)


@compiled
def stuck(m):
    """No warp of the block can go on: let those that wait for absent lanes go on without; else it is a deadlock."""
    first, other = -1, -1
    for w in range(get(m, WARPS)):
        state = warp_at(m, w)
        if get(state, HELD):
            put(state, FORCED, 1)
            put(state, HELD, 0)
            return
        if get(state, WAITING):
            if first < 0:
                first = w
            elif other < 0 and waiting_at(m, w) != waiting_at(m, first):
                other = w
    put(m, STOP, 1)
    if first < 0:
        return
    elsewhere = waiting_at(m, other) if other >= 0 else -1
    second = first_lane(get(warp_at(m, other), WAITING)) if other >= 0 else 0
    lane = first_lane(get(warp_at(m, first), WAITING))
    note(m, DEADLOCK, waiting_at(m, first), elsewhere, first, lane, get(m, BLOCK), max(other, 0), second, 0, 0)


@compiled
def waiting_at(m, w):
    """The place of the barrier that a warp waits at."""
    for k in range(BARRIERS):
        barrier = barrier_at(m, k)
        if get(barrier, barriers.WAITERS + w):
            return get(barrier, barriers.WHERE + w)
    return 0


def run(m):
    """A worker: takes blocks until none is left or somebody says stop; gives the warps of each their turns."""
    common = get(m, COMMON_AT)
    while get(common, HALT) == 0:
        k = fetch_add(common + 8 * NEXT_BLOCK, 1)
        if k >= get(m, BLOCKS):
            break
        start_block(m, (get(m, ORDER_START) + k * get(m, ORDER_STEP)) % get(m, BLOCKS))
        w, progress, alive = 0, 0, 0
        while get(m, STOP) == 0 and get(common, HALT) == 0:
            state = warp_at(m, w)
            if get(state, LIVE) & ~get(state, WAITING):
                steps = turn(m, w)
                progress += steps
                end_turn(m, common, state, w, steps)
            alive |= get(state, LIVE)
            w += 1
            if w == get(m, WARPS):  # a round is over
                if alive == 0:
                    break
                if progress == 0:
                    stuck(m)
                w, progress, alive = 0, 0, 0
        if get(m, STOP):
            put(common, HALT, 1)
