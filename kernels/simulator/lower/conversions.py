"""cvt: between integers and floats of every width."""

import re

from ..parser import SIZES, Unsupported
from .common import DIRECTED, REALS, WIDTHS, finish, flush_of, flushed, is_short, kind_of, narrowed


def _cvt(b, words, o) -> None:
    if words[-1] in ("f32", "f16x2", "bf16x2") and len(o) == 3:  # two numbers into one register
        mode = next((word for word in words if word in DIRECTED), "rn")
        d = b.register(o[0])
        b.alu(f"cvt.{mode}.{words[-2]}.f32", d, *(b.operand(x, 32, "f") for x in o[1:3]))
        finish(b, words, words[-2], d)
        return
    if words[-2] == "tf32":
        if "rz" in words:
            b.alu("and.32", b.register(o[0]), b.operand(o[1], 32, "f"), b.constant(0xFFFFE000, 32))
        elif "rn" in words:
            raise Unsupported("it knows tf32 rounded by rna and rz")
        else:
            b.alu("cvt.rna.tf32.f32", b.register(o[0]), b.operand(o[1], 32, "f"))
        return
    target, source = words[-2], words[-1]
    if target not in WIDTHS or source not in WIDTHS or "x2" in target + source:
        raise Unsupported("this conversion is unknown")
    d = b.register(o[0])
    width = b.frame.rows[d]
    given = b.operand(o[1], WIDTHS[source], kind_of(source))
    if target in REALS and source in REALS:
        _real_to_real(b, words, d, given, target, source)
    elif target in REALS:
        _integer_to_real(b, words, d, given, target, source)
    elif source in REALS:
        _real_to_integer(b, words, d, width, given, target, source)
    else:
        _integer_to_integer(b, words, d, width, given, b.frame.rows[given], target, source)


def _mode(words) -> str:
    return next((word for word in words if word in DIRECTED), "rn")


def _real_to_real(b, words, d, given, target: str, source: str) -> None:
    whole = next((word for word in words if re.fullmatch(r"r[nzmp]i", word)), "")
    flush = flush_of(words, "f32")
    if target == source:
        if whole:
            b.alu(f"round.{whole}{flush_of(words, target)}.{target}", d, given)
        elif flush and target == "f32":
            b.alu("flush.f32", d, given)
        else:
            b.alu(f"mov.{WIDTHS[target]}", d, given)
    else:
        if flush and source == "f32":
            given = flushed(b, given)
        if source in ("f16", "bf16") and target in ("f16", "bf16"):
            single = b.temporary(32)
            b.alu(f"cvt.f32.{source}", single, given)
            b.alu(f"cvt.{_mode(words)}.{target}.f32", d, single)
        elif target == "f64" or source in ("f16", "bf16"):
            b.alu(f"cvt.{target}.{source}", d, given)
        else:
            b.alu(f"cvt.{_mode(words)}.{target}.{source}", d, given)
        if flush and target == "f32":
            b.alu("flush.f32", d, d)
    finish(b, words, target, d)


def _integer_to_real(b, words, d, given, target: str, source: str) -> None:
    if SIZES[source] < 4:
        wide = b.temporary(32)
        b.alu(f"extend.{source}", wide, given)
        given, source = wide, f"{source[0]}32"
    if target in ("f32", "f64"):
        b.alu(f"cvt.{_mode(words)}.{target}.{source}", d, given)
    else:
        exact = b.temporary(64)
        b.alu(f"cvt.{'odd' if SIZES[source] == 8 else 'rn'}.f64.{source}", exact, given)
        b.alu(f"cvt.{_mode(words)}.{target}.f64", d, exact)
    finish(b, words, target, d)


def _real_to_integer(b, words, d, width: int, given, target: str, source: str) -> None:
    if source in ("f16", "bf16"):
        single = b.temporary(32)
        b.alu(f"cvt.f32.{source}", single, given)
        given, source = single, "f32"
    elif flush_of(words, source):
        given = flushed(b, given)
    whole = next(word for word in words if re.fullmatch(r"r[nzmp]i", word))
    if whole != "rzi":
        rounded = b.temporary(WIDTHS[source])
        b.alu(f"round.{whole}.{source}", rounded, given)
        given = rounded
    if SIZES[target] >= 4:
        b.alu(f"cvt.{target}.{source}", d, given)
        return
    found = b.temporary(32)
    b.alu(f"cvt.{target[0]}32.{source}", found, given)
    low, high = _bounds(target)
    if target[0] == "s":
        b.alu("max.s32", found, found, b.constant(low, 32))
    b.alu(f"min.{target[0]}32", found, found, b.constant(high, 32))
    _widen(b, d, width, found, target)


def _bounds(t: str) -> tuple[int, int]:
    bits = SIZES[t] * 8
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if t[0] == "s" else (0, (1 << bits) - 1)


def _widen(b, d, width: int, found, t: str) -> None:
    """A number of a narrow type, extended in 32 bits → a register of any width."""
    if width == 64:
        b.alu(f"extend.{'s' if t[0] == 's' else 'u'}32", d, found)
    elif SIZES[t] < 4 and is_short(b, d):
        b.alu("mov.16", d, found)
    else:
        b.alu("mov.32", d, found)


def _extended(b, row, t: str):
    """A number of a type narrower than 32 bits, extended to them by its sign."""
    if SIZES[t] >= 4:
        return row
    whole = b.temporary(32)
    b.alu(f"extend.{'s' if t[0] == 's' else 'u'}{SIZES[t] * 8}", whole, row)
    return whole


def _integer_to_integer(b, words, d, width: int, given, given_width: int, target: str, source: str) -> None:
    sign = "s" if source[0] == "s" else "u"
    wide = WIDTHS[source] == 64
    if not wide and given_width == 64:
        given = narrowed(b, given)
    given = _extended(b, given, source)
    if "sat" in words:
        bits = 64 if wide else 32
        low, high = _bounds(target)
        source_low, source_high = _bounds(f"{sign}{bits}")
        held = b.temporary(bits)
        b.alu(f"mov.{bits}", held, given)
        if low > source_low:
            b.alu(f"max.{sign}{bits}", held, held, b.constant(low, bits))
        if high < source_high:
            b.alu(f"min.{sign}{bits}", held, held, b.constant(high, bits))
        given = held
    if WIDTHS[target] == 64:
        if wide:
            b.alu("mov.64", d, given)
        else:
            b.alu(f"extend.{sign}32", d, given)
        return
    if wide:
        given = narrowed(b, given)
    _widen(b, d, width, _extended(b, given, target), target)


HANDLERS = {
    "cvt": _cvt,
}
