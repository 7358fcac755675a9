"""The rows of numbers that the machine executes: their columns, what each kind does, and what numbers stand for.

A warp's registers live in a *frame*; a row of it holds one register of all 32 lanes:

    0     header: a word of ones (the guard of what has none), return pc, caller's frame, local memory, size
    64    the warp's indices: threadIdx.x .y .z, blockIdx.x .y .z, warp            8 rows of 32 × 4 bytes
    1088  where this frame's local memory begins                                    1 row of 32 × 8 bytes
    1344  predicates: a bit a lane, 8 bytes each; then rows of 32-bit, then of 64-bit registers

Constants and the kernel's parameters are rows, too, so an instruction only ever names rows, by their byte offset.
A code row is 16 × int32 (the columns are named below).
"""

from dataclasses import dataclass

from .parser import Place

# The columns of a code row. EXTRA holds a fourth source, or the end of a vector.
OP, KIND, GUARD, INVERT, D, A, B, C, IMM, SIZE, COUNT, MEMORY, EXTRA, WIDE, SPACE, END = range(16)
# For instructions that aren't arithmetic, column END holds flags.
FLAGS = END
VOLATILE, RELEASE, ACQUIRE, STRONG = 1, 2, 4, 8
# Kinds. Those after LAST_ARITHMETIC are executed one at a time.
KINDS = [
    "ARITHMETIC",
    "BRANCH",
    "LOAD",
    "STORE",
    "BARRIER",
    "EXIT",
    "ATOMIC",
    "SHUFFLE",
    "VOTE",
    "MATCH",
    "REDUCE",
    "WARP_SYNC",
    "FENCE",
    "CALL",
    "RETURN",
    "SWITCH",
    "CLOCK",
    "COPY_ASYNC",
    "COMMIT_ASYNC",
    "WAIT_ASYNC",
    "MATRIX_LOAD",
    "MATRIX_STORE",
    "MATRIX_MULTIPLY",
    "FRAGMENT_LOAD",
    "FRAGMENT_STORE",
    "FRAGMENT_MULTIPLY",
    "PRINT",
    "ASSERT",
    "TRAP",
    "SLEEP",
    "ACTIVE_MASK",
]
(
    ARITHMETIC,
    BRANCH,
    LOAD,
    STORE,
    BARRIER,
    EXIT,
    ATOMIC,
    SHUFFLE,
    VOTE,
    MATCH,
    REDUCE,
    WARP_SYNC,
    FENCE,
    CALL,
    RETURN,
    SWITCH,
    CLOCK,
    COPY_ASYNC,
    COMMIT_ASYNC,
    WAIT_ASYNC,
    MATRIX_LOAD,
    MATRIX_STORE,
    MATRIX_MULTIPLY,
    FRAGMENT_LOAD,
    FRAGMENT_STORE,
    FRAGMENT_MULTIPLY,
    PRINT,
    ASSERT,
    TRAP,
    SLEEP,
    ACTIVE_MASK,
) = range(len(KINDS))
# Memory: the upper bits of an address say which region it lies in, so no pointer runs from one into another.
REGION_BITS = 36
NOWHERE, SHARED, LOCAL, PARAMETERS, FIRST_VARIABLE = range(5)
SPACES = {"": NOWHERE, "global": 4, "shared": SHARED, "local": LOCAL, "const": 5, "param": PARAMETERS}
CODE = 1 << 35  # the address of a function is CODE + its number
# Offsets in a frame.
TRUE, RETURN_PC, CALLER, LOCAL_BASE, LOCAL_END, FRAME_SIZE = 0, 16, 24, 32, 40, 48
INDICES, INDEX_ROWS = 64, ("tid.x", "tid.y", "tid.z", "ctaid.x", "ctaid.y", "ctaid.z", "warpid")
LOCAL_ROW = INDICES + 8 * 128
FIRST_ROW = LOCAL_ROW + 256
GUARD_GAP = 128  # bytes between shared arrays, so that one step beyond the end is seen; keeps every bank in place
# What a function's number leads to.
ENTRY_PC, ENTRY_FRAME, ENTRY_TEMPLATE, ENTRY_LOCAL = range(4)


@dataclass
class Row:
    """A code row while registers are still names."""

    kind: int
    place: Place
    text: str
    op: int = 0
    guard: object = None
    inverted: bool = False
    d: object = None
    a: object = None
    b: object = None
    c: object = None
    extra: object = None
    imm: int | str = 0
    size: int = 0
    count: int = 0
    wide: int = 0
    space: int = 0
    flags: int = 0
    arithmetic: str = ""  # the operation's name
