"""Which loads read what an atomicCAS of the same function then swaps.

    old = *a;  do { assumed = old;  old = atomicCAS(a, assumed, f(assumed)); } while (assumed != old);

Such a loop begins with a plain read, in the programming guide as well: should it be out of date, the swap fails and
gives the right value. So it is no race. The address may be computed twice, as a generic and as a global one: registers
are given the number of their value, which is that of the instruction that computes it from such numbers.
"""

import re
from collections import Counter

from .parser import Function

PURE = {"mov", "add", "sub", "mul", "mad", "shl", "and", "or", "cvt"}


def swapped_addresses(function: Function) -> set[str]:
    """The operands `[register+4]`, by whose address something is also swapped."""
    values = _values(function)

    def place(operand: str) -> tuple[object, str]:
        register, _, offset = operand.strip("[] ").partition("+")
        return values.get(register, register), offset

    swapped = {place(i.operands[1]) for i in function.instructions if i.opcode[0] == "atom" and "cas" in i.opcode}
    if not swapped:
        return set()
    return {i.operands[1] for i in function.instructions if i.opcode[0] == "ld" and place(i.operands[1]) in swapped}


def _values(function: Function) -> dict[str, object]:
    """The number of the value of each register that is set once, by arithmetic."""
    times = Counter(name for i in function.instructions for name in re.findall(r"%?[\w$]+", (*i.operands, "")[0]))
    numbers: dict[tuple, int] = {}
    values: dict[str, object] = {}
    for i in function.instructions:
        if i.guard or not i.operands or times[i.operands[0]] != 1:
            continue
        operands = tuple(values.get(operand, operand) for operand in i.operands[1:])
        if i.opcode[0] == "cvta":  # the same place, in another space's words
            values[i.operands[0]] = operands[0]
        elif i.opcode[0] in PURE:
            values[i.operands[0]] = numbers.setdefault((i.opcode, *operands), len(numbers))
    return values
