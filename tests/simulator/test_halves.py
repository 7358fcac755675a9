"""16-bit floating point, float16 and bfloat16, to the last bit where CUDA promises that."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from .expressions import Table, check, floats, integers, whole
from .rounding import MODES, TO_INTEGER, correctly, root
from .test_floats import greater, lesser, saturated, unchanged

pytestmark = pytest.mark.cuda


class Format(NamedTuple):
    name: str  # NumPy's, or what it would be
    storage: Any  # the dtype that holds its bits
    c_type: str
    short: str  # its part in the names of conversions
    value: Callable[[np.ndarray], np.ndarray]  # bits → numbers
    bits: int  # of precision


HALF = Format("float16", np.float16, "__half", "half", unchanged, 11)
BFLOAT = Format(
    "bfloat16", np.uint16, "__nv_bfloat16", "bfloat16", lambda x: (x.astype(np.uint32) << 16).view(np.float32), 8
)
HEADERS = "#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n"
# bfloat16 has all instructions from sm_90; before that the compiler makes do with fma.
TARGETS = pytest.mark.parametrize(
    ("format", "arch"), [(HALF, 80), (BFLOAT, 80), (BFLOAT, 90)], ids=["half-80", "bfloat-80", "bfloat-90"]
)


def check_format(format: Format, arch: int, tables, ulps=0, **inputs) -> None:
    """`check` with numbers of a format for `inputs` that hold its bits."""

    def of_values(function):
        return lambda *x: function(*(format.value(y) if y.dtype == format.storage else y for y in x))

    decoded = {dtype: {name: of_values(f) for name, f in table.items()} for dtype, table in tables.items()}
    pair = f"__device__ {format.c_type}2 pair({format.c_type} low, {format.c_type} high) {{ return {{low, high}}; }}\n"
    prelude = f"{HEADERS}typedef {format.c_type} T;\n{pair}"
    check(decoded, prelude, ulps, arch, {np.dtype(format.storage).name: format.c_type}, **inputs)


def operands(format: Format, count: int) -> list[np.ndarray]:
    """Samples of a format: any bits at all, and numbers of like size."""
    extreme = floats(np.float16, count, 1024)
    if format is HALF:
        return extreme
    generator = np.random.default_rng(8)
    ordinary = generator.normal(0, 4, (count, 512)).astype(np.float32).view(np.uint32) >> 16
    any_bits = generator.integers(0, 1 << 16, (count, 512), np.uint16)
    edges = [(x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16) for x in floats(np.float32, count, 2)]
    return [np.concatenate(columns) for columns in zip(edges, ordinary.astype(np.uint16), any_bits)]


def arithmetic(format: Format) -> Table:
    def rounded(function):
        return correctly(function, format.name, "rn")

    add, subtract = rounded(lambda a, b: a + b), rounded(lambda a, b: a - b)
    multiply, divide = rounded(lambda a, b: a * b), rounded(lambda a, b: a / b)
    fused = rounded(lambda a, b, c: a * b + c)
    scalar: Table = {
        "__hadd(a, b)": add,
        "__hsub(a, b)": subtract,
        "__hmul(a, b)": multiply,
        "__hdiv(a, b)": divide,
        "__hfma(a, b, c)": fused,
        "__hneg(a)": np.negative,
        "__habs(a)": np.abs,
        "a + b": add,
        "a - b": subtract,
        "a * b": multiply,
        "-a": np.negative,
        "__hmin(a, b)": lesser,
        "__hmax(a, b)": greater,
        "__hmin_nan(a, b)": lambda a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, lesser(a, b)),
        "__hmax_nan(a, b)": lambda a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, greater(a, b)),
        "__hadd_sat(a, b)": lambda a, b: saturated(add(a, b)),
        "__hmul_sat(a, b)": lambda a, b: saturated(multiply(a, b)),
        "__hfma_sat(a, b, c)": lambda a, b, c: saturated(fused(a, b, c)),
        "__hfma_relu(a, b, c)": lambda a, b, c: np.where(fused(a, b, c) <= 0, 0, fused(a, b, c)),
        "hfloor(a)": np.floor,
        "hceil(a)": np.ceil,
        "htrunc(a)": np.trunc,
        "hrint(a)": np.rint,
        "hsqrt(a)": rounded(root),
    }
    paired: Table = {}
    for name, function in {
        "__hadd2": add,
        "__hsub2": subtract,
        "__hmul2": multiply,
        "__hmin2": lesser,
        "__hmax2": greater,
        "__hadd2_sat": lambda a, b: saturated(add(a, b)),
        "__heq2": np.equal,
        "__hne2": lambda a, b: (a != b) & ~np.isnan(a) & ~np.isnan(b),
        "__hlt2": np.less,
        "__hgeu2": lambda a, b: ~(a < b),
    }.items():
        for call in (f"__low2float({name}(pair(a, c), pair(b, a)))", f"__high2float({name}(pair(c, a), pair(a, b)))"):
            paired[call] = lambda a, b, c, f=function: f(a, b)
    paired["__low2float(__hfma2(pair(a, b), pair(b, c), pair(c, a)))"] = fused
    paired["__high2float(__hfma2(pair(c, a), pair(a, b), pair(b, c)))"] = fused
    return {**scalar, **paired}


@TARGETS
def test_arithmetic(format, arch):
    a, b, c = operands(format, 3)
    check_format(format, arch, {np.float32: arithmetic(format)}, a=a, b=b, c=c)


@TARGETS
def test_comparisons(format, arch):
    a, b, c = operands(format, 3)
    a[::7] = b[::7]
    ordered = {"eq": np.equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
    ordered["ne"] = lambda a, b: (a != b) & ~np.isnan(a) & ~np.isnan(b)

    def unordered(f):
        return lambda a, b: f(a, b) | np.isnan(a) | np.isnan(b)

    truth: Table = {f"__h{name}(a, b)": f for name, f in ordered.items()}
    truth |= {f"__h{name}u(a, b)": unordered(f) for name, f in ordered.items()}
    truth |= {
        f"__hb{name}2(pair(a, b), pair(b, c))": lambda a, b, c, f=f: f(a, b) & f(b, c) for name, f in ordered.items()
    }
    truth |= {"__hisnan(a)": np.isnan, "__hisinf(a) != 0": np.isinf, "a < b": np.less, "a == b": np.equal}
    masks = {
        f"__h{name}2_mask(pair(a, b), pair(b, c))": lambda a, b, c, f=f: (
            np.uint32(0xFFFF) * f(a, b) | np.uint32(0xFFFF0000) * f(b, c)
        )
        for name, f in ordered.items()
    }
    check_format(format, arch, {bool: truth, np.uint32: masks}, a=a, b=b, c=c)


def between(format: Format) -> np.ndarray:
    """Numbers that lie between two of the format: in the middle, and just beside it."""
    every = np.arange(0, 0x7C00 if format is HALF else 0x7F80, 37, np.uint16)
    low, high = (format.value(x.view(format.storage)).astype(np.float64) for x in (every, every + 1))
    middle = np.where(np.isfinite(high), (low + high) / 2, low)
    middle = np.concatenate([middle, -middle])
    return np.concatenate([middle, middle * (1 + 2.0**-20), middle * (1 - 2.0**-20), floats(np.float32)[0]])


@TARGETS
def test_conversions(format, arch):
    """From float and double, and every number of the format to float."""
    x = between(format)
    every = np.arange(1 << 16, dtype=np.uint16).view(format.storage)
    check_format(format, arch, {np.float32: {"a": unchanged}, np.float64: {"(double)a": unchanged}}, a=every)
    table = {f"__float2{format.short}_{mode}(f)": correctly(unchanged, format.name, mode) for mode in MODES}
    nearest = correctly(unchanged, format.name, "rn")
    table |= {f"__double2{format.short}(d)": nearest, f"__low2float(__floats2{format.short}2_rn(f, -f))": nearest}
    check_format(format, arch, {np.float32: table}, f=x.astype(np.float32), d=x * (1 + 2.0**-50))


INTEGERS = {
    np.int16: "short",
    np.uint16: "ushort",
    np.int32: "int",
    np.uint32: "uint",
    np.int64: "ll",
    np.uint64: "ull",
}


@TARGETS
def test_from_integers(format, arch):
    inputs, table = {}, {}
    for dtype, name in INTEGERS.items():
        # uint16 is how bfloat16 itself gets in.
        inputs[f"x_{name}"] = integers(dtype if dtype != np.uint16 else np.uint32, 1)[0]
        cast = "(unsigned short)" if dtype == np.uint16 else ""
        for mode in MODES:
            exact = correctly(unchanged, format.name, mode)
            table[f"__{name}2{format.short}_{mode}({cast}x_{name})"] = lambda x, f=exact, t=dtype: f(x.astype(t))
    check_format(format, arch, {np.float32: table}, **inputs)


@TARGETS
def test_to_integers(format, arch):
    """Too large a number gives the nearest integer; NaN 0, or the top bit of 64 alone."""
    tables = {}
    for target, name in INTEGERS.items():
        if target == np.uint16:
            continue
        info = np.iinfo(target)

        def to_integer(x, to_whole, info=info):
            if math.isnan(x):
                return 1 << 63 if info.bits == 64 else 0
            return to_whole(min(max(x, int(info.min)), int(info.max)))

        functions = {
            f"__{format.short}2{name}_{mode}(a)": lambda x, f=TO_INTEGER[mode], g=to_integer: g(x, f) for mode in MODES
        }
        tables[target] = whole(target, functions)
    (a,) = operands(format, 1)
    check_format(format, arch, tables, a=a)


@TARGETS
def test_functions(format, arch):
    a = np.random.default_rng(9).uniform(0.01, 8, 512).astype(np.float32)
    a = a.astype(np.float16) if format is HALF else (a.view(np.uint32) >> 16).astype(np.uint16)
    exact = {
        "hexp(a)": np.exp,
        "hexp2(a)": np.exp2,
        "hexp10(a / T(2))": lambda a: 10 ** (a / 2),
        "hlog(a)": np.log,
        "hlog2(a)": np.log2,
        "hlog10(a)": np.log10,
        "hsin(a)": np.sin,
        "hcos(a)": np.cos,
        "hrsqrt(a)": lambda a: 1 / np.sqrt(a),
        "hsqrt(a)": np.sqrt,
        "hrcp(a)": lambda a: 1 / a,
        "htanh(a)": np.tanh,
        "__low2float(h2exp(pair(a, a)))": np.exp,
        "__high2float(h2rcp(pair(a, a)))": lambda a: 1 / a,
        "__low2float(__h2div(pair(a, a), pair(T(3), T(3))))": lambda a: a / 3,
    }
    table = {name: lambda a, f=f: f(a.astype(np.float64)) for name, f in exact.items()}
    check_format(format, arch, {np.float32: table}, 2 ** (24 - format.bits), a=a)
