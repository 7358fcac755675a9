"""Rounding as CUDA asks for it: towards zero, up, down; once only, where a result passes through a wider type.

"Round to odd" (keep a sticky last bit) makes a result in a wide type safe to round once more (Boldo, Melquiond:
Emulation of FMA and correctly rounded sums, 2008). The error of a sum is exact by Knuth's identity, that of a product
by a fused multiply-add.
"""

import math
from collections.abc import Callable
from typing import Any

from .lanes import (
    INTEGER_OF,
    V16,
    V32,
    V64,
    VF32,
    VF64,
    VHALF,
    absolute,
    bits,
    copy_sign,
    fma,
    is_infinite,
    is_nan,
    is_zero,
    real,
    splat,
    square_root,
    widen,
)


def step(b, x, toward_zero):
    """The next number below x in magnitude where `toward_zero`, above elsewhere; x is not zero."""
    whole = bits(b, x)
    one = splat(whole.type, 1)
    return real(b, b.select(toward_zero, b.sub(whole, one), b.add(whole, one)))


def next_up(b, x):
    positive = b.icmp_signed(">=", bits(b, x), splat(bits(b, x).type, 0))
    smallest = real(b, splat(INTEGER_OF[x.type], 1))
    return b.select(is_zero(b, x), smallest, step(b, x, b.not_(positive)))


def next_down(b, x):
    return b.fneg(next_up(b, b.fneg(x)))


def adjust(b, rounded, error, mode: str):
    """The nearest number → the one that a directed mode wants; `error` is exact minus rounded, its sign what counts."""
    zero = splat(error.type, 0.0)
    less, more = b.fcmp_ordered("<", error, zero), b.fcmp_ordered(">", error, zero)
    if mode == "rz":
        negative = b.icmp_signed("<", bits(b, rounded), splat(INTEGER_OF[rounded.type], 0))
        shrink = b.select(negative, more, less)
        return b.select(shrink, step(b, rounded, shrink), rounded)
    if mode == "rm":
        return b.select(less, next_down(b, rounded), rounded)
    return b.select(more, next_up(b, rounded), rounded)


def two_sum(b, x, y):
    """x + y and what that sum lost, exactly (Knuth)."""
    total = b.fadd(x, y)
    part = b.fsub(total, x)
    return total, b.fadd(b.fsub(x, b.fsub(total, part)), b.fsub(y, part))


def to_odd(b, x, error):
    """x, or where something was lost and x is even, its odd neighbour on the exact value's side."""
    whole = bits(b, x)
    even = b.icmp_unsigned("==", b.and_(whole, splat(whole.type, 1)), splat(whole.type, 0))
    lost = b.and_(b.fcmp_ordered("!=", error, splat(error.type, 0.0)), even)
    inward = b.icmp_signed("<", b.xor(whole, bits_as(b, error, whole.type)), splat(whole.type, 0))
    return b.select(lost, step(b, x, inward), x)


def bits_as(b, x, kind):
    """The sign of x at the sign bit of an integer type that may be narrower."""
    whole = bits(b, x)
    if whole.type == kind:
        return whole
    return b.trunc(b.lshr(whole, splat(whole.type, whole.type.element.width - kind.element.width)), kind)


def odd_sum(b, x, y):
    total, error = two_sum(b, x, y)
    return to_odd(b, total, error)


def odd_single(b, x):
    """float64 → float32, rounded to odd."""
    near = b.fptrunc(x, VF32)
    return to_odd(b, near, b.fsub(x, b.fpext(near, VF64)))


def single(b, x, mode: str):
    """float64 → float32 in any rounding mode."""
    near = b.fptrunc(x, VF32)
    if mode == "rn":
        return near
    error = b.fsub(x, b.fpext(near, VF64))
    overflow = b.and_(is_infinite(b, near), b.not_(is_infinite(b, x)))
    error = b.select(overflow, b.fneg(b.fpext(near, VF64)), error)
    return adjust(b, near, error, mode)


def half_bits(b, x, mode: str = "rn"):
    """float32 → the bits of a float16."""
    near = b.fptrunc(x, VHALF)
    if mode != "rn":
        error = b.fsub(x, b.fpext(near, VF32))
        overflow = b.and_(is_infinite(b, b.fpext(near, VF32)), b.not_(is_infinite(b, x)))
        near = adjust_half(b, near, b.select(overflow, b.fneg(x), error), mode)
    return b.bitcast(near, V16)


def adjust_half(b, rounded, error, mode: str):
    whole = b.bitcast(rounded, V16)
    negative = b.icmp_signed("<", whole, splat(V16, 0))
    zero = b.icmp_unsigned("==", b.shl(whole, splat(V16, 1)), splat(V16, 0))
    less, more = (b.fcmp_ordered(sign, error, splat(VF32, 0.0)) for sign in "<>")
    one = splat(V16, 1)
    inward = b.select(negative, more, less)
    if mode == "rz":
        moved = b.select(inward, b.sub(whole, one), whole)
    else:
        wanted = less if mode == "rm" else more
        away = splat(V16, 0x8001 if mode == "rm" else 1)  # from zero
        moved = b.select(wanted, b.select(zero, away, b.select(inward, b.sub(whole, one), b.add(whole, one))), whole)
    return b.bitcast(moved, VHALF)


def from_half(b, x):
    return b.fpext(b.bitcast(x, VHALF), VF32)


def bfloat_bits(b, x, mode: str = "rn"):
    """float32 → the bits of a bfloat16, which are its upper half."""
    whole = bits(b, x)
    upper = b.lshr(whole, splat(V32, 16))
    if mode == "rn":
        tie = b.and_(upper, splat(V32, 1))
        rounded = b.lshr(b.add(whole, b.add(splat(V32, 0x7FFF), tie)), splat(V32, 16))
    elif mode == "rz":
        rounded = upper
    else:
        lost = b.icmp_unsigned("!=", b.and_(whole, splat(V32, 0xFFFF)), splat(V32, 0))
        negative = b.icmp_signed("<", whole, splat(V32, 0))
        outward = negative if mode == "rm" else b.not_(negative)
        finite = b.not_(is_infinite(b, x))
        rounded = b.select(b.and_(b.and_(lost, outward), finite), b.add(upper, splat(V32, 1)), upper)
    return b.trunc(b.select(is_nan(b, x), splat(V32, 0x7FFF), rounded), V16)


def from_bfloat(b, x):
    return real(b, b.shl(b.zext(x, V32), splat(V32, 16)))


NARROW = {"e": (half_bits, from_half), "g": (bfloat_bits, from_bfloat)}


def pairs(letter: str, emit: Callable[..., Any], to_bits: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """An operation on float16 (bfloat16), done to both halves of 32-bit rows."""
    narrow, wide = NARROW[letter]
    narrow = to_bits or narrow

    def both(b, *rows):
        low = narrow(b, emit(b, *(wide(b, b.trunc(row, V16)) for row in rows)))
        high = narrow(b, emit(b, *(wide(b, b.trunc(b.lshr(row, splat(V32, 16)), V16)) for row in rows)))
        return b.or_(b.zext(low, V32), b.shl(b.zext(high, V32), splat(V32, 16)))

    return both


def round_down_zero(b, x, y, result, error):
    """x + y = 0, exactly, is -0 where rounding goes down, unless both are +0."""
    signs = b.or_(bits(b, x), bits(b, y))
    negative = b.icmp_signed("<", signs, splat(signs.type, 0))
    zero = b.select(negative, splat(result.type, -0.0), splat(result.type, 0.0))
    return b.select(b.and_(is_zero(b, result), is_zero(b, error)), zero, result)


def directed_sum(mode: str, negate: bool = False):
    def emit(b, x, y):
        y = b.fneg(y) if negate else y
        if x.type == VF32:
            error = odd_sum(b, widen(b, x), widen(b, y))
            result = single(b, error, mode)
        else:
            total, error = two_sum(b, x, y)
            result = adjust(b, total, overflow_error(b, total, error, x, y), mode)
        return round_down_zero(b, x, y, result, error) if mode == "rm" else result

    return emit


def overflow_error(b, result, error, *operands):
    """The error's sign where finite operands overflowed: the exact value lies towards zero."""
    lost = is_infinite(b, result)
    for operand in operands:
        lost = b.and_(lost, b.fcmp_ordered("<", absolute(b, operand), splat(operand.type, math.inf)))
    return b.select(lost, b.fneg(result), error)


def directed(name: str, mode: str):
    """mul, div, sqrt, rcp and fma in a directed rounding mode."""

    def emit(b, *x):
        if x[0].type == VF32:
            wide = [widen(b, value) for value in x]
            if name != "fma":
                return single(b, EXACT[name](b, *wide)[0], mode)
            product = b.fmul(wide[0], wide[1])
            total = odd_sum(b, product, wide[2])
            result = single(b, total, mode)
            return round_down_zero(b, product, wide[2], result, total) if mode == "rm" else result
        result, error = EXACT[name](b, *x)
        result = adjust(b, result, error, mode)
        if (name, mode) == ("fma", "rm"):
            return round_down_zero(b, b.fmul(x[0], x[1]), x[2], result, error)
        return result

    return emit


# In float64: the nearest result and the sign of what it lost. Where that would be too small to be a number, all is
# scaled first.


def scaled(b, x, power: int):
    """x times a power of two that may itself be too large for a number."""
    for part in (power // 2, power - power // 2):
        x = b.fmul(x, splat(x.type, 2.0**part))
    return x


def below(b, x, power: int):
    return b.fcmp_ordered("<", absolute(b, x), splat(x.type, 2.0**power))


def lost_in_product(b, x, y, product):
    tiny = fma(b, scaled(b, x, 600), scaled(b, y, 600), b.fneg(scaled(b, product, 1200)))
    return b.select(below(b, product, -700), tiny, fma(b, x, y, b.fneg(product)))


def exact_mul(b, x, y):
    product = b.fmul(x, y)
    return product, overflow_error(b, product, lost_in_product(b, x, y, product), x, y)


def exact_sqrt(b, x):
    root = square_root(b, x)
    tiny_root, tiny = scaled(b, root, 100), scaled(b, x, 200)
    error = b.select(below(b, x, -800), fma(b, b.fneg(tiny_root), tiny_root, tiny), fma(b, b.fneg(root), root, x))
    return root, error


def exact_div(b, x, y):
    quotient = b.fdiv(x, y)
    tiny = fma(b, b.fneg(scaled(b, quotient, 200)), y, scaled(b, x, 200))
    rest = b.select(below(b, x, -700), tiny, fma(b, b.fneg(quotient), y, x))
    error = b.select(b.icmp_signed("<", bits(b, y), splat(V64, 0)), b.fneg(rest), rest)
    error = overflow_error(b, quotient, error, x, y)
    return quotient, b.select(is_zero(b, y), splat(VF64, 0.0), error)


def exact_fma(b, x, y, z):
    result = fma(b, x, y, z)

    def error(x, y, z, result):
        product = b.fmul(x, y)
        low, lowest = two_sum(b, z, fma(b, x, y, b.fneg(product)))
        high, rest = two_sum(b, product, low)
        return b.fadd(b.fadd(b.fsub(high, result), rest), lowest)

    product = b.fmul(x, y)
    small = b.and_(below(b, product, -700), below(b, z, -600))
    all_small = error(scaled(b, x, 600), scaled(b, y, 600), scaled(b, z, 1200), scaled(b, result, 1200))
    # A product too small to matter but for its sign, beside a large z.
    vanished = b.and_(below(b, product, -700), b.not_(small))
    sign = b.fadd(b.fsub(z, result), copy_sign(b, b.fmul(copy_one(b, x), copy_one(b, y)), splat(VF64, 2.0**-1000)))
    sign = b.select(b.or_(is_zero(b, x), is_zero(b, y)), splat(VF64, 0.0), sign)
    found = b.select(small, all_small, b.select(vanished, sign, error(x, y, z, result)))
    return result, overflow_error(b, result, found, x, y, z)


def copy_one(b, x):
    """1 with the sign of x."""
    return copy_sign(b, x, splat(x.type, 1.0))


EXACT: dict[str, Callable[..., Any]] = {
    "mul": exact_mul,
    "div": exact_div,
    "sqrt": exact_sqrt,
    "fma": exact_fma,
    "rcp": lambda b, x: exact_div(b, splat(x.type, 1.0), x),
}
