"""Philox-4x32-10 for kernels on the CPU, written as LLVM: its ten turns without a loop, for LLVM makes vectors of
innermost loops alone, which are then those over the counters.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

I64 = ir.IntType(64)
LOW, HIGH = I64(0xFFFFFFFF), I64(32)  # words are 32 bits in 64, for their products need as many
FACTORS = I64(0xD2511F53), I64(0xCD9E8D57)
STEPS = I64(0x9E3779B9), I64(0xBB67AE85)


def _written(function: Any) -> Any:
    """Numba's own types take the context for an argument of the caller's."""
    return intrinsic(function)


@_written
def philox(context, counter, seed):
    """Four words of 32 bits, as uint64, for a counter and a seed of uint64."""

    def generate(target, b, signature, values):
        (a, c), (k, m) = ((b.and_(value, LOW), b.lshr(value, HIGH)) for value in values)
        x = a, c, I64(0), I64(0)
        for _ in range(10):
            one, two = b.mul(FACTORS[0], x[0]), b.mul(FACTORS[1], x[2])
            left, right = b.xor(b.lshr(two, HIGH), x[1]), b.xor(b.lshr(one, HIGH), x[3])
            x = b.xor(left, k), b.and_(two, LOW), b.xor(right, m), b.and_(one, LOW)
            k, m = (b.and_(b.add(key, step), LOW) for key, step in zip((k, m), STEPS))
        return target.make_tuple(b, signature.return_type, x)

    if counter != types.uint64 or seed != types.uint64:
        return None
    return types.UniTuple(types.uint64, 4)(counter, seed), generate
