"""Floating-point instructions, to the last bit, against exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest

from .expressions import Table, check, floats, instruction, integers, whole
from .rounding import MODES, TO_INTEGER, correctly, root

pytestmark = pytest.mark.cuda

REALS = (np.float32, np.float64)
# The operations that round as their names' endings say: CUDA's names, operands, the exact result, and the same
# written so that a sum of opposite numbers is −0, as it is when rounding down.
ROUNDED = (
    ("__fadd", "__dadd", "a, b", lambda a, b: a + b, lambda a, b: -(-a - b)),
    ("__fsub", "__dsub", "a, b", lambda a, b: a - b, lambda a, b: -(b - a)),
    ("__fmul", "__dmul", "a, b", lambda a, b: a * b, lambda a, b: a * b),
    ("__fdiv", "__ddiv", "a, b", lambda a, b: a / b, lambda a, b: a / b),
    ("__fmaf", "__fma", "a, b, c", lambda a, b, c: a * b + c, lambda a, b, c: -(-a * b - c)),
    ("__fsqrt", "__dsqrt", "a", root, root),
    ("__frcp", "__drcp", "a", lambda a: 1 / a, lambda a: 1 / a),
)


@pytest.mark.parametrize("dtype", REALS)
def test_rounding(dtype):
    a, b, c = floats(dtype, 3)
    # Sums that cancel, wholly or nearly.
    x = floats(dtype)[0]
    near = (1 - np.random.default_rng(3).integers(0, 3, x.size) * np.finfo(dtype).epsneg).astype(dtype)
    a, b, c = (np.concatenate(pair) for pair in ((a, x), (b, near), (c, -x)))
    table = {
        f"{names[dtype is np.float64]}_{mode}({operands})": correctly(
            down if mode == "rd" else exact, np.dtype(dtype).name, mode
        )
        for *names, operands, exact, down in ROUNDED
        for mode in MODES
    }
    check({dtype: table}, a=a, b=b, c=c)


def unchanged(x):
    return x


def test_rounding_of_conversions():
    """To float from double and from integers, to double from 64-bit integers."""
    (a,) = floats(np.float64)
    table = {f"__double2float_{mode}(a)": correctly(unchanged, "float32", mode) for mode in MODES}
    check({np.float32: table}, a=a)
    for dtype, name in ((np.int32, "int"), (np.uint32, "uint"), (np.int64, "ll"), (np.uint64, "ull")):
        (a,) = integers(dtype, 1)
        tables = {
            real: {f"__{name}2{c_name}_{mode}(a)": correctly(unchanged, np.dtype(real).name, mode) for mode in modes}
            for real, c_name, modes in (
                (np.float32, "float", MODES),
                (np.float64, "double", MODES if dtype().itemsize == 8 else ("rn",)),
            )
        }
        check(tables, a=a)


@pytest.mark.parametrize("dtype", REALS)
def test_to_integers(dtype):
    """Too large a number gives the nearest integer; NaN gives 0 from float to 32 bits, else the top bit alone."""
    (a,) = floats(dtype)
    source = "float" if dtype is np.float32 else "double"
    tables = {}
    for target, name in ((np.int32, "int"), (np.uint32, "uint"), (np.int64, "ll"), (np.uint64, "ull")):
        info = np.iinfo(target)
        nan = 0 if dtype is np.float32 and info.bits == 32 else 1 << info.bits - 1

        def to_integer(x, to_whole, info=info, nan=nan):
            return nan if math.isnan(x) else to_whole(min(max(x, int(info.min)), int(info.max)))

        functions = {
            f"__{source}2{name}_{mode}(a)": lambda x, f=TO_INTEGER[mode], g=to_integer: g(x, f) for mode in MODES
        }
        tables[target] = whole(target, functions)
    check(tables, a=a)


def lesser(a, b):
    """The number where the other is NaN; −0 is less than 0."""
    zeros = np.where(np.signbit(a) | np.signbit(b), -0.0, 0.0)
    return np.where((a == 0) & (b == 0), zeros, np.fmin(a, b))


def greater(a, b):
    return -lesser(-a, -b)


def away(a):
    """The nearest integer, halves away from zero."""
    rest = a - np.trunc(a)
    return np.copysign(np.trunc(a) + np.where(np.abs(rest) >= 0.5, np.sign(a), 0), a)


def remainder(a, b):
    def one(x, y):
        return math.nan if math.isnan(x) or math.isnan(y) or math.isinf(x) or y == 0 else math.remainder(x, y)

    return np.array([one(x, y) for x, y in zip(a.tolist(), b.tolist())])


def saturated(a):
    return np.where(a > 0, np.minimum(a, 1), 0)


EXACT: Table = {
    "a + b": np.add,
    "a - b": np.subtract,
    "a * b": np.multiply,
    "a / b": np.divide,
    "-a": np.negative,
    "sqrt(a)": np.sqrt,
    "fabs(a)": np.abs,
    "copysign(a, b)": np.copysign,
    "fmin(a, b)": lesser,
    "fmax(a, b)": greater,
    "fdim(a, b)": lambda a, b: np.where(a > b, a - b, np.where(a <= b, 0, np.nan)),
    "a < b ? a : b": lambda a, b: np.where(a < b, a, b),
    "floor(a)": np.floor,
    "ceil(a)": np.ceil,
    "trunc(a)": np.trunc,
    "rint(a)": np.rint,
    "nearbyint(a)": np.rint,
    "round(a)": away,
    "fmod(a, b)": np.fmod,
    "remainder(a, b)": remainder,
    "nextafter(a, b)": np.nextafter,
    "ldexp(a, 3)": lambda a: np.ldexp(a, 3),
    "scalbn(a, -7)": lambda a: np.ldexp(a, -7),
    "mantissa(a)": lambda a: np.frexp(a)[0],
    "fraction(a)": lambda a: np.where(np.isinf(a), np.copysign(0, a), np.copysign(np.modf(a)[0], a)),
    "whole_part(a)": np.trunc,
    "logb(a)": lambda a: np.where(a == 0, -np.inf, np.where(np.isfinite(a), np.frexp(a)[1] - 1.0, np.abs(a))),
}
TRUTH: Table = {
    "a < b": np.less,
    "a <= b": np.less_equal,
    "a == b": np.equal,
    "a != b": np.not_equal,
    "a >= b": np.greater_equal,
    "a > b": np.greater,
    "!(a < b)": lambda a, b: ~(a < b),
    "!(a <= b)": lambda a, b: ~(a <= b),
    "!(a > b)": lambda a, b: ~(a > b),
    "!(a >= b)": lambda a, b: ~(a >= b),
    "a < b || a > b": lambda a, b: (a < b) | (a > b),
    "isnan(a)": np.isnan,
    "isinf(a)": np.isinf,
    "isfinite(a)": np.isfinite,
    "signbit(a)": np.signbit,
    "isnan(a) || isnan(b)": lambda a, b: np.isnan(a) | np.isnan(b),
    "a ? true : false": lambda a: a != 0,
}
PARTS = """
template <class T> __device__ T mantissa(T x) { int exponent; return frexp(x, &exponent); }
template <class T> __device__ T fraction(T x) { T whole; return modf(x, &whole); }
template <class T> __device__ T whole_part(T x) { T whole; modf(x, &whole); return whole; }
"""


@pytest.mark.parametrize("dtype", REALS)
def test_exact(dtype):
    a, b = floats(dtype, 2)
    fused = correctly(lambda a, b, c: a * b + c, np.dtype(dtype).name, "rn")
    c = np.roll(a, 1)
    check({dtype: {**EXACT, "fma(a, b, c)": fused}, bool: TRUTH}, PARTS, a=a, b=b, c=c)
    # Where the product isn't wanted by itself, the compiler makes it and the sum one instruction.
    check({dtype: {"a * b + c": fused}}, a=a, b=b, c=c)


OPCODES = ("min.NaN", "max.NaN", "add.ftz", "mul.ftz", "mul.sat", "set.lt.f32", "set.nan.f32", "copysign")
ONLY_FLOAT = "".join(instruction(f"{opcode}.f32", "f32 f32 f32", opcode.replace(".", "_") + "_") for opcode in OPCODES)


def flushed(x):
    """Denormals become zeros."""
    return np.where(np.abs(x) < np.finfo(np.float32).tiny, np.copysign(np.float32(0), x), x)


def test_float():
    table = {
        "__saturatef(a)": saturated,
        "__int_as_float(__float_as_int(a) ^ 1)": lambda a: (a.view(np.int32) ^ 1).view(np.float32),
        "min_NaN_(a, b)": lambda a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, lesser(a, b)),
        "max_NaN_(a, b)": lambda a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, greater(a, b)),
        "add_ftz_(a, b)": lambda a, b: flushed(flushed(a) + flushed(b)),
        "mul_ftz_(a, b)": lambda a, b: flushed(flushed(a) * flushed(b)),
        "mul_sat_(a, b)": lambda a, b: saturated(a * b),
        "set_lt_f32_(a, b)": np.less,
        "set_nan_f32_(a, b)": lambda a, b: np.isnan(a) | np.isnan(b),
        "copysign_(b, a)": np.copysign,
    }
    a, b = floats(np.float32, 2)
    check({np.float32: table}, ONLY_FLOAT, a=a, b=b)


def test_double():
    a, b = floats(np.float64, 2)
    bits = {
        "__double_as_longlong(a)": lambda a: a.view(np.int64),
        "__double_as_longlong(__hiloint2double(__double2loint(a), __double2hiint(a)))": lambda a: (
            a.view(np.uint64) << 32 | a.view(np.uint64) >> 32
        ).view(np.int64),
    }
    check({np.int64: bits, np.float64: {"(double)(float)a": lambda a: a.astype(np.float32)}}, a=a, b=b)
    check({np.float64: {"a": unchanged}}, a=floats(np.float32)[0])


def test_casts():
    """C's casts cut off what follows the point."""
    a = np.random.default_rng(4).uniform(-128, 128, 256)
    for real in REALS:
        tables = {f"int{n}": {"a": lambda a, n=n: a.astype(f"int{n}")} for n in (8, 16, 32, 64)}
        tables |= {f"uint{n}": {"fabs(a)": lambda a, n=n: np.abs(a).astype(f"uint{n}")} for n in (8, 16, 32, 64)}
        check(tables, a=a.astype(real))


def test_the_exact_arithmetic_itself():
    """The tests' own rounding, where NumPy knows the answer."""
    for kind in ("float16", "float32", "float64"):
        a, b = (x.astype(np.float64) for x in floats(kind, 2))
        for function in (lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a / b):
            found = correctly(function, kind, "rn")(a.astype(kind), b.astype(kind))
            np.testing.assert_array_equal(found, function(a.astype(kind), b.astype(kind)))
    assert correctly(unchanged, "bfloat16", "ru")(np.array([1 + 2.0**-20])) == 1 + 2.0**-7
    assert root(Fraction(9, 4)) == Fraction(3, 2)
