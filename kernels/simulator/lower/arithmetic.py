"""Arithmetic, logic, comparisons and moves: nearly always one row, whose operation has nearly the same name."""

from .. import rows as code
from ..parser import Unsupported, split
from .common import REALS, WIDTHS, flush_of, halves, kind_of, real_operation, sources, type_of


def _binary(b, words, o) -> None:
    """add, sub, min, max, div, rem …: of floats, or of integers with or without a sign."""
    t, base = type_of(words), words[0]
    if t in REALS:
        real_operation(b, words, o, 2)
        return
    if "cc" in words or base in ("addc", "subc"):
        _carried(b, words, o)
        return
    if "sat" in words or "relu" in words or t.endswith("x2"):
        raise Unsupported("saturated and packed integers are unknown")
    width = WIDTHS[t]
    name = f"{base}.{width}" if base in ("add", "sub") else f"{base}.{t[0]}{width}"
    b.alu(name, b.register(o[0]), *sources(b, o, t, 2))


def _carried(b, words, o) -> None:
    """Numbers of many words: the carry is a predicate of the frame."""
    t = type_of(words)
    width = WIDTHS[t]
    bit = b.frame.row(("carry",), 0)
    x, y = sources(b, o, t, 2)
    add = words[0].startswith("add")
    old = bit if words[0].endswith("c") else b.constant(0, 0)
    following = b.temporary(0)
    if "cc" in words:
        b.alu(f"{'carry' if add else 'borrow'}.{width}", following, x, y, old)
    b.alu(f"{'addc' if add else 'subc'}.{width}", b.register(o[0]), x, y, old)
    if "cc" in words:
        b.alu("mov.pred", bit, following)


def _logic(b, words, o) -> None:
    t = type_of(words)
    b.alu(f"{words[0]}.{'pred' if t == 'pred' else WIDTHS[t]}", b.register(o[0]), *sources(b, o, t, 2))


def _not(b, words, o) -> None:
    t = type_of(words)
    b.alu(f"{words[0]}.{'pred' if t == 'pred' else WIDTHS[t]}", b.register(o[0]), *sources(b, o, t, 1))


def _unary(b, words, o) -> None:
    """neg and abs, of anything."""
    t = type_of(words)
    if t in ("f16", "bf16", "f16x2", "bf16x2"):
        b.alu(f"{words[0]}.{t}", b.register(o[0]), *sources(b, o, t, 1))
    elif t in REALS:
        real_operation(b, words, o, 1)
    else:
        b.alu(f"{words[0]}.{WIDTHS[t]}", b.register(o[0]), *sources(b, o, t, 1))


def _mul(b, words, o) -> None:
    t = type_of(words)
    if t in REALS:
        real_operation(b, words, o, 2)
        return
    b.alu(_product(words, t, "mul"), b.register(o[0]), *sources(b, o, t, 2))


def _product(words, t: str, base: str) -> str:
    if "wide" in words:
        return f"{base}.wide.{t}"
    if "hi" in words:
        return f"{base}.hi.{t}"
    return f"{base}.{WIDTHS[t]}"


def _mad(b, words, o) -> None:
    t = type_of(words)
    if t in REALS:
        real_operation(b, words, o, 3, "fma")
        return
    d = b.register(o[0])
    width = WIDTHS[t] * (2 if "wide" in words else 1)
    last = b.operand(o[3], width)
    x, y = sources(b, o, t, 2)
    if "cc" in words or words[0] == "madc":
        product = b.temporary(width)
        b.alu(_product(words, t, "mul"), product, x, y)
        base = "addc" if words[0] == "madc" else "add"
        bit, following = b.frame.row(("carry",), 0), b.temporary(0)
        old = bit if base == "addc" else b.constant(0, 0)
        if "cc" in words:
            b.alu(f"carry.{width}", following, product, last, old)
        b.alu(f"addc.{width}", d, product, last, old)
        if "cc" in words:
            b.alu("mov.pred", bit, following)
    elif "hi" in words:
        product = b.temporary(width)
        b.alu(_product(words, t, "mul"), product, x, y)
        b.alu(f"add.{width}", d, product, last)
    else:
        b.alu(_product(words, t, "mad"), d, x, y, last)


def _shift(b, words, o) -> None:
    t = type_of(words)
    width = WIDTHS[t]
    name = f"shl.{width}" if words[0] == "shl" else f"shr.{'s' if t[0] == 's' else 'u'}{width}"
    b.alu(name, b.register(o[0]), b.operand(o[1], width), b.operand(o[2], 32))


def _setp(b, words, o) -> None:
    """setp.cmp{.bool}.type p{|q}, x, y{, c}"""
    t = type_of(words)
    first, _, second = o[0].partition("|")
    if t.endswith("x2"):
        low, high = _compare_halves(b, words, o)
        b.alu("mov.pred", b.register(first), low)
        b.alu("mov.pred", b.register(second.strip()), high)
        return
    found = _compare(b, words, t, *sources(b, o, t, 2))
    combine = next((word for word in words[2:-1] if word in ("and", "or", "xor")), "")
    results = [(first.strip(), found)]
    if second and second.strip() != "_":
        opposite = b.temporary(0)
        b.alu("not.pred", opposite, found)
        results.append((second.strip(), opposite))
    other = b.operand(o[3], 0) if combine else None
    if combine and len(results) == 2:  # the first result may be the operand of the second
        kept = b.temporary(0)
        b.alu("mov.pred", kept, other)
        other = kept
    for name, value in results:
        if name == "_":
            continue
        if combine:
            b.alu(f"{combine}.pred", b.register(name), value, other)
        else:
            b.alu("mov.pred", b.register(name), value)


UNSIGNED = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}


def _compare(b, words, t: str, x, y):
    """A fresh predicate."""
    found = b.temporary(0)
    relation = words[1]
    if t in REALS:
        name = f"setp.{relation}{flush_of(words, t)}.{t}"
    else:
        sign = "u" if relation in UNSIGNED or t[0] == "u" else "s"
        name = f"setp.{UNSIGNED.get(relation, relation)}.{sign}{WIDTHS[t]}"
    b.alu(name, found, x, y)
    return found


def _compare_halves(b, words, o):
    t = type_of(words)
    x, y = (halves(b, row) for row in sources(b, o, t, 2))
    return [_compare(b, words, t[:-2], x[k], y[k]) for k in (0, 1)]


def _set(b, words, o) -> None:
    """set.cmp.dtype.stype: all ones, or 1.0 of a float type, where it holds."""
    t, result = words[-1], words[-2]
    ones = {"f32": 0x3F800000, "f16": 0x3C00, "bf16": 0x3F80, "f16x2": 0x3C003C00, "bf16x2": 0x3F803F80}
    d = b.register(o[0])
    if t.endswith("x2"):
        low, high = _compare_halves(b, words, o)
        true = ones.get(result, 0xFFFFFFFF)
        rows = []
        for found, part in ((low, true & 0xFFFF), (high, true >> 16)):
            rows.append(b.temporary(32))
            b.alu("selp.16", rows[-1], b.constant(part, 32), b.constant(0, 32), found)
        b.alu("join.32", d, *rows)
        return
    found = _compare(b, words, t, *sources(b, o, t, 2))
    if len(o) > 3:
        combine = next(word for word in words if word in ("and", "or", "xor"))
        b.alu(f"{combine}.pred", found, found, b.operand(o[3], 0))
    width = 16 if WIDTHS[result] == 16 else 32
    b.alu(f"selp.{width}", d, b.constant(ones.get(result, 0xFFFFFFFF), 32), b.constant(0, 32), found)


def _selp(b, words, o) -> None:
    t = type_of(words)
    name = "selp.pred" if t == "pred" else f"selp.{WIDTHS[t]}"
    b.alu(name, b.register(o[0]), *sources(b, o, t, 2), b.operand(o[3], 0))


def _slct(b, words, o) -> None:
    """d = c >= 0 ? x : y"""
    t, test = words[-2], words[-1]
    chosen = b.temporary(0)
    b.alu(f"setp.ge.{test}", chosen, b.operand(o[3], 32, kind_of(test)), b.constant(0, 32))
    b.alu(f"selp.{WIDTHS[t]}", b.register(o[0]), *sources(b, o, t, 2), chosen)


def _mov(b, words, o) -> None:
    t = type_of(words)
    width = WIDTHS.get(t, 128)
    if o[0].startswith("{"):
        _unpack(b, o, width)
    elif o[1].startswith("{"):
        _pack(b, o, width)
    elif t == "pred":
        b.alu("mov.pred", b.register(o[0]), b.operand(o[1], 0))
    else:
        name = o[1].lstrip("%")
        if name in ("clock", "clock64", "globaltimer", "globaltimer_lo"):
            b.emit(code.CLOCK, d=b.register(o[0]), size=width // 8)
        else:
            b.alu(f"mov.{width}", b.register(o[0]), b.operand(o[1], width, kind_of(t)))


def _unpack(b, o, width: int) -> None:
    names = split(o[0].strip("{} "))
    if width == 128:
        raise Unsupported("128-bit registers are unknown")
    source = b.operand(o[1], width)
    part = width // len(names)
    for k, name in enumerate(names):
        if name == "_":
            continue
        row, shifted = b.register(name), source
        if k and width == 64:
            shifted = b.temporary(64)
            b.alu("shr.u64", shifted, source, b.constant(part * k, 32))
        elif k:
            shifted = b.temporary(32)
            b.alu("shr.u32", shifted, source, b.constant(part * k, 32))
        if width == 64:
            narrow = b.temporary(32) if part == 16 else row
            b.alu("low.32", narrow, shifted)
            shifted = narrow
        if part == 16:
            b.alu("low.16", row, shifted)


def _pack(b, o, width: int) -> None:
    names = split(o[1].strip("{} "))
    if width == 128:
        raise Unsupported("128-bit registers are unknown")
    rows = [b.operand(name, width // len(names)) for name in names]
    if len(rows) == 4:
        pairs = []
        for k in (0, 2):
            pairs.append(b.temporary(32))
            b.alu("join.32", pairs[-1], rows[k], rows[k + 1])
        rows = pairs
    b.alu(f"join.{width}", b.register(o[0]), *rows)


def _typed(count: int):
    """An instruction whose operation is named by opcode and width: popc.b32 is popc.32."""

    def handle(b, words, o) -> None:
        width = WIDTHS[type_of(words)]
        b.alu(f"{words[0]}.{width}", b.register(o[0]), *(b.operand(x, width) for x in o[1 : 1 + count]))

    return handle


def _field(b, words, o) -> None:
    t = type_of(words)
    count = 2 if words[0] == "bfi" else 1
    name = f"bfi.{WIDTHS[t]}" if words[0] == "bfi" else f"bfe.{t}"
    rest = [b.operand(x, 32) for x in o[1 + count :]]
    b.alu(name, b.register(o[0]), *sources(b, o, t, count), *rest)


def _bfind(b, words, o) -> None:
    t = type_of(words)
    b.alu(f"bfind.{'shiftamt.' if 'shiftamt' in words else ''}{t}", b.register(o[0]), *sources(b, o, t, 1))


def _bmsk(b, words, o) -> None:
    if "clamp" not in words:
        raise Unsupported("it knows bmsk.clamp")
    ones, zero = b.constant(-1, 32), b.constant(0, 32)
    b.alu("bfi.32", b.register(o[0]), ones, zero, *(b.operand(x, 32) for x in o[1:3]))


def _szext(b, words, o) -> None:
    if "clamp" not in words:
        raise Unsupported("it knows szext.clamp")
    t = type_of(words)
    b.alu(f"bfe.{t}", b.register(o[0]), b.operand(o[1], 32), b.constant(0, 32), b.operand(o[2], 32))


def _prmt(b, words, o) -> None:
    if len(words) > 2:
        raise Unsupported("it knows prmt in its plain form")
    b.alu("prmt", b.register(o[0]), *(b.operand(x, 32) for x in o[1:4]))


def _shf(b, words, o) -> None:
    b.alu(f"shf.{words[1]}.{words[2]}", b.register(o[0]), *(b.operand(x, 32) for x in o[1:4]))


def _lop3(b, words, o) -> None:
    if words[1] != "b32":
        raise Unsupported("it knows lop3.b32")
    b.alu("lop3", b.register(o[0]), *(b.operand(x, 32) for x in o[1:5]))


def _dot(b, words, o) -> None:
    name = ".".join((words[0], *(word for word in words if word in ("lo", "hi")), words[-2][0] + words[-1][0]))
    b.alu(name, b.register(o[0]), *(b.operand(x, 32) for x in o[1:4]))


def _sad(b, words, o) -> None:
    t = type_of(words)
    b.alu(f"sad.{t}", b.register(o[0]), *sources(b, o, t, 3))


def _testp(b, words, o) -> None:
    t = type_of(words)
    b.alu(f"testp.{words[1]}.{t}", b.register(o[0]), *sources(b, o, t, 1))


def _of_float(count: int):
    return lambda b, words, o: real_operation(b, words, o, count)


def _special(b, words, o) -> None:
    """ex2, tanh and their kin: of a pair, one half after the other."""
    t = type_of(words)
    if not t.endswith("x2"):
        real_operation(b, words, o, 1)
        return
    parts = halves(b, b.operand(o[1], 32))
    for half in parts:
        b.alu(f"{words[0]}.{t[:-2]}", half, half)
    b.alu("join.32", b.register(o[0]), *parts)


HANDLERS = {
    **dict.fromkeys(("add", "sub", "addc", "subc", "min", "max", "div", "rem"), _binary),
    **dict.fromkeys(("and", "or", "xor"), _logic),
    **dict.fromkeys(("not", "cnot"), _not),
    **dict.fromkeys(("neg", "abs"), _unary),
    **dict.fromkeys(("mad", "madc", "fma"), _mad),
    **dict.fromkeys(("shl", "shr"), _shift),
    **dict.fromkeys(("rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh"), _special),
    **dict.fromkeys(("bfe", "bfi"), _field),
    **dict.fromkeys(("popc", "clz", "brev"), _typed(1)),
    **dict.fromkeys(("dp4a", "dp2a"), _dot),
    "mul": _mul,
    "setp": _setp,
    "set": _set,
    "selp": _selp,
    "slct": _slct,
    "mov": _mov,
    "copysign": _of_float(2),
    "bfind": _bfind,
    "bmsk": _bmsk,
    "szext": _szext,
    "prmt": _prmt,
    "shf": _shf,
    "lop3": _lop3,
    "sad": _sad,
    "testp": _testp,
}
