"""What one worker of the machine holds: records of 64-bit words, whose fields are named here.

Functions of the machine take the address of such a record, as C would: `m` the worker's own, `warp` that of a
warp; get(warp, LIVE) reads a field. Numba would pass arrays by nine words each and count their references.
"""

from typing import Any

from numba import njit, types

from .intrinsics import get, put

OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(function: Any) -> Any:
    """A function of the machine: no Python inside or around it, NumPy's division, other threads run meanwhile.

    Its arguments are int64 or float64; Numba by itself would compile it again for every constant it is called with.
    """
    dispatcher: Any = njit(**OPTIONS)(function)
    template = dispatcher.get_call_template

    def plain(arguments, keywords):
        kinds = (types.float64 if isinstance(kind, types.Float) else types.int64 for kind in arguments)
        return template(tuple(kinds), keywords)

    dispatcher.get_call_template = plain
    _spare_machine_code(dispatcher)
    return dispatcher


def _spare_machine_code(dispatcher: Any) -> None:
    """Have a function neither optimised nor made machine code by itself: its callers contain it, nobody calls it.

    Numba has no switch for that, and it takes a quarter of the time. Should it change inside, all is made, as ever.
    """
    compiler: Any = getattr(dispatcher, "_compiler", None)
    if not (hasattr(compiler, "_customize_flags") and hasattr(compiler, "_compile_core")):
        return
    translate = compiler._compile_core

    def not_by_itself(flags):
        flags.no_compile = True
        return flags

    def registered(arguments, return_type):
        # Callers find a function by its entry point: any built-in function that there is once will do.
        result = translate(arguments, return_type)._replace(entry_point=[].append)
        result.library._optimize_final_module = lambda: None
        result.library._finalize_final_module = lambda: setattr(result.library, "_finalized", True)
        dispatcher.targetctx.insert_user_function(result.entry_point, result.fndesc, [result.library])
        return result

    compiler._customize_flags, compiler._compile_core = not_by_itself, registered


# A large function with one caller: part of it, lest LLVM work through it twice.
inlined: Any = njit(inline="always", **OPTIONS)

# The worker.
(STAMP, BLOCK, BLOCK_X, BLOCK_Y, BLOCK_Z, FOUND, STOP, STEPS, PRINTED, PRINT_SIZE, COPIES, LOCATIONS, REST, WARPS,
 THREADS, GRID_X, GRID_Y, BLOCKS, TRACING, RACING, LIMIT, ARENA, LOCAL_SIZE, GRAIN, CELL_WORDS, ORDER_STEP, ORDER_START,
 REGIONS, FUNCTIONS, SLOTS, COMMON_AT, CODE_AT, CODE64_AT, TABLE_AT, FUNCTIONS_AT, TEMPLATES_AT, REGIONS_AT,
 FRAMES_AT, SCRATCH_AT, WARPS_AT, BARRIERS_AT, FINDINGS_AT, COUNTS_AT, PATTERNS_AT, CELLS_AT, LOCATIONS_AT,
 PUBLISHED_AT, ACQUIRED_AT, COPIES_AT, PRINTED_AT, READ_AT, WRITTEN_AT, GAPS, GAPS_AT, LOST) = range(55)  # fmt: skip
WORKER_WORDS = 64

# Shared by all workers of a launch.
NEXT_BLOCK, ALL_STEPS, HALT = range(3)

# A warp: the lanes that run now, where, and the nearest place ahead where others of its lanes wait to be joined.
(MASK, PC, NEXT, LIVE, FRAME, WAITING, HELD, RELEASED, EPOCH, FULL, PARTIAL, FENCED, FORCED) = range(13)
# WAITING: lanes at a barrier. HELD: lanes that wait for others of their warp. RELEASED: lanes to which a barrier owes
# its result. FORCED: those held go on without whom they wait for. EPOCH counts the warp's own synchronisations; those
# before FULL order all of its lanes, PARTIAL says that some since then ordered a few. FENCED: lanes that have fenced
# since their last plain write. Then, for each lane, where it stands when it isn't running, and its groups of copies;
# for each other warp, and each pair of lanes, what has been seen of it (races.py).
LANE_PC, LANE_FRAME, LANE_GROUP, SEEN, LANE_SEEN = 16, 48, 80, 112, 144
WARP_WORDS = LANE_SEEN + 32 * 32

# A barrier: for each warp the lanes that wait, where the first of them came, and what who came had seen.
POPULATION, EXPECTED, SORT, TALLY, RESULT = range(5)
WAITERS, WHERE, ARRIVING = 8, 40, 72
BARRIER_WORDS = 104
BARRIERS = 16

# A region of memory (memory.py).
START, BYTES, DELTA, READ_ONLY, CELLS, SECTORS = range(6)
REGION_WORDS = 8

# Counters of an instruction (trace.py).
(EXECUTIONS, LANES, REQUESTS, SECTOR_COUNT, IDEAL_SECTORS, SHARED_REQUESTS, WAVEFRONTS, IDEAL_WAVEFRONTS, GLOBAL_BYTES,
 SHARED_BYTES, ATOMICS, CONFLICTS) = range(12)  # fmt: skip
COUNTERS = 12

# A finding (findings.py).
(KIND, AT, OTHER, F_BLOCK, F_WARP, F_LANE, OTHER_BLOCK, OTHER_WARP, OTHER_LANE, ADDRESS, EXTRA, TIMES) = range(12)
FINDING_WORDS = 12
FINDINGS = 256


@compiled
def warp_at(m, w):
    return get(m, WARPS_AT) + w * (8 * WARP_WORDS)


@compiled
def barrier_at(m, k):
    return get(m, BARRIERS_AT) + k * (8 * BARRIER_WORDS)


@compiled
def region_at(m, k):
    return get(m, REGIONS_AT) + k * (8 * REGION_WORDS)


@compiled
def add(record, field, value):
    put(record, field, get(record, field) + value)


@compiled
def clear(record, first, count):
    for k in range(first, first + count):
        put(record, k, 0)
