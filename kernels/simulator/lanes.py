"""Vectors of 32 lanes in LLVM: their types, small building blocks, and the table of operations that the files beside
this one fill.

`define(name, result, operands, emit)` enters an operation: `emit` gets an LLVM builder and the operands as vectors of
32 lanes, and returns the result. The letters say how a register row is read and written:

    h i l   16, 32 and 64-bit integers         p   predicates, a bit a lane
    f d     float32, float64                   e   float16    g   bfloat16: both worked on as float32

A row of 16-bit registers takes 32 bits a lane, the upper half zero.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir
from numba.core import cgutils

LANES = 32
I1, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
HALF, F32, F64 = ir.HalfType(), ir.FloatType(), ir.DoubleType()


def vector(element: Any) -> ir.VectorType:
    return ir.VectorType(element, LANES)


V1, V8, V16, V32, V64, VHALF, VF32, VF64 = (vector(t) for t in (I1, I8, I16, I32, I64, HALF, F32, F64))
TYPES = {"h": V16, "i": V32, "l": V64, "f": VF32, "d": VF64, "e": VF32, "g": VF32}
SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}  # of comparisons, in PTX and in LLVM
INTEGER_OF = {VF32: V32, VF64: V64, VHALF: V16}


class Operation(NamedTuple):
    number: int
    result: str
    operands: str
    emit: Callable[..., Any]


OPERATIONS: dict[str, Operation] = {}


def define(name: str, result: str, operands: str, emit: Callable[..., Any]) -> None:
    assert name not in OPERATIONS, name
    OPERATIONS[name] = Operation(len(OPERATIONS), result, operands, emit)


# Building blocks. `b` is the LLVM builder throughout.


_constants: dict[tuple[str, str], ir.Constant] = {}


def splat(kind: ir.VectorType, value: float) -> ir.Constant:
    """The same in all lanes. LLVM's text of it is long, so it is made once."""
    key = suffix(kind), repr(value)
    if key not in _constants:
        _constants[key] = ir.Constant(kind, [value] * kind.count)
    return _constants[key]


def suffix(kind: ir.VectorType) -> str:
    names = {HALF: "f16", F32: "f32", F64: "f64"}
    return f"v{kind.count}" + (names.get(kind.element) or f"i{kind.element.width}")


def call(b, name: str, kind: ir.Type, arguments: list) -> Any:
    function = ir.FunctionType(kind, [argument.type for argument in arguments])
    return b.call(cgutils.get_or_insert_function(b.module, function, name), arguments)


def intrinsic(name: str) -> Callable[..., Any]:
    """LLVM's own vector function of that name."""
    return lambda b, *x: call(b, f"llvm.{name}.{suffix(x[0].type)}", x[0].type, list(x))


def method(name: str) -> Callable[..., Any]:
    return lambda b, *x: getattr(b, name)(*x)


fma, absolute, square_root = intrinsic("fma"), intrinsic("fabs"), intrinsic("sqrt")


def bits(b, x):
    return b.bitcast(x, INTEGER_OF[x.type])


def real(b, x):
    return b.bitcast(x, {V32: VF32, V64: VF64, V16: VHALF}[x.type])


def is_zero(b, x):
    return b.fcmp_ordered("==", x, splat(x.type, 0.0))


def is_nan(b, x):
    return b.fcmp_unordered("uno", x, x)


def is_infinite(b, x):
    return b.fcmp_ordered("==", absolute(b, x), splat(x.type, math.inf))


def widen(b, x):
    return b.fpext(x, VF64)


def copy_sign(b, sign, x):
    return intrinsic("copysign")(b, x, sign)
