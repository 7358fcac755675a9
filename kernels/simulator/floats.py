"""Floating-point operations and conversions, on 32 lanes at once, rounded as CUDA rounds."""

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from .lanes import (
    OPERATIONS,
    SIGNS,
    TYPES,
    V32,
    V64,
    VF32,
    VF64,
    absolute,
    bits,
    call,
    copy_sign,
    define,
    fma,
    intrinsic,
    is_infinite,
    is_nan,
    method,
    real,
    splat,
    square_root,
    suffix,
    widen,
)
from .rounding import (
    NARROW,
    adjust,
    directed,
    directed_sum,
    odd_single,
    odd_sum,
    pairs,
    single,
    to_odd,
)


def extreme(largest: bool, keep_nan: bool = False):
    """min and max: a NaN yields to a number unless `keep_nan`; -0 lies below +0."""

    def emit(b, x, y):
        first = b.fcmp_ordered(">" if largest else "<", x, y)
        other = b.fcmp_ordered("<" if largest else ">", x, y)
        same = real(b, (b.and_ if largest else b.or_)(bits(b, x), bits(b, y)))  # equal: they differ in sign at most
        found = b.select(first, x, b.select(other, y, same))
        if keep_nan:
            missing = splat(x.type, math.nan)
            return b.select(b.fcmp_unordered("uno", x, y), missing, found)
        found = b.select(is_nan(b, x), y, found)
        return b.select(is_nan(b, y), b.select(is_nan(b, x), splat(x.type, math.nan), x), found)

    return emit


def saturate(b, x):
    """To [0, 1], NaN to 0."""
    return extreme(False)(b, extreme(True)(b, x, splat(x.type, 0.0)), splat(x.type, 1.0))


def relu(b, x):
    """To 0 from below; a NaN stays."""
    return extreme(True, True)(b, x, splat(VF32, 0.0))


def flush(b, x):
    """Denormals to zeros of their sign."""
    tiny = b.fcmp_ordered("<", absolute(b, x), splat(x.type, 2.0**-126))
    return b.select(tiny, copy_sign(b, x, splat(x.type, 0.0)), x)


def power_of_two(b, x):
    """2^x to 1 ulp: the integer part goes into the exponent, a polynomial takes the rest (Taylor, |f| ≤ 1/2)."""
    near = extreme(False)(b, extreme(True)(b, x, splat(VF32, -200.0)), splat(VF32, 200.0))
    whole = intrinsic("nearbyint")(b, near)
    rest = b.fsub(near, whole)
    value = splat(VF32, math.log(2) ** 7 / math.factorial(7))
    for k in range(6, -1, -1):
        value = fma(b, value, rest, splat(VF32, math.log(2) ** k / math.factorial(k)))
    exponent = b.fptosi(whole, V32)
    first = b.ashr(exponent, splat(V32, 1))  # in two steps: 2^-149 has no exponent of its own

    def scale(e):
        return real(b, b.shl(b.add(e, splat(V32, 127)), splat(V32, 23)))

    value = b.fmul(b.fmul(value, scale(first)), scale(b.sub(exponent, first)))
    return b.select(is_nan(b, x), x, value)


def hyperbolic_tangent(b, x):
    """1 - 2 / (e^2x + 1); for small |x|, x - x³/3 + 2x⁵/15 - 17x⁷/315."""
    power = power_of_two(b, b.fmul(x, splat(VF32, 2 / math.log(2))))
    large = b.fsub(splat(VF32, 1.0), b.fdiv(splat(VF32, 2.0), b.fadd(power, splat(VF32, 1.0))))
    square = b.fmul(x, x)
    series = splat(VF32, -17 / 315)
    for term in (2 / 15, -1 / 3, 1.0):
        series = fma(b, series, square, splat(VF32, term))
    return b.select(b.fcmp_ordered("<", absolute(b, x), splat(VF32, 0.2)), b.fmul(x, series), large)


def reciprocal(b, x):
    return b.fdiv(splat(x.type, 1.0), x)


def reciprocal_root(b, x):
    if x.type == VF32:
        return b.fptrunc(reciprocal(b, square_root(b, widen(b, x))), VF32)
    return reciprocal(b, square_root(b, x))


def kind_of(test: str):
    """testp: which kind of number it is."""

    def emit(b, x):
        size = absolute(b, x)
        smallest = splat(x.type, 2.0**-126 if x.type == VF32 else 2.0**-1022)
        infinite = splat(x.type, math.inf)
        if test == "finite":
            return b.fcmp_ordered("<", size, infinite)
        if test == "infinite":
            return b.fcmp_ordered("==", size, infinite)
        if test == "number":
            return b.fcmp_ordered("ord", x, x)
        if test == "notanumber":
            return b.fcmp_unordered("uno", x, x)
        if test == "normal":
            return b.and_(b.fcmp_ordered(">=", size, smallest), b.fcmp_ordered("<", size, infinite))
        return b.and_(b.fcmp_ordered("<", size, smallest), b.fcmp_ordered(">", size, splat(x.type, 0.0)))

    return emit


def fused(letter: str):
    """fma of float16 or bfloat16, rounded once: the product is exact in float64, the sum is rounded to odd."""
    del letter

    def emit(b, x, y, z):
        product = b.fmul(widen(b, x), widen(b, y))
        return odd_single(b, odd_sum(b, product, widen(b, z)))

    return emit


UNARY = {"neg": method("fneg"), "abs": absolute, "sqrt": square_root, "rcp": reciprocal, "rsqrt": reciprocal_root}
BINARY = {"add": method("fadd"), "sub": method("fsub"), "mul": method("fmul"), "div": method("fdiv")}
BINARY |= {"min": extreme(False), "max": extreme(True), "min.NaN": extreme(False, True), "max.NaN": extreme(True, True)}
APPROXIMATE = {"ex2": power_of_two, "tanh": hyperbolic_tangent, "lg2": intrinsic("log2")}
APPROXIMATE |= {"sin": intrinsic("sin"), "cos": intrinsic("cos")}
ROUNDED = {"rni": "nearbyint", "rzi": "trunc", "rmi": "floor", "rpi": "ceil"}
DIRECTIONS = ("rz", "rm", "rp")

for letter, width in (("f", "f32"), ("d", "f64")):
    for name, emit in UNARY.items():
        define(f"{name}.{width}", letter, letter, emit)
    for name, emit in BINARY.items():
        define(f"{name}.{width}", letter, letter * 2, emit)
    define(f"fma.{width}", letter, letter * 3, fma)
    define(f"copysign.{width}", letter, letter * 2, copy_sign)
    define(f"sat.{width}", letter, letter, saturate)
    for mode in DIRECTIONS:
        define(f"add.{mode}.{width}", letter, letter * 2, directed_sum(mode))
        define(f"sub.{mode}.{width}", letter, letter * 2, directed_sum(mode, negate=True))
        for name, operands in (("mul", 2), ("div", 2), ("sqrt", 1), ("rcp", 1), ("fma", 3)):
            define(f"{name}.{mode}.{width}", letter, letter * operands, directed(name, mode))
    for mode, name in ROUNDED.items():
        define(f"round.{mode}.{width}", letter, letter, intrinsic(name))
    for test in ("finite", "infinite", "number", "notanumber", "normal", "subnormal"):
        define(f"testp.{test}.{width}", "p", letter, kind_of(test))
for name, emit in APPROXIMATE.items():
    define(f"{name}.f32", "f", "f", emit)
for letter, width in (("f", "f32"), ("d", "f64"), ("e", "f16"), ("g", "bf16")):
    for name, spelled in SIGNS.items():
        define(f"setp.{name}.{width}", "p", letter * 2, lambda b, x, y, s=spelled: b.fcmp_ordered(s, x, y))
        define(f"setp.{name}u.{width}", "p", letter * 2, lambda b, x, y, s=spelled: b.fcmp_unordered(s, x, y))
    define(f"setp.num.{width}", "p", letter * 2, lambda b, x, y: b.fcmp_ordered("ord", x, y))
    define(f"setp.nan.{width}", "p", letter * 2, lambda b, x, y: b.fcmp_unordered("uno", x, y))
for letter, width in (("e", "f16"), ("g", "bf16")):
    for name in ("add", "sub", "mul", "min", "max", "min.NaN", "max.NaN"):
        define(f"{name}.{width}", letter, letter * 2, BINARY[name])
        define(f"{name}.{width}x2", "i", "ii", pairs(letter, BINARY[name]))
    for name in ("sqrt", "rcp", "rsqrt"):
        define(f"{name}.{width}", letter, letter, UNARY[name])
    for name in APPROXIMATE:
        define(f"{name}.{width}", letter, letter, APPROXIMATE[name])
    define(f"fma.{width}", letter, letter * 3, fused(letter))
    define(f"fma.{width}x2", "i", "iii", pairs(letter, fused(letter)))
    define(f"sat.{width}", letter, letter, saturate)
    define(f"sat.{width}x2", "i", "i", pairs(letter, saturate))
    define(f"relu.{width}", letter, letter, relu)
    define(f"relu.{width}x2", "i", "i", pairs(letter, relu))
    for mode in ROUNDED:
        define(f"round.{mode}.{width}", letter, letter, intrinsic(ROUNDED[mode]))
    define(f"cvt.f32.{width}", "f", letter, lambda b, x: x)
    define(f"cvt.f64.{width}", "d", letter, lambda b, x: widen(b, x))
    narrow = NARROW[letter][0]
    for mode in ("rn", *DIRECTIONS):
        define(f"cvt.{mode}.{width}.f32", "h", "f", lambda b, x, n=narrow, m=mode: n(b, x, m))
        define(f"cvt.{mode}.{width}.f64", "h", "d", lambda b, x, n=narrow, m=mode: n(b, odd_single(b, x), m))
        define(
            f"cvt.{mode}.{width}x2.f32",
            "i",
            "ff",
            lambda b, x, y, n=narrow, m=mode: b.or_(
                b.zext(n(b, y, m), V32), b.shl(b.zext(n(b, x, m), V32), splat(V32, 16))
            ),
        )
for letter, width, sign in (("h", "16", 0x8000), ("i", "16x2", 0x80008000)):
    kind = TYPES[letter]
    for name in ("f", "bf"):
        define(f"neg.{name}{width}", letter, letter, lambda b, x, k=kind, s=sign: b.xor(x, splat(k, s)))
        define(f"abs.{name}{width}", letter, letter, lambda b, x, k=kind, s=sign: b.and_(x, b.not_(splat(k, s))))

# Conversions. A float that no integer holds saturates; a NaN is 0, or the highest bit alone where either has 64 bits.


def to_integer(kind: str):
    def emit(b, x):
        result = V64 if kind[1:] == "64" else V32
        name = f"llvm.fpto{kind[0]}i.sat.{suffix(result)}.{suffix(x.type)}"
        wide = kind[1:] == "64" or x.type == VF64
        missing = splat(result, 1 << (result.element.width - 1) if wide else 0)
        return b.select(is_nan(b, x), missing, call(b, name, result, [x]))

    return emit


def from_integer(signed: bool, kind: ir.VectorType, mode: str):
    """In a directed mode, the nearest float is compared with the integer that it stands for."""

    def emit(b, x):
        near = (b.sitofp if signed else b.uitofp)(x, kind)
        if mode == "rn":
            return near
        if x.type == V32:
            wide = (b.sitofp if signed else b.uitofp)(x, VF64)
            return single(b, wide, mode) if kind == VF32 else near
        back = call(b, f"llvm.fpto{'s' if signed else 'u'}i.sat.v32i64.{suffix(kind)}", V64, [near])
        beyond = b.fcmp_ordered(">=", near, splat(kind, 2.0 ** (63 if signed else 64)))
        compare = b.icmp_signed if signed else b.icmp_unsigned
        above = b.or_(beyond, compare(">", back, x))
        under = b.and_(b.not_(beyond), compare("<", back, x))
        error = b.select(above, splat(kind, -1.0), b.select(under, splat(kind, 1.0), splat(kind, 0.0)))
        return to_odd(b, near, error) if mode == "odd" else adjust(b, near, error, mode)

    return emit


for letter, width in (("f", "f32"), ("d", "f64")):
    for kind, integer in (("s32", "i"), ("u32", "i"), ("s64", "l"), ("u64", "l")):
        define(f"cvt.{kind}.{width}", integer, letter, to_integer(kind))
        for mode in ("rn", *DIRECTIONS):
            define(f"cvt.{mode}.{width}.{kind}", letter, integer, from_integer(kind[0] == "s", TYPES[letter], mode))
for kind in ("s64", "u64"):
    define(f"cvt.odd.f64.{kind}", "d", "l", from_integer(kind[0] == "s", VF64, "odd"))
define("cvt.f64.f32", "d", "f", widen)
for mode in ("rn", *DIRECTIONS):
    define(f"cvt.{mode}.f32.f64", "f", "d", lambda b, x, m=mode: single(b, x, m))


def tensor_float(b, x):
    """cvt.rna.tf32: to 10 bits of mantissa, ties away from zero."""
    whole = bits(b, x)
    rounded = b.and_(b.add(whole, splat(V32, 0x1000)), splat(V32, 0xFFFFE000))
    return b.select(b.or_(is_nan(b, x), is_infinite(b, x)), whole, rounded)


define("cvt.rna.tf32.f32", "i", "f", tensor_float)

# `.ftz`: denormal operands and results count as zero. Defined for what the fast functions and -ftz=true use.


def flushing(emit: Callable[..., Any], result: str) -> Callable[..., Any]:
    def flushed(b, *x):
        found = emit(b, *(flush(b, value) if value.type == VF32 else value for value in x))
        return flush(b, found) if result == "f" else found

    return flushed


define("flush.f32", "f", "f", flush)
for name, known in list(OPERATIONS.items()):
    plain = not name.startswith("flush") and not any(f".{mode}." in name for mode in DIRECTIONS)
    if (
        name.endswith("f32")
        and plain
        and not name.startswith("cvt")
        and set(known.operands) <= {"f"}
        and known.operands
    ):
        define(name.replace(".f32", ".ftz.f32"), known.result, known.operands, flushing(known.emit, known.result))
