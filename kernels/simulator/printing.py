"""What printf wrote: the machine keeps formats and arguments, the text is made here."""

import re
import struct
from collections.abc import Callable

from .access import PRINT_BYTES, PRINT_HEADER

_FORMAT = re.compile(r"%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?(hh|h|ll|l|j|z|t|L)?([diouxXcsfFeEgGaAp%])")


def text(logs: list[bytes], text_at: Callable[[int], str]) -> str:
    """All records in order of block; within a block as they were printed."""
    records = []
    for log in logs:
        for at in range(0, len(log), PRINT_HEADER + PRINT_BYTES):
            block, _, template, size = struct.unpack_from("<4q", log, at)
            start = at + PRINT_HEADER
            records.append((block, template, log[start : start + size]))
    records.sort(key=lambda record: record[0])
    return "".join(formatted(text_at(template), arguments, text_at) for _, template, arguments in records)


def formatted(template: str, arguments: bytes, text_at: Callable[[int], str]) -> str:
    """C's printf, on arguments that lie in memory as CUDA lays them: each at a multiple of its size."""
    at = 0

    def take(code: str, size: int):
        nonlocal at
        at = -(-at // size) * size
        value = struct.unpack_from(f"<{code}", arguments, at)[0] if at + size <= len(arguments) else 0
        at += size
        return value

    def one(found: re.Match) -> str:
        flags, width, precision, length, kind = found.groups()
        if kind == "%":
            return "%"
        if width == "*":
            width = str(take("i", 4))
        if precision == "*":
            precision = str(take("i", 4))
        spec = f"%{flags}{width or ''}" + (f".{precision}" if precision is not None else "")
        if kind in "fFeEgG":
            return (spec + kind) % take("d", 8)
        if kind in "aA":
            return float(take("d", 8)).hex()
        if kind == "s":
            return (spec + "s") % text_at(take("Q", 8))
        if kind == "p":
            return (f"%{flags}{width or ''}s") % f"{take('Q', 8):#x}"
        wide = length in ("l", "ll", "j", "z", "t")
        number = take("q" if wide else "i", 8 if wide else 4)
        if kind == "c":
            return (f"%{flags}{width or ''}s") % chr(number & 255)
        if kind in "ouxX":
            number &= (1 << (64 if wide else 32)) - 1
            kind = "d" if kind == "u" else kind
        return (spec + kind) % number

    return _FORMAT.sub(one, template)
