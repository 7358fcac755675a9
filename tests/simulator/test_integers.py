"""Integer instructions against Python's integers."""

from functools import partial

import numpy as np
import pytest

from .expressions import check, evaluate, instruction, integers, whole

pytestmark = pytest.mark.cuda

TYPES = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64)


def quotient(a, b):
    """C's division rounds toward zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def remainder(a, b):
    return a - quotient(a, b) * b


@pytest.mark.parametrize("dtype", TYPES)
def test_operators(dtype):
    bits = np.iinfo(dtype).bits
    a, b = integers(dtype)
    divisor = np.where(b == 0, 1, b).astype(dtype)
    same = {
        "a + b": lambda a, b: a + b,
        "a - b": lambda a, b: a - b,
        "a * b": lambda a, b: a * b,
        "a / d": quotient,
        "a % d": remainder,
        "a & b": lambda a, b: a & b,
        "a | b": lambda a, b: a | b,
        "a ^ b": lambda a, b: a ^ b,
        "~a": lambda a: ~a,
        "-a": lambda a: -a,
        f"a << (b & {bits - 1})": lambda a, b: a << (b & bits - 1),
        f"a >> (b & {bits - 1})": lambda a, b: a >> (b & bits - 1),
        "a < b ? a : b": min,
        "a > b ? a : b": max,
        "a < 0 ? -a : a": abs,
        "a * b + a": lambda a, b: a * b + a,
        "a / 7": lambda a: quotient(a, 7),
        "a % 10": lambda a: remainder(a, 10),
        "a / 16": lambda a: quotient(a, 16),
    }
    truth = {
        "a < b": np.less,
        "a <= b": np.less_equal,
        "a == b": np.equal,
        "a != b": np.not_equal,
        "a >= b": np.greater_equal,
        "a > b": np.greater,
        "!a": np.logical_not,
        "a && b": np.logical_and,
        "a || b": np.logical_or,
        "a < b && b != 31 || a == b": lambda a, b: (a < b) & (b != 31) | (a == b),
    }
    check({dtype: whole(dtype, same), bool: truth}, a=a, b=b, d=divisor)


@pytest.mark.parametrize("dtype", TYPES)
def test_conversions(dtype):
    """To every other type: the low bits, extended by the sign of the type converted from."""
    (a,) = integers(dtype, 1)
    tables = {other: {"a + 0": lambda a, other=other: a.astype(other)} for other in TYPES}
    tables |= {real: {"a + 0": lambda a, real=real: a.astype(real)} for real in (np.float32, np.float64)}
    check(tables, a=a)


def test_division_by_zero_goes_on():
    """What it gives is undefined, but neither it nor the overflow of −2³¹ / −1 is an error."""
    for dtype in TYPES:
        lowest = np.iinfo(dtype).min
        a, b = np.array([1, 0, lowest, lowest], dtype), np.array([0, 0, 0, dtype(0) - dtype(1)], dtype)
        evaluate([("a / b", dtype), ("a % b", dtype)], {"a": a, "b": b})


def bytes_of(function, signed=False, size=8):
    """A function of two numbers → the function of the `size`-bit parts of two words."""

    def of_words(*words):
        result = 0
        for at in range(0, 32, size):
            parts = [part(word, at, size, signed) for word in words]
            result |= (int(function(*parts)) & (1 << size) - 1) << at
        return result

    return of_words


def part(word, at, size, signed=False):
    value = word >> at & (1 << size) - 1
    return value - (1 << size) if signed and value >> size - 1 else value


def bits_of(word, count=32):
    return f"{word & (1 << count) - 1:0{count}b}"


def leading_zeros(word, count):
    return count - (word & (1 << count) - 1).bit_length()


def first_set(word):
    """The lowest bit's number from one; 0 where there is none."""
    return (word & -word).bit_length()


def permuted(a, b, selector):
    eight = (b & 0xFFFFFFFF) << 32 | a & 0xFFFFFFFF
    return sum((eight >> 8 * part(selector, 4 * k, 3) & 255) << 8 * k for k in range(4))


def funnel(high, low, shift, left):
    whole = (high & 0xFFFFFFFF) << 32 | low & 0xFFFFFFFF
    return whole << shift >> 32 if left else whole >> shift


def dot(a, b, c, signed):
    return c + sum(part(a, 8 * k, 8, signed) * part(b, 8 * k, 8, signed) for k in range(4))


UNSIGNED = {
    "__umulhi(a, b)": lambda a, b: a * b >> 32,
    "__umul24(a, b)": lambda a, b: (a & 0xFFFFFF) * (b & 0xFFFFFF),
    "__popc(a)": lambda a: a.bit_count(),
    "__clz(a)": lambda a: leading_zeros(a, 32),
    "__ffs(a)": first_set,
    "__brev(a)": lambda a: int(bits_of(a)[::-1], 2),
    "__byte_perm(a, b, c)": permuted,
    "__funnelshift_l(a, b, c)": lambda a, b, c: funnel(b, a, c % 32, True),
    "__funnelshift_r(a, b, c)": lambda a, b, c: funnel(b, a, c % 32, False),
    "__funnelshift_lc(a, b, c)": lambda a, b, c: funnel(b, a, min(c, 32), True),
    "__funnelshift_rc(a, b, c)": lambda a, b, c: funnel(b, a, min(c, 32), False),
    "__usad(a, b, c)": lambda a, b, c: abs(a - b) + c,
    "__uhadd(a, b)": lambda a, b: a + b >> 1,
    "__urhadd(a, b)": lambda a, b: a + b + 1 >> 1,
    "__dp4a(a, b, c)": partial(dot, signed=False),
    "min(a, b)": min,
    "max(a, b)": max,
    "umin(a, b) * c + a": lambda a, b, c: min(a, b) * c + a,
    "a * (unsigned)3000000000 + b": lambda a, b: a * 3000000000 + b,
    "__vadd4(a, b)": bytes_of(lambda x, y: x + y),
    "__vsub4(a, b)": bytes_of(lambda x, y: x - y),
    "__vadd2(a, b)": bytes_of(lambda x, y: x + y, size=16),
    "__vmaxu4(a, b)": bytes_of(max),
    "__vmins4(a, b)": bytes_of(min, signed=True),
    "__vmaxs2(a, b)": bytes_of(max, signed=True, size=16),
    "__vcmpgtu4(a, b)": bytes_of(lambda x, y: -(x > y)),
    "__vcmpeq4(a, b)": bytes_of(lambda x, y: -(x == y)),
    "__vseteq4(a, b)": bytes_of(lambda x, y: x == y),
    "__vavgu4(a, b)": bytes_of(lambda x, y: x + y + 1 >> 1),
    "__vneg4(a)": bytes_of(lambda x: -x),
}
SIGNED = {
    "__mulhi(a, b)": lambda a, b: a * b >> 32,
    "__mul24(a, b)": lambda a, b: part(a, 0, 24, True) * part(b, 0, 24, True),
    "__sad(a, b, c)": lambda a, b, c: abs(a - b) + c,
    "__hadd(a, b)": lambda a, b: a + b >> 1,
    "__rhadd(a, b)": lambda a, b: a + b + 1 >> 1,
    "__dp4a(a, b, c)": partial(dot, signed=True),
    "__popc(a)": lambda a: bits_of(a).count("1"),
    "__clz(a)": lambda a: leading_zeros(a, 32),
    "__ffs(a)": first_set,
    "abs(a)": abs,
    "min(a, b)": min,
    "max(a, b)": max,
    "(a ^ b) & c | ~a": lambda a, b, c: (a ^ b) & c | ~a,
}
LONG = {
    "__mul64hi(a, b)": lambda a, b: a * b >> 64,
    "__popcll(a)": lambda a: bits_of(a, 64).count("1"),
    "__clzll(a)": lambda a: leading_zeros(a, 64),
    "__ffsll(a)": first_set,
    "(long long)__brevll(a)": lambda a: int(bits_of(a, 64)[::-1], 2),
    "llabs(a)": abs,
    "min(a, b)": min,
    "max(a, b)": max,
    "(long long)(int)a * (int)b": lambda a, b: part(a, 0, 32, True) * part(b, 0, 32, True),
    "(long long)(int)a * (int)b + a": lambda a, b: part(a, 0, 32, True) * part(b, 0, 32, True) + a,
    "(unsigned long long)(unsigned)a * (unsigned)b": lambda a, b: part(a, 0, 32) * part(b, 0, 32),
}
UNSIGNED_LONG = {"__umul64hi(a, b)": lambda a, b: a * b >> 64, "min(a, b)": min, "max(a, b)": max}


@pytest.mark.parametrize(
    ("dtype", "table"), [(np.uint32, UNSIGNED), (np.int32, SIGNED), (np.int64, LONG), (np.uint64, UNSIGNED_LONG)]
)
def test_intrinsics(dtype, table):
    a, b, c = integers(dtype, 3)
    check({dtype: whole(dtype, table)}, a=a, b=b, c=c)


def field(a, start, length):
    """Bits of a number that goes on for ever as its sign says."""
    start, length = start & 255, length & 255
    return a >> start & (1 << length) - 1


def signed_field(a, start, length):
    bits, length = field(a, start, length), length & 255
    return bits - (1 << length) if length and bits >> length - 1 else bits


def inserted(a, b, start, length, size):
    start, length = start & 255, length & 255
    mask = (1 << length) - 1 << start & (1 << size) - 1
    return a << start & mask | b & ~mask


def highest_set(a, size):
    """The highest bit that differs from the sign."""
    a = ~a if a < 0 else a
    return a.bit_length() - 1 if a else (1 << size) - 1


def shifted_left(a, b, size):
    return a << b if b < size else 0


PTX = {
    "bfe.u32": ("u32 u32 u32 u32", field),
    "bfe.s32": ("s32 s32 u32 u32", signed_field),
    "bfi.b32": ("u32 u32 u32 u32 u32", partial(inserted, size=32)),
    "shl.b32": ("u32 u32 u32", partial(shifted_left, size=32)),
    "shr.u32": ("u32 u32 u32", lambda a, b: a >> b),
    "shr.s32": ("s32 s32 u32", lambda a, b: a >> b),
    "slct.u32.s32": ("u32 u32 u32 s32", lambda a, b, c: a if c >= 0 else b),
    "bfind.u32": ("u32 u32", partial(highest_set, size=32)),
    "bfind.s32": ("u32 s32", partial(highest_set, size=32)),
    "mad.hi.u32": ("u32 u32 u32 u32", lambda a, b, c: (a * b >> 32) + c),
    "mad.hi.s32": ("s32 s32 s32 s32", lambda a, b, c: (a * b >> 32) + c),
    "sad.u32": ("u32 u32 u32 u32", lambda a, b, c: abs(a - b) + c),
    "cnot.b32": ("u32 u32", lambda a: a == 0),
    "prmt.b32": ("u32 u32 u32 u32", lambda a, b, c: with_signs(a, b, c)),
    "dp2a.lo.s32.s32": ("s32 s32 s32 s32", lambda a, b, c: halves_by_bytes(a, b, c, 0)),
    "dp2a.hi.s32.s32": ("s32 s32 s32 s32", lambda a, b, c: halves_by_bytes(a, b, c, 16)),
}


def with_signs(a, b, selector):
    """Bytes chosen from eight; bit 3 of a choice asks for copies of the byte's sign instead."""
    result = permuted(a, b, selector)
    for k in range(4):
        if selector >> 4 * k & 8:
            result = result & ~(255 << 8 * k) | (255 if result >> 8 * k & 128 else 0) << 8 * k
    return result


def halves_by_bytes(a, b, c, at):
    return c + sum(part(a, 16 * k, 16, True) * part(b, at + 8 * k, 8, True) for k in range(2))


PTX_LONG = {
    "bfe.u64": ("u64 u64 u32 u32", field),
    "bfe.s64": ("s64 s64 u32 u32", signed_field),
    "bfi.b64": ("u64 u64 u64 u32 u32", partial(inserted, size=64)),
    "shl.b64": ("u64 u64 u32", partial(shifted_left, size=64)),
    "shr.u64": ("u64 u64 u32", lambda a, b: a >> b),
    "shr.s64": ("s64 s64 u32", lambda a, b: a >> b),
    "bfind.u64": ("u32 u64", partial(highest_set, size=32)),
    "bfind.s64": ("u32 s64", partial(highest_set, size=32)),
    "mad.lo.u64": ("u64 u64 u64 u64", lambda a, b, c: a * b + c),
    "mad.hi.s64": ("s64 s64 s64 s64", lambda a, b, c: (a * b >> 64) + c),
    "mad.wide.u32": ("u64 u32 u32 u64", lambda a, b, c: a * b + c),
    "mad.wide.s32": ("s64 s32 s32 s64", lambda a, b, c: a * b + c),
    "mul.wide.s32": ("s64 s32 s32", lambda a, b: a * b),
    "sad.s64": ("s64 s64 s64 s64", lambda a, b, c: abs(a - b) + c),
}


def cut(value, kind):
    """A Python integer as a PTX type holds it."""
    bits = int(kind[1:])
    return part(value, 0, bits, kind[0] == "s")


@pytest.mark.parametrize(("dtype", "table"), [(np.uint32, PTX), (np.uint64, PTX_LONG)])
def test_ptx(dtype, table):
    a, b, c, d = integers(dtype, 4)
    start, length = b % 80, c % 80  # most shifts and fields near the registers' width
    functions, expected = [], {}
    for opcode, (types, function) in table.items():
        name, words = opcode.replace(".", "_"), types.split()
        functions.append(instruction(opcode, types))

        def of_cut(*numbers, function=function, words=words):
            return function(*map(cut, numbers, words[1:]))

        for operands in (("a", "b", "c", "d"), ("a", "start", "length"), ("a", "b", "start", "length")):
            if len(operands) >= len(words) - 1:
                expected[f"{name}({', '.join(operands[: len(words) - 1])})"] = of_cut
    check({dtype: whole(dtype, expected)}, "".join(functions), a=a, b=b, c=c, d=d, start=start, length=length)


def test_any_logic_of_three():
    """lop3's number is its truth table: bit 4 a + 2 b + c is the result."""

    def logic(number, *words):
        columns = zip(*(bits_of(word) for word in words))
        return int("".join(bits_of(number, 8)[::-1][int("".join(column), 2)] for column in columns), 2)

    numbers = (0x80, 0xFE, 0x96, 0xE8, 0xCA, 0x1D, 0x01)
    a, b, c = integers(np.uint32, 3, 64)
    functions = [instruction("lop3.b32", "u32 u32 u32 u32", f"logic{n}", f", {n}") for n in numbers]
    table = {f"logic{number}(a, b, c)": partial(logic, number) for number in numbers}
    check({np.uint32: whole(np.uint32, table)}, "".join(functions), a=a, b=b, c=c)
    assert logic(0xE8, 3, 5, 6) == 7  # the majority of three


CHAINS = """
struct Wide { unsigned long long low, high; };

__device__ Wide add(Wide x, Wide y) {
    asm("add.cc.u64 %0, %0, %2; addc.u64 %1, %1, %3;" : "+l"(x.low), "+l"(x.high) : "l"(y.low), "l"(y.high));
    return x;
}

__device__ Wide subtract(Wide x, Wide y) {
    asm("sub.cc.u64 %0, %0, %2; subc.u64 %1, %1, %3;" : "+l"(x.low), "+l"(x.high) : "l"(y.low), "l"(y.high));
    return x;
}

__device__ Wide add_words(Wide x, Wide y) {
    asm("{ .reg .u32 a0, a1, a2, a3, b0, b1, b2, b3;"
        "mov.b64 {a0, a1}, %0; mov.b64 {a2, a3}, %1; mov.b64 {b0, b1}, %2; mov.b64 {b2, b3}, %3;"
        "add.cc.u32 a0, a0, b0; addc.cc.u32 a1, a1, b1; addc.cc.u32 a2, a2, b2; addc.u32 a3, a3, b3;"
        "mov.b64 %0, {a0, a1}; mov.b64 %1, {a2, a3}; }" : "+l"(x.low), "+l"(x.high) : "l"(y.low), "l"(y.high));
    return x;
}

// (x.low · y.low) + y, all 128 bits of the product
__device__ Wide multiply_add(Wide x, Wide y) {
    Wide z;
    asm("mad.lo.cc.u64 %0, %2, %3, %3; madc.hi.u64 %1, %2, %3, %4;"
        : "=&l"(z.low), "=&l"(z.high) : "l"(x.low), "l"(y.low), "l"(y.high));
    return z;
}
"""


def test_carries():
    """Sums of 128 bits, in two parts of 64 bits or four of 32."""
    table = {
        "add": lambda x, y: x + y,
        "subtract": lambda x, y: x - y,
        "add_words": lambda x, y: x + y,
        "multiply_add": lambda x, y: (x & 2**64 - 1) * (y & 2**64 - 1) + y,
    }
    expected = {
        f"{name}({{a, b}}, {{c, d}}).{word}": lambda a, b, c, d, f=f, at=at: f(b << 64 | a, d << 64 | c) >> at
        for name, f in table.items()
        for word, at in (("low", 0), ("high", 64))
    }
    a, b, c, d = integers(np.uint64, 4)
    check({np.uint64: whole(np.uint64, expected)}, CHAINS, a=a, b=b, c=c, d=d)
