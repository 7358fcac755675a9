"""Atomic operations of one lane: the processor's own, and those that it lacks, computed and swapped in."""

from .intrinsics import (
    ATOMICS,
    add_bfloat,
    add_bfloats,
    add_half,
    add_halves,
    as_float,
    atomic,
    float_bits,
    load16,
    load32,
    load64,
)
from .state import compiled

NATIVE = len(ATOMICS)
CAS = ATOMICS.index("cas")
INC, DEC, ADD_HALF, ADD_HALVES, ADD_BFLOAT, ADD_BFLOATS, MIN_FLOAT, MAX_FLOAT = range(NATIVE, NATIVE + 8)


@compiled
def perform(kind, size, address, value, other):
    """Do it; returns what was there before."""
    if kind < NATIVE:
        return atomic(kind, size, address, value, other)
    while True:
        old = load64(address) if size == 8 else load16(address) if size == 2 else load32(address)
        if atomic(CAS, size, address, old, updated(kind, old, value)) == old:
            return old


@compiled
def updated(kind, old, value):
    if kind == INC:
        return 0 if old >= value else old + 1
    if kind == DEC:
        return value if old == 0 or old > value else old - 1
    if kind == ADD_HALF:
        return add_half(old, value)
    if kind == ADD_HALVES:
        return add_halves(old, value)
    if kind == ADD_BFLOAT:
        return add_bfloat(old, value)
    if kind == ADD_BFLOATS:
        return add_bfloats(old, value)
    x, y = as_float(old), as_float(value)
    if kind == MIN_FLOAT:
        return float_bits(min(x, y))
    return float_bits(max(x, y))
