"""SIMD from Python: vectors as wide as the machine's registers, in kernels compiled by Numba.

    @kernel("in real[::1], out real[::1]")
    def relu(x, y):
        zero = full(x, 0)
        for i in range(0, x.size - x.size % lanes(x), lanes(x)):
            store(y, i, maximum(load(x, i), zero))

A processor's vector register holds several numbers, and one instruction works on all of them:

    lane      0    1    2    3    4    5    6    7
            ┌────┬────┬────┬────┬────┬────┬────┬────┐
    a       │ a₀ │ a₁ │ a₂ │ a₃ │ a₄ │ a₅ │ a₆ │ a₇ │   a + b  is one instruction, and so is fma(a, b, c)
            ├────┼────┼────┼────┼────┼────┼────┼────┤
    b       │ b₀ │ b₁ │ b₂ │ b₃ │ b₄ │ b₅ │ b₆ │ b₇ │   a < b  is a mask: a bit a lane, for `where`
            └────┴────┴────┴────┴────┴────┴────┴────┘

A compiler finds such instructions by itself in simple loops only, and gives up over a function call, a branch or a sum
whose order it must keep. Here they are asked for: LLVM, Numba's compiler, has vectors as a type of its own, so a
vector is a Numba type of that LLVM type (`Vector`), and a function below is a few lines that write the LLVM instruction
(`@arithmetic`, `@memory`). The registers are of 512, 256 or 128 bits (`BITS`): 16, 8 or 4 lanes of float32,
half as many of float64. Code written with `lanes(x)` runs on all of them.

Numbers beside a vector are put into all of its lanes, in its own type: `0.5 * v` is float32 where v is. An array is
named with the index of its first element to be touched; a multi-dimensional one counts as in memory. Nothing checks
an index.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils, config, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, builtin_registry, signature
from numba.extending import models, register_model


def _features() -> dict[str, bool]:
    """The vector features of this machine, or those that NUMBA_CPU_FEATURES allows Numba."""
    allowed = getattr(config, "CPU_FEATURES", None)
    if allowed is None:
        return binding.get_host_cpu_features()
    return {part[1:]: part[0] == "+" for part in allowed.split(",") if part}


FEATURES = _features()
BITS = 512 if FEATURES.get("avx512f") else 256 if FEATURES.get("avx2") else 128

I1, I8, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
_LLVM = {
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
    types.int32: I32,
    types.int64: I64,
    types.boolean: I1,
}
_INTEGER = {types.float32: types.int32, types.float64: types.int64}
_REAL = {integer: real for real, integer in _INTEGER.items()}


class Vector(types.Type):
    """So many numbers of one type in a register; of booleans, a mask."""

    def __init__(self, element: Any, lanes: int):
        self.element, self.lanes = element, lanes
        super().__init__(name=f"vector({element} × {lanes})")

    def of(self, element: Any) -> "Vector":
        return Vector(element, self.lanes)


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.VectorType(_LLVM[kind.element], kind.lanes))


def vector_of(array: Any) -> Vector:
    """The vector type that an array's elements are worked on with."""
    return Vector(array.dtype, BITS // array.dtype.bitwidth)


# Functions. Each has a stub, which is what kernels name; Numba is told its type and its LLVM.

Emit = Callable[..., Any]


def _enter(name: str, emit: Emit, result: Callable[..., Any], prepare: Callable[..., list]) -> Any:
    """A function for kernels: `result(*types)` is its type, `emit(builder, *values)` writes its LLVM."""

    def stub(*_args):
        raise TypeError(f"simd.{name} works inside a compiled kernel only")

    stub.__name__, stub.__qualname__, stub.__doc__ = name, name, emit.__doc__

    class Template(AbstractTemplate):
        key = stub

        def generic(self, args, kws):
            args = tuple(types.unliteral(arg) for arg in args)
            found = None if kws else result(*args)
            return found and signature(found, *args)

    builtin_registry.register_global(stub, types.Function(Template))

    @lower_builtin(stub, types.VarArg(types.Any))
    def lower(context, builder, sig, values):
        found = emit(builder, *prepare(context, builder, sig.args, values))
        return context.get_dummy_value() if found is None else found

    return stub


def _spread(b, kind: Any, value: Any) -> Any:
    """One number in all lanes."""
    nothing = ir.Constant(kind, ir.Undefined)
    one = b.insert_element(nothing, value, I32(0))
    return b.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(I32, kind.count), [0] * kind.count))


def _widest(args) -> Vector | None:
    """The vector among the arguments that numbers beside it are made like: one of numbers rather than a mask."""
    found = [arg for arg in args if isinstance(arg, Vector)]
    return next((arg for arg in found if arg.element is not types.boolean), found[0] if found else None)


def _vectors(context, b, args, values) -> list:
    """The arguments of arithmetic: numbers become vectors."""
    like = _widest(args)
    assert like is not None
    kind = ir.VectorType(_LLVM[like.element], like.lanes)
    return [
        value if isinstance(arg, Vector) else _spread(b, kind, context.cast(b, value, arg, like.element))
        for arg, value in zip(args, values)
    ]


def _places(context, b, args, values) -> list:
    """The arguments of an access to memory: an array becomes its address, integers are indices, real numbers of the
    array's type."""
    array = next(arg for arg in args if isinstance(arg, types.Array))
    result = []
    for arg, value in zip(args, values):
        if isinstance(arg, types.Array):
            result.append(context.make_array(arg)(context, b, value).data)
        elif isinstance(arg, types.Integer):
            result.append(context.cast(b, value, arg, types.intp))
        else:
            result.append(value if isinstance(arg, Vector) else context.cast(b, value, arg, array.dtype))
    return result


def arithmetic(result: Callable[..., Any]) -> Callable[[Emit], Any]:
    """A function of vectors, and of numbers beside them; `result` gives the type for that of the vectors."""

    def wanted(*args):
        like = _widest(args)
        allowed = (Vector, types.Number, types.Boolean)
        return result(like) if like and all(isinstance(arg, allowed) for arg in args) else None

    return lambda emit: _enter(emit.__name__, emit, wanted, _vectors)


def memory(result: Callable[..., Any]) -> Callable[[Emit], Any]:
    """A function of an array and places in it; `result` gives the type for that of the array's vectors."""

    def wanted(*args):
        array = args[0]
        known = isinstance(array, types.Array) and array.dtype in _LLVM
        return result(vector_of(array)) if known else None

    return lambda emit: _enter(emit.__name__, emit, wanted, _places)


def _same(kind: Vector) -> Vector:
    return kind


def _mask(kind: Vector) -> Vector:
    return kind.of(types.boolean)


def _nothing(_kind: Vector) -> Any:
    return types.void


def _one(kind: Vector) -> Any:
    return kind.element


def _kind(pointer: Any) -> ir.VectorType:
    """The vector for elements at an address."""
    element = pointer.type.pointee
    return ir.VectorType(element, BITS // (element.width if isinstance(element, ir.IntType) else _width(element)))


def _width(element: Any) -> int:
    return 32 if isinstance(element, ir.FloatType) else 64


def _place(b, pointer, i):
    kind = _kind(pointer)
    return b.bitcast(b.gep(pointer, [i]), kind.as_pointer())


def call(b, name: str, result: ir.Type, arguments: list) -> Any:
    """LLVM's own function llvm.NAME, for the type of its first vector or number."""
    function = ir.FunctionType(result, [argument.type for argument in arguments])
    return b.call(cgutils.get_or_insert_function(b.module, function, f"llvm.{name}"), arguments)


def suffix(kind: Any) -> str:
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{suffix(kind.element)}"
    return f"i{kind.width}" if isinstance(kind, ir.IntType) else f"f{_width(kind)}"


def _intrinsic(name: str, b, *x) -> Any:
    return call(b, f"{name}.{suffix(x[0].type)}", x[0].type, list(x))


def _first_lanes(b, kind: ir.VectorType, count) -> Any:
    """A mask of the first lanes."""
    numbers = ir.Constant(ir.VectorType(I32, kind.count), list(range(kind.count)))
    return b.icmp_signed("<", numbers, _spread(b, numbers.type, b.trunc(count, I32)))


def _part_or_whole(b, kind: Any, count: Any, part: Callable[[], Any], whole: Callable[[], Any]) -> Any:
    """What `part` does by a mask; `whole`, which costs less, where all lanes are meant: nearly always, and foreseen."""
    found = []
    with b.if_else(b.icmp_signed(">=", count, I64(kind.count)), likely=True) as (all_lanes, some):
        for branch, write in ((all_lanes, whole), (some, part)):
            with branch:
                found.append((write(), b.block))
    if found[1][0] is None:
        return None
    result = b.phi(kind)
    for value, block in found:
        result.add_incoming(value, block)
    return result


def _choose(b, kind: Any, condition: Any, this: Callable[[], Any], other: Callable[[], Any]) -> Any:
    """The vector that `this` makes where the condition holds, else that of `other`."""
    found = []
    with b.if_else(condition) as branches:
        for branch, make in zip(branches, (this, other)):
            with branch:
                found.append((make(), b.block))
    result = b.phi(kind)
    for value, block in found:
        result.add_incoming(value, block)
    return result


# Memory.


@memory(lambda kind: types.intp)
def lanes(b, x):
    """How many elements of the array a vector holds."""
    return I64(_kind(x).count)


@memory(_same)
def full(b, x, value):
    """A vector for the array x with the same number in all lanes."""
    return _spread(b, _kind(x), value if value.type == x.type.pointee else b.sitofp(value, x.type.pointee))


@memory(_same)
def load(b, x, i):
    """x[i], x[i + 1], …"""
    return b.load(_place(b, x, i), align=_width(x.type.pointee) // 8)


@memory(_same)
def load_first(b, x, i, count, other):
    """The first `count` lanes from x[i], x[i + 1], …, the rest `other`; what lies behind isn't touched."""
    kind = _kind(x)
    where, size = _place(b, x, i), _width(kind.element) // 8
    other = other if other.type == kind.element else b.sitofp(other, kind.element)

    def part():
        arguments = [where, I32(size), _first_lanes(b, kind, count), _spread(b, kind, other)]
        return call(b, f"masked.load.{suffix(kind)}.p0", kind, arguments)

    return _part_or_whole(b, kind, count, part, lambda: b.load(where, align=size))


@memory(_same)
def load_all(b, x, i):
    """x[i] in all lanes."""
    return _spread(b, _kind(x), b.load(b.gep(x, [i])))


@memory(_same)
def load_every(b, x, i, step):
    """x[i], x[i + step], x[i + 2 · step], …; in steps of 2, one element more is read than the lanes take."""
    kind, size = _kind(x), _width(x.type.pointee) // 8
    count = kind.count

    def vector(at):
        return b.load(_place(b, x, at), align=size)

    def pairs():
        even = ir.Constant(ir.VectorType(I32, count), list(range(0, 2 * count, 2)))
        return b.shuffle_vector(vector(i), vector(b.add(i, I64(count))), even)

    def one_by_one():
        value = ir.Constant(kind, ir.Undefined)
        for lane in range(count):
            value = b.insert_element(value, b.load(b.gep(x, [b.add(i, b.mul(step, I64(lane)))])), I32(lane))
        return value

    def either(number, this, other):
        return _choose(b, kind, b.icmp_signed("==", step, I64(number)), this, other)

    return either(1, lambda: vector(i), lambda: either(2, pairs, one_by_one))


@memory(_same)
def load_at(b, x, places, i):
    """x[places[i]], x[places[i + 1]], …"""
    value = ir.Constant(_kind(x), ir.Undefined)
    for lane in range(_kind(x).count):
        place = b.load(b.gep(places, [b.add(i, I64(lane))]))
        value = b.insert_element(value, b.load(b.gep(x, [place])), I32(lane))
    return value


@memory(_nothing)
def store(b, x, i, value):
    """x[i], x[i + 1], … = the lanes of a vector."""
    b.store(value, _place(b, x, i), align=_width(x.type.pointee) // 8)


@memory(_nothing)
def store_first(b, x, i, count, value):
    """Store the first `count` lanes only."""
    kind = _kind(x)
    where, size = _place(b, x, i), _width(kind.element) // 8

    def part():
        arguments = [value, where, I32(size), _first_lanes(b, kind, count)]
        call(b, f"masked.store.{suffix(kind)}.p0", ir.VoidType(), arguments)

    _part_or_whole(b, kind, count, part, lambda: b.store(value, where, align=size))


@memory(_nothing)
def store_integers(b, x, i, count, value):
    """Store the first `count` lanes, integers of any width, in an array of int64."""
    wide = ir.VectorType(I64, value.type.count)
    value = value if value.type == wide else b.sext(value, wide)
    where = b.bitcast(b.gep(x, [i]), wide.as_pointer())
    arguments = [value, where, I32(8), _first_lanes(b, wide, count)]
    call(b, f"masked.store.{suffix(wide)}.p0", ir.VoidType(), arguments)


@memory(_nothing)
def stream(b, x, i, value):
    """Store past the caches: for an array larger than they are, whose lines needn't be read before they are written.

    x[i] must lie at a multiple of a vector's size in memory. After the last one, `fence`.
    """
    stored = b.store(value, _place(b, x, i), align=BITS // 8)
    stored.set_metadata("nontemporal", b.module.add_metadata([I32(1)]))


@memory(_nothing)
def fence(b, x):
    """What was streamed is seen by the other threads before what is stored after this."""
    b.fence("seq_cst")


@memory(lambda kind: types.intp)
def misaligned(b, x):
    """How many elements to skip until a vector's place in memory is a multiple of its size."""
    size = _width(x.type.pointee) // 8
    address = b.ptrtoint(x, I64)
    return b.sdiv(b.and_(b.neg(address), I64(BITS // 8 - 1)), I64(size))


@memory(lambda kind: types.intp)
def address(b, x, i):
    """Where x[i] lies."""
    return b.ptrtoint(b.gep(x, [i]), I64)


@memory(_nothing)
def prefetch(b, x, i):
    """Fetch the line of x[i] into the nearest cache, without waiting for it."""
    where = b.bitcast(b.gep(x, [i]), I8.as_pointer())
    call(b, "prefetch.p0", ir.VoidType(), [where, I32(0), I32(3), I32(1)])


@memory(lambda kind: kind.of(_INTEGER[kind.element]))
def lane_numbers(b, x):
    """0, 1, 2, …: integers as wide as the array's numbers."""
    count = _kind(x).count
    return ir.Constant(ir.VectorType(_integer_of(x.type.pointee), count), list(range(count)))


@memory(_mask)
def first_lanes(b, x, count):
    """A mask of the first lanes of a vector for the array x."""
    return _first_lanes(b, _kind(x), count)


# Arithmetic.


@arithmetic(_same)
def fma(b, x, y, z):
    """x · y + z, rounded once."""
    return _intrinsic("fma", b, x, y, z)


@arithmetic(_same)
def sqrt(b, x):
    """The square root, correctly rounded."""
    return _intrinsic("sqrt", b, x)


@arithmetic(_same)
def absolute(b, x):
    """|x|."""
    return _intrinsic("fabs", b, x)


@arithmetic(_same)
def copysign(b, size, sign):
    """|size| with the sign of `sign`."""
    return _intrinsic("copysign", b, size, sign)


@arithmetic(_same)
def rint(b, x):
    """The nearest integer, as a real number; the even one of two."""
    return _intrinsic("rint", b, x)


@arithmetic(_same)
def scale(b, x, n):
    """x · 2ⁿ, rounded once, for integers n (as real numbers) that are at most twice as large as an exponent gets."""
    kind, width = x.type, _width(x.type.element)
    if BITS == 512:
        name = f"x86.avx512.mask.scalef.{'ps' if width == 32 else 'pd'}.512"
        every = ir.IntType(kind.count)(-1)
        return call(b, name, kind, [x, n, x, every, I32(4)])
    # Two factors, for 2ⁿ itself may be too large or too small for a number.
    n = _freeze(b, b.fptosi(n, ir.VectorType(I32, kind.count)))
    half = b.ashr(n, _spread(b, n.type, I32(1)))
    mantissa, bias = (23, 127) if width == 32 else (52, 1023)
    for exponent in (half, b.sub(n, half)):
        exponent = b.add(exponent, _spread(b, exponent.type, I32(bias)))
        integers = ir.VectorType(_integer(x), kind.count)
        exponent = exponent if width == 32 else b.zext(exponent, integers)
        factor = b.shl(exponent, _spread(b, integers, integers.element(mantissa)))
        x = b.fmul(x, b.bitcast(factor, kind))
    return x


@arithmetic(_same)
def maximum(b, x, y):
    """The larger; NaN if either is."""
    return b.select(b.fcmp_unordered("uno", x, x), x, b.select(b.fcmp_unordered("<=", x, y), y, x))


@arithmetic(_same)
def minimum(b, x, y):
    """The smaller; NaN if either is."""
    return b.select(b.fcmp_unordered("uno", x, x), x, b.select(b.fcmp_unordered(">=", x, y), y, x))


@arithmetic(_same)
def larger(b, x, y):
    """x where x > y, else y: one instruction, which passes a NaN on only where it stands in y."""
    return b.select(b.fcmp_ordered(">", x, y), x, y)


@arithmetic(_same)
def smaller(b, x, y):
    """x where x < y, else y: one instruction, which passes a NaN on only where it stands in y."""
    return b.select(b.fcmp_ordered("<", x, y), x, y)


# Lanes by a mask, and all lanes together.


def _where(b, mask, x, y):
    """x in the lanes of the mask, y in the others."""
    return b.select(mask, x, y)


def _chosen(*args):
    if len(args) != 3 or not isinstance(args[0], Vector) or args[0].element is not types.boolean:
        return None
    return _widest(args[1:])  # None of two numbers: they don't say which type is meant


def _choices(context, b, args, values):
    return [values[0], *_vectors(context, b, args, values)[1:]]


where = _enter("where", _where, _chosen, _choices)


def _every(b, name: str, mask) -> Any:
    return call(b, f"vector.reduce.{name}.{suffix(mask.type)}", I1, [mask])


@arithmetic(lambda kind: types.boolean)
def any_lane(b, mask):
    """Whether the mask has a lane."""
    return _every(b, "or", mask)


@arithmetic(lambda kind: types.boolean)
def all_lanes(b, mask):
    """Whether the mask has all lanes."""
    return _every(b, "and", mask)


def _halved(b, x, combine: Callable[..., Any]) -> Any:
    """All lanes combined: the lower half with the upper one, until one is left. An order that nothing changes."""
    while x.type.count > 1:
        half = x.type.count // 2
        nothing = ir.Constant(x.type, ir.Undefined)
        low, high = (
            b.shuffle_vector(x, nothing, ir.Constant(ir.VectorType(I32, half), list(range(first, first + half))))
            for first in (0, half)
        )
        x = combine(b, low, high)
    return b.extract_element(x, I32(0))


@arithmetic(_one)
def add_lanes(b, x):
    """The sum of the lanes, halves first."""
    return _halved(b, x, lambda b, low, high: b.fadd(low, high))


@arithmetic(_one)
def largest_lane(b, x):
    """The largest lane; a NaN may be passed over."""
    return _halved(b, x, lambda b, low, high: b.select(b.fcmp_ordered(">", low, high), low, high))


@arithmetic(_one)
def smallest_lane(b, x):
    """The smallest lane; a NaN may be passed over."""
    return _halved(b, x, lambda b, low, high: b.select(b.fcmp_ordered("<", low, high), low, high))


@arithmetic(_one)
def first_lane(b, x):
    """Lane 0."""
    return b.extract_element(x, I32(0))


# Bits, for functions that take numbers apart.


@arithmetic(lambda kind: kind.of(_INTEGER[kind.element]))
def bits(b, x):
    """The bits of real numbers, as integers."""
    return b.bitcast(x, ir.VectorType(_integer(x), x.type.count))


@arithmetic(lambda kind: kind.of(_REAL[kind.element]))
def from_bits(b, x):
    """The real numbers that have these bits."""
    return b.bitcast(x, ir.VectorType(_real(x), x.type.count))


@arithmetic(lambda kind: kind.of(_INTEGER[kind.element]))
def to_integer(b, x):
    """Real numbers that are integers within the type's range, as integers; of others nothing is known."""
    # Frozen: a lane out of range may hold anything, but no freedom to the compiler beyond that.
    return _freeze(b, b.fptosi(x, ir.VectorType(_integer(x), x.type.count)))


@arithmetic(lambda kind: kind.of(_REAL[kind.element]))
def to_real(b, x):
    """Integers as real numbers."""
    return b.sitofp(x, ir.VectorType(_real(x), x.type.count))


def _freeze(b, x):
    return b.freeze(x) if hasattr(b, "freeze") else x


def _integer(x) -> Any:
    return _integer_of(x.type.element)


def _integer_of(element: Any) -> Any:
    return I32 if isinstance(element, ir.FloatType) else I64


def _real(x) -> Any:
    return ir.FloatType() if x.type.element == I32 else ir.DoubleType()


# Operators.


def _operator(symbol: Callable[..., Any], real: str, integer: str, result: Callable[..., Any] = _same) -> None:
    def wanted(args):
        like = _widest(args)
        number = (Vector, types.Number)
        return like and len(args) == 2 and all(isinstance(arg, number) for arg in args) and result(like)

    class Template(AbstractTemplate):
        key = symbol

        def generic(self, args, kws):
            args = tuple(types.unliteral(arg) for arg in args)
            found = wanted(args)
            return signature(found, *args) if found else None

    builtin_registry.register_global(symbol, types.Function(Template))

    def lower(context, b, sig, values):
        x, y = _vectors(context, b, sig.args, values)
        floating = isinstance(x.type.element, (ir.FloatType, ir.DoubleType))
        name = real if floating else integer
        if symbol in COMPARISONS:
            if not floating:
                return b.icmp_signed(name, x, y)
            return b.fcmp_unordered(name, x, y) if name == "!=" else b.fcmp_ordered(name, x, y)
        return getattr(b, name)(x, y)

    for operands in ((Vector, Vector), (Vector, types.Number), (types.Number, Vector)):
        lower_builtin(symbol, *operands)(lower)


COMPARISONS = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}
for _symbol, _name in COMPARISONS.items():
    _operator(_symbol, _name, _name, _mask)
for _name, _symbols in {
    "add": (operator.add, operator.iadd),
    "sub": (operator.sub, operator.isub),
    "mul": (operator.mul, operator.imul),
    "div": (operator.truediv, operator.itruediv),
}.items():
    for _symbol in _symbols:
        _operator(_symbol, f"f{_name}", _name)
for _name, _symbols in {
    "and_": (operator.and_, operator.iand),
    "or_": (operator.or_, operator.ior),
    "xor": (operator.xor, operator.ixor),
    "shl": (operator.lshift, operator.ilshift),
    "ashr": (operator.rshift, operator.irshift),
}.items():
    for _symbol in _symbols:
        _operator(_symbol, "", _name)


def _unary(symbol: Callable[..., Any], emit: Emit) -> None:
    class Template(AbstractTemplate):
        key = symbol

        def generic(self, args, kws):
            return signature(args[0], args[0]) if isinstance(args[0], Vector) else None

    builtin_registry.register_global(symbol, types.Function(Template))
    lower_builtin(symbol, Vector)(lambda context, b, sig, values: emit(b, sig.args[0], values[0]))


_unary(operator.neg, lambda b, kind, x: b.fneg(x) if kind.element in _INTEGER else b.neg(x))
_unary(operator.invert, lambda b, kind, x: b.not_(x))
