"""The pieces of the machine that are LLVM rather than Python: vectors of 32 lanes, and memory by its address.

Everything here takes and gives int64: addresses, byte offsets, masks of lanes (bit l is lane l). Numba checks
no such argument, so these stay inside the simulator.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from . import operations as ops
from .floats import BINARY
from .lanes import F32, F64, I8, I16, I32, I64, LANES, OPERATIONS, V1, V32, V64, call, splat, suffix, vector
from .rounding import pairs

int64 = types.int64
PATTERN_GENERAL, PATTERN_UNIT, PATTERN_UNIFORM, PATTERN_HALVES = range(4)
# How an element of memory becomes one of a row, and where the code of each begins in load and store.
ELEMENTS = {"u8": 0, "s8": 1, "u16": 2, "s16": 3, "b32": 4, "b64": 5}


def _define(arguments: int, emit: Any, result: Any = int64, takes: Any = int64) -> Any:
    """A Numba intrinsic of that many arguments; `emit(builder, *arguments)` makes its code."""
    names = ", ".join(f"a{k}" for k in range(arguments))

    def generate(context, builder, signature, values):
        del signature
        found = emit(builder, *values)
        return context.get_dummy_value() if found is None else found

    signature = result(*[takes] * arguments)
    # Numba reads the parameters of the function that it decorates, so it needs one of that very shape.
    scope = {"signature": signature, "generate": generate}
    exec(f"def define(context, {names}):\n    return signature, generate", scope)
    return intrinsic(scope["define"])


def _at(b, address, kind):
    return b.inttoptr(address, kind.as_pointer())


def _reader(kind: Any, extend: str = "zext") -> Any:
    def emit(b, address):
        found = b.load(_at(b, address, kind), align=1)
        return found if kind == I64 else getattr(b, extend)(found, I64)

    return _define(1, emit)


def _writer(kind: Any) -> Any:
    def emit(b, address, value):
        b.store(value if kind == I64 else b.trunc(value, kind), _at(b, address, kind), align=1)

    return _define(2, emit, types.void)


load8, load16, load32, load32s, load64 = _reader(I8), _reader(I16), _reader(I32), _reader(I32, "sext"), _reader(I64)
store8, store16, store32, store64 = (_writer(kind) for kind in (I8, I16, I32, I64))


def _field_reader(kind: Any) -> Any:
    """Word k of a record in memory: the machine keeps its tables as C would, and hands on one address."""

    def emit(b, record, k):
        found = b.load(b.gep(_at(b, record, kind), [k]), align=4)
        return found if kind == I64 else b.sext(found, I64)

    return _define(2, emit)


def _field_writer(kind: Any) -> Any:
    def emit(b, record, k, value):
        value = value if kind == I64 else b.trunc(value, kind)
        b.store(value, b.gep(_at(b, record, kind), [k]), align=4)

    return _define(3, emit, types.void)


get, get32, put, put32 = _field_reader(I64), _field_reader(I32), _field_writer(I64), _field_writer(I32)
fetch_add = _define(2, lambda b, a, v: b.atomic_rmw("add", _at(b, a, I64), v, "monotonic"))
popcount = _define(1, lambda b, a: call(b, "llvm.ctpop.i64", I64, [a]))
first_lane = _define(1, lambda b, a: call(b, "llvm.cttz.i64", I64, [a, ir.Constant(ir.IntType(1), 0)]))
as_float = _define(1, lambda b, a: b.bitcast(b.trunc(a, I32), F32), types.float32)
as_double = _define(1, lambda b, a: b.bitcast(a, F64), types.float64)


def _half_to_float(b, a):
    return b.fpext(b.bitcast(b.trunc(a, I16), ir.HalfType()), F32)


half_as_float = _define(1, _half_to_float, types.float32)


def _half_of_float(b, x):
    return b.zext(b.bitcast(b.fptrunc(x, ir.HalfType()), I16), I64)


float_bits = _define(1, lambda b, x: b.zext(b.bitcast(x, I32), I64), takes=types.float32)
double_bits = _define(1, lambda b, x: b.bitcast(x, I64), takes=types.float64)
half_bits = _define(1, _half_of_float, takes=types.float32)


def _fill(b, address, value):
    """A row of 64-bit registers that is the same in all lanes."""
    b.store(_spread(b, value), _at(b, address, V64), align=8)


fill64 = _define(2, _fill, types.void)


def _spread(b, x, lanes=LANES):
    """A scalar in all lanes."""
    kind = ir.VectorType(x.type, lanes)
    first = b.insert_element(ir.Constant(kind, ir.Undefined), x, I32(0))
    return b.shuffle_vector(first, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


def _mask(b, lanes):
    return b.bitcast(b.trunc(lanes, I32), V1)


def _all(b, found, lanes):
    """Whether a vector of bits is set in every active lane."""
    return b.icmp_unsigned("==", b.or_(b.bitcast(found, I32), b.not_(b.trunc(lanes, I32))), I32(-1))


def _arithmetic(b, code, pc, end, frame, lanes):
    """Execute the arithmetic rows [pc, end) on the active lanes: a loop around one switch."""
    function = b.function
    before, head, bad, after, done = (
        b.block,
        *(function.append_basic_block(n) for n in ("head", "bad", "after", "done")),
    )
    active = b.trunc(lanes, I32)
    b.branch(head)
    b.position_at_end(head)
    here = b.phi(I64)
    here.add_incoming(pc, before)
    row = b.inttoptr(b.add(code, b.shl(here, I64(6))), I32.as_pointer())

    def column(k):
        return b.load(b.gep(row, [I32(k)]))

    number, guard, inverted = column(0), column(2), column(3)
    target, sources = column(4), [column(k) for k in (5, 6, 7, 12)]
    lanes_here = b.and_(active, b.xor(b.load(ops.pointer(b, frame, guard, I32)), inverted))
    mask = b.bitcast(lanes_here, V1)
    switch = b.switch(number, bad)
    for operation in OPERATIONS.values():
        block = function.append_basic_block()
        switch.add_case(I32(operation.number), block)
        b.position_at_end(block)
        ops.execute(b, operation, frame, target, sources, lanes_here, mask)
        b.branch(after)
    b.position_at_end(bad)
    b.branch(after)
    b.position_at_end(after)
    following = b.add(here, I64(1))
    here.add_incoming(following, after)
    b.cbranch(b.icmp_signed("<", following, end), head, done)
    b.position_at_end(done)
    return following


arithmetic = _define(5, _arithmetic)


def _addresses(b, frame, offset, wide, add, origin, size, lanes, out, keep):
    """Where the lanes' addresses lie: row + add, counted from `origin`. The least, the greatest and the one that lane 0
    would have go to out[32..34], all of their bits to out[35] (of active lanes); the addresses themselves to out[0..31]
    if `keep`, or if there is no pattern. Returns the pattern: unit stride, the same everywhere, one of these in each
    half, or any other."""
    zero = ir.Constant(ir.IntType(1), 0)
    first = call(b, "llvm.cttz.i64", I64, [lanes, zero])
    last = b.sub(I64(63), call(b, "llvm.ctlz.i64", I64, [lanes, zero]))
    place = b.add(frame, offset)
    is_wide = b.icmp_signed("!=", wide, I64(0))
    found = []

    def classify(kind):
        """The first and the last active lane's, and whether all lie as one of the patterns has it."""
        element = kind.element

        def at(lane):
            return b.load(b.gep(_at(b, place, element), [lane]))

        row, start, end = ops.load_row(b, frame, offset, kind), at(first), at(last)
        step, way = (b.trunc(x, element) if element == I32 else x for x in (size, first))
        base = b.sub(start, b.mul(way, step))
        shift = call(b, f"llvm.cttz.{element}", element, [step, zero])  # sizes are powers of two
        ramp = b.shl(ir.Constant(kind, list(range(LANES))), _spread(b, shift))
        unit = _all(b, b.icmp_unsigned("==", row, b.add(_spread(b, base), ramp)), lanes)
        uniform = _all(b, b.icmp_unsigned("==", row, _spread(b, start)), lanes)
        numbers = [_moved(b, x, add, origin) for x in (start, end)]
        found.append((b.block, [*numbers, unit, uniform]))

    with b.if_else(is_wide) as (then, otherwise):
        with then:
            classify(V64)
        with otherwise:
            classify(V32)
    merged = []
    for k in range(4):
        phi = b.phi(found[0][1][k].type)
        for block, values in found:
            phi.add_incoming(values[k], block)
        merged.append(phi)
    start, end, unit, uniform = merged
    base = b.sub(start, b.mul(first, size))
    target = _at(b, out, I64)
    for k, value in enumerate((start, end, base, start)):
        b.store(value, b.gep(target, [I32(LANES + k)]))
    pattern = b.or_(unit, uniform)
    kind = cgutils.alloca_once_value(
        b, b.select(uniform, I64(PATTERN_UNIFORM), b.select(unit, I64(PATTERN_UNIT), I64(PATTERN_GENERAL)))
    )
    with b.if_then(b.or_(b.not_(pattern), b.icmp_signed("!=", keep, I64(0)))):
        row = _keep_addresses(b, frame, offset, is_wide, add, origin, out)
        with b.if_then(b.not_(pattern)):
            halves = _halves(b, row, size, lanes, target)
            with b.if_else(halves) as (then, otherwise):
                with then:
                    b.store(I64(PATTERN_HALVES), kind)
                with otherwise:
                    mask = _mask(b, lanes)
                    for k, name, others in ((0, "umin", -1), (1, "umax", 0), (3, "or", 0)):
                        there = b.select(mask, row, splat(V64, others))
                        b.store(_reduced(b, name, there), b.gep(target, [I32(LANES + k)]))
    return b.load(kind)


def _reduced(b, name, row):
    return call(b, f"llvm.vector.reduce.{name}.v32i64", I64, [row])


def _moved(b, x, add, origin):
    """An address, or a row of them, of 64 bits; one of 32 bits wraps around by itself before."""

    def like(y, kind):
        y = y if kind in (I64, V64) else b.trunc(y, I32)
        return _spread(b, y) if isinstance(kind, ir.VectorType) else y

    x = b.add(x, like(add, x.type))
    if x.type in (I32, V32):
        x = b.zext(x, I64 if x.type == I32 else V64)
    return b.add(x, like(origin, x.type))


def _keep_addresses(b, frame, offset, is_wide, add, origin, out):
    with b.if_else(is_wide) as (then, otherwise):
        with then:
            full = _moved(b, ops.load_row(b, frame, offset, V64), add, origin)
            then_block = b.block
        with otherwise:
            short = _moved(b, ops.load_row(b, frame, offset, V32), add, origin)
            otherwise_block = b.block
    row = b.phi(V64)
    row.add_incoming(full, then_block)
    row.add_incoming(short, otherwise_block)
    b.store(row, _at(b, out, V64), align=64)
    return row


def _halves(b, row, size, lanes, target):
    """Whether all lanes run, and either half of them has a pattern of its own, as in blocks 16 threads wide. If so,
    their least and greatest address and all bits to out[32, 33, 35]; to out[36] which halves have unit stride."""
    ramp = ir.Constant(ir.VectorType(I64, 16), list(range(16)))
    ramp = b.mul(ramp, _spread(b, size, 16))
    found, starts, units = [b.icmp_signed("==", lanes, I64(0xFFFFFFFF))], [], []
    for first in (0, 16):
        places = ir.Constant(ir.VectorType(I32, 16), list(range(first, first + 16)))
        half = b.shuffle_vector(row, ir.Constant(V64, ir.Undefined), places)
        start = b.extract_element(row, I32(first))
        away = b.sub(half, _spread(b, start, 16))
        unit = b.icmp_unsigned("==", b.bitcast(b.icmp_unsigned("==", away, ramp), I16), I16(-1))
        same = b.bitcast(b.icmp_unsigned("==", away, splat(away.type, 0)), I16)
        found.append(b.or_(unit, b.icmp_unsigned("==", same, I16(-1))))
        starts.append(start)
        units.append(unit)
    ends = [b.extract_element(row, I32(lane)) for lane in (15, 31)]
    low = call(b, "llvm.umin.i64", I64, starts)
    high = call(b, "llvm.umax.i64", I64, ends)
    flags = b.or_(b.zext(units[0], I64), b.shl(b.zext(units[1], I64), I64(1)))
    for k, value in ((0, low), (1, high), (3, b.or_(*starts)), (4, flags)):
        b.store(value, b.gep(target, [I32(LANES + k)]))
    return b.and_(found[0], b.and_(found[1], found[2]))


addresses = _define(9, _addresses)


def _masked(b, name, result, arguments):
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return b.call(cgutils.get_or_insert_function(b.module, kind, name), arguments)


def _pointers(b, addresses, delta):
    row = b.add(b.load(_at(b, addresses, V64), align=64), _spread(b, delta))
    return b.inttoptr(row, ir.VectorType(I8.as_pointer(), LANES))


def _cases(b, select, make):
    """A switch on `select`; `make` is a dictionary from case to what emits its code."""
    end, bad = b.function.append_basic_block(), b.function.append_basic_block()
    switch = b.switch(select, bad)
    for case, emit in make.items():
        block = b.function.append_basic_block()
        switch.add_case(I64(case), block)
        b.position_at_end(block)
        emit()
        b.branch(end)
    b.position_at_end(bad)
    b.branch(end)
    b.position_at_end(end)


def _load(b, select, frame, offset, lanes, addresses, delta):
    """Memory → a row. `select` is ELEMENTS × 4 + pattern; `delta` leads from the addresses to where the bytes are."""
    mask = _mask(b, lanes)

    def emit(element, pattern):
        kind = {"8": I8, "16": I16, "32": I32, "64": I64}[element[1:]]
        row = vector(kind)
        name, zero = suffix(row), splat(row, 0)
        if pattern == PATTERN_HALVES and kind.width >= 32:
            found = _load_halves(b, kind, addresses, delta)
        elif pattern in (PATTERN_GENERAL, PATTERN_HALVES):
            where = _pointers(b, addresses, delta)
            found = _masked(b, f"llvm.masked.gather.{name}.v32p0", row, [where, I32(1), mask, zero])
        elif pattern == PATTERN_UNIT:
            base = b.load(b.gep(_at(b, addresses, I64), [I32(LANES + 2)]))
            where = _at(b, b.add(base, delta), row)
            found = _masked(b, f"llvm.masked.load.{name}.p0", row, [where, I32(1), mask, zero])
        else:
            base = b.load(b.gep(_at(b, addresses, I64), [I32(LANES)]))
            found = _spread(b, b.load(_at(b, b.add(base, delta), kind), align=1))
        if kind.width < 32:
            found = (b.zext if element[0] == "u" else b.sext)(found, V32)
        ops.store_row(b, found, ops.pointer(b, frame, offset, found.type), mask)

    kinds = [(4 * code + p, element, p) for element, code in ELEMENTS.items() for p in range(4)]
    _cases(b, select, {case: (lambda e=element, p=p: emit(e, p)) for case, element, p in kinds})


def _load_halves(b, kind, addresses, delta):
    """Of all lanes: either half is a run of elements, or one."""
    flags = b.load(b.gep(_at(b, addresses, I64), [I32(LANES + 4)]))
    half, halves = ir.VectorType(kind, 16), []
    for k in range(2):
        start = b.load(b.gep(_at(b, addresses, I64), [I32(16 * k)]))
        place = b.add(start, delta)
        with b.if_else(b.trunc(b.lshr(flags, I64(k)), ir.IntType(1))) as (then, otherwise):
            with then:
                run = b.load(_at(b, place, half), align=1)
                then_block = b.block
            with otherwise:
                one = _spread(b, b.load(_at(b, place, kind), align=1), 16)
                otherwise_block = b.block
        phi = b.phi(half)
        phi.add_incoming(run, then_block)
        phi.add_incoming(one, otherwise_block)
        halves.append(phi)
    return b.shuffle_vector(*halves, ir.Constant(V32, list(range(LANES))))


def _store(b, select, frame, offset, lanes, addresses, delta):
    """A row → memory. Where lanes write to one address, the highest lane's value stays."""
    mask = _mask(b, lanes)
    last = b.sub(I64(63), call(b, "llvm.ctlz.i64", I64, [lanes, ir.Constant(ir.IntType(1), 0)]))

    def emit(element, pattern):
        kind = {"8": I8, "16": I16, "32": I32, "64": I64}[element[1:]]
        row = ops.load_row(b, frame, offset, V64 if kind == I64 else V32)
        if kind.width < 32:
            row = b.trunc(row, vector(kind))
        name = suffix(row.type)
        if pattern == PATTERN_UNIT:
            base = b.load(b.gep(_at(b, addresses, I64), [I32(LANES + 2)]))
            ops.store_row(b, row, _at(b, b.add(base, delta), row.type), mask, align=1)
        elif pattern == PATTERN_UNIFORM:
            base = b.load(b.gep(_at(b, addresses, I64), [I32(LANES)]))
            wide = I64 if kind == I64 else I32
            value = b.load(b.gep(_at(b, b.add(frame, offset), wide), [last]))
            b.store(value if kind == wide else b.trunc(value, kind), _at(b, b.add(base, delta), kind), align=1)
        else:
            where = _pointers(b, addresses, delta)
            _masked(b, f"llvm.masked.scatter.{name}.v32p0", ir.VoidType(), [row, where, I32(1), mask])

    kinds = [(4 * ELEMENTS[e] + p, e, p) for e in ("u8", "u16", "b32", "b64") for p in range(4)]
    _cases(b, select, {case: (lambda e=element, p=p: emit(e, p)) for case, element, p in kinds})


load_lanes = _define(6, _load, types.void)
store_lanes = _define(6, _store, types.void)


def _same_pattern(b, addresses, known, lanes):
    """Whether these addresses are those of a known access, moved: known[0..31] are its distances from the least
    address, [32] its lanes, [33] the least address within its sector."""
    row = b.load(_at(b, addresses, V64), align=64)
    distances = b.load(_at(b, known, V64), align=8)
    least = b.load(b.gep(_at(b, addresses, I64), [I32(LANES)]))
    equal = _all(b, b.icmp_unsigned("==", b.sub(row, _spread(b, least)), distances), lanes)
    scalars = _at(b, known, I64)
    same_lanes = b.icmp_unsigned("==", b.load(b.gep(scalars, [I32(LANES)])), lanes)
    phase = b.and_(least, I64(31))
    same_phase = b.icmp_unsigned("==", b.load(b.gep(scalars, [I32(LANES + 1)])), phase)
    return b.zext(b.and_(equal, b.and_(same_lanes, same_phase)), I64)


same_pattern = _define(3, _same_pattern)

# Atomics. The first ones are the processor's own; the others are computed and swapped in (atomics.py).
ATOMICS = ("add", "max", "min", "umax", "umin", "and", "or", "xor", "xchg", "fadd", "cas")
_WIDTHS = {2: (I16, None), 4: (I32, F32), 8: (I64, F64)}


def _atomic(b, kind, size, address, value, other):
    """Returns the old value; for "cas", `value` is compared and `other` swapped in."""
    function, end, bad = b.function, b.function.append_basic_block(), b.function.append_basic_block()
    switch, results = b.switch(b.add(b.mul(kind, I64(16)), size), bad), []
    for number, name in enumerate(ATOMICS):
        for width, (integer, real) in _WIDTHS.items():
            if width == 2 and name != "cas":
                continue
            block = function.append_basic_block()
            switch.add_case(I64(number * 16 + width), block)
            b.position_at_end(block)
            narrow = [x if width == 8 else b.trunc(x, integer) for x in (value, other)]
            if name == "cas":
                old = b.extract_value(b.cmpxchg(_at(b, address, integer), *narrow, "seq_cst", "seq_cst"), 0)
            elif name == "fadd":
                old = b.atomic_rmw("fadd", _at(b, address, real), b.bitcast(narrow[0], real), "seq_cst")
                old = b.bitcast(old, integer)
            else:
                old = b.atomic_rmw(name, _at(b, address, integer), narrow[0], "seq_cst")
            results.append((old if width == 8 else b.zext(old, I64), b.block))
            b.branch(end)
    b.position_at_end(bad)
    b.branch(end)
    b.position_at_end(end)
    found = b.phi(I64)
    found.add_incoming(I64(0), bad)
    for old, block in results:
        found.add_incoming(old, block)
    return found


atomic = _define(5, _atomic)


def _packed_add(letter: str, both: bool) -> Any:
    """The sum of float16 or bfloat16 numbers given as bits: one of them, or a pair."""

    def emit(b, x, y):
        rows = [_spread(b, b.trunc(value, I32)) for value in (x, y)]
        found = pairs(letter, BINARY["add"])(b, *rows)
        low = b.zext(b.extract_element(found, I32(0)), I64)
        return low if both else b.and_(low, I64(0xFFFF))

    return _define(2, emit)


add_half, add_halves = _packed_add("e", False), _packed_add("e", True)
add_bfloat, add_bfloats = _packed_add("g", False), _packed_add("g", True)
