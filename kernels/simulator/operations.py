"""The arithmetic of the machine: every operation of integers.py and floats.py, done to the rows of a warp's registers.

One LLVM switch over all of them (intrinsics.py) compiles in well under a second; a Python loop for each would take
Numba half a minute.
"""

from llvmlite import ir
from numba.core import cgutils

from . import floats, integers
from .lanes import (
    I32,
    I64,
    TYPES,
    V1,
    V16,
    V32,
    Operation,
    suffix,
)
from .rounding import NARROW

assert floats
assert integers

# A row in memory.


def pointer(b, base, offset, kind):
    return b.inttoptr(b.add(base, b.sext(offset, I64) if offset.type != I64 else offset), kind.as_pointer())


def load_row(b, frame, offset, kind):
    return b.load(pointer(b, frame, offset, kind), align=64)


def store_row(b, value, target, mask, align=64):
    """The active lanes of a row."""
    name = f"llvm.masked.store.{suffix(value.type)}.p0"
    kind = ir.FunctionType(ir.VoidType(), [value.type, target.type, I32, V1])
    b.call(cgutils.get_or_insert_function(b.module, kind, name), [value, target, ir.Constant(I32, align), mask])


def read(b, letter: str, frame, offset):
    """A row as an operand of that letter."""
    if letter == "p":
        return b.bitcast(b.load(pointer(b, frame, offset, I32)), V1)
    if letter in "heg":
        narrow = b.trunc(load_row(b, frame, offset, V32), V16)
        return NARROW[letter][1](b, narrow) if letter in NARROW else narrow
    return load_row(b, frame, offset, TYPES[letter])


def write(b, letter: str, value, frame, offset, lanes, mask):
    """The active lanes of a row: `lanes` is their 32 bits, `mask` the same as a vector."""
    if letter == "p":
        target = pointer(b, frame, offset, I32)
        kept = b.and_(b.load(target), b.not_(lanes))
        b.store(b.or_(kept, b.and_(b.bitcast(value, I32), lanes)), target)
        return
    if letter in NARROW:
        value = NARROW[letter][0](b, value)
    if value.type == V16:
        value = b.zext(value, V32)
    store_row(b, value, pointer(b, frame, offset, value.type), mask)


def execute(b, operation: Operation, frame, target, sources, lanes, mask) -> None:
    """Emit one operation on a warp's registers."""
    operands = [read(b, letter, frame, offset) for letter, offset in zip(operation.operands, sources)]
    write(b, operation.result, operation.emit(b, *operands), frame, target, lanes, mask)
