"""Integer operations, logic and moves: what PTX says of each, on 32 lanes at once."""

from llvmlite import ir

from .lanes import (
    I1,
    SIGNS,
    V8,
    V16,
    V32,
    V64,
    VF64,
    call,
    define,
    intrinsic,
    method,
    splat,
    suffix,
)


def shift(kind: str):
    """PTX shifts by 32 or more (of 32 bits) leave nothing, or the sign; LLVM's would be undefined."""

    def emit(b, x, distance):
        width = x.type.element.width
        far = b.icmp_unsigned(">=", distance, splat(V32, width))
        near = b.select(far, splat(V32, width - 1 if kind == "ashr" else 0), distance)
        near = {16: lambda: b.trunc(near, V16), 32: lambda: near, 64: lambda: b.zext(near, V64)}[width]()
        shifted = getattr(b, kind)(x, near)
        return shifted if kind == "ashr" else b.select(far, splat(x.type, 0), shifted)

    return emit


def divide(signed: bool, remainder: bool):
    """Division by zero gives all ones, its remainder the dividend, as on a GPU; INT_MIN / -1 wraps."""

    def emit(b, x, y):
        kind = x.type
        zero = b.icmp_unsigned("==", y, splat(kind, 0))
        y = b.select(zero, splat(kind, 1), y)
        if kind.element.width < 64:  # float64 holds all of these, and its division is a vector instruction
            to, back = ("sitofp", "fptosi") if signed else ("uitofp", "fptoui")
            quotient = b.fdiv(getattr(b, to)(x, VF64), getattr(b, to)(y, VF64))
            quotient = b.trunc(getattr(b, back)(quotient, V64), kind)
        elif signed:
            minus = b.icmp_signed("==", y, splat(kind, -1))  # INT_MIN / -1 would stop the processor
            quotient = b.sdiv(x, b.select(minus, splat(kind, 1), y))
            quotient = b.select(minus, b.neg(quotient), quotient)
        else:
            quotient = b.udiv(x, y)
        if remainder:
            return b.select(zero, x, b.sub(x, b.mul(quotient, y)))
        return b.select(zero, splat(kind, -1), quotient)

    return emit


def wide_product(extend: str):
    def emit(b, x, y):
        kind = {V16: V32, V32: V64}[x.type]
        return b.mul(getattr(b, extend)(x, kind), getattr(b, extend)(y, kind))

    return emit


def high_product(signed: bool):
    def emit(b, x, y):
        if x.type != V64:
            product = wide_product("sext" if signed else "zext")(b, x, y)
            return b.trunc(b.lshr(product, splat(product.type, x.type.element.width)), x.type)
        half, low = splat(V64, 32), splat(V64, 0xFFFFFFFF)
        x0, x1, y0, y1 = b.and_(x, low), b.lshr(x, half), b.and_(y, low), b.lshr(y, half)
        middle = b.add(b.mul(x1, y0), b.lshr(b.mul(x0, y0), half))
        other = b.add(b.mul(x0, y1), b.and_(middle, low))
        high = b.add(b.mul(x1, y1), b.add(b.lshr(middle, half), b.lshr(other, half)))
        if signed:
            zero = splat(V64, 0)
            high = b.sub(high, b.select(b.icmp_signed("<", x, zero), y, zero))
            high = b.sub(high, b.select(b.icmp_signed("<", y, zero), x, zero))
        return high

    return emit


def count(name: str):
    """Leading zeros or set bits; the answer is 32 bits wide whatever the operand."""

    def emit(b, x):
        found = call(b, f"llvm.{name}.{suffix(x.type)}", x.type, [x] + ([ir.Constant(I1, 0)] if name == "ctlz" else []))
        return b.trunc(found, V32) if x.type == V64 else found

    return emit


def find_bit(signed: bool, from_top: bool):
    """bfind: the place of the highest bit that isn't the sign (or its distance from the top), -1 if there is none."""

    def emit(b, x):
        if signed:
            x = b.select(b.icmp_signed("<", x, splat(x.type, 0)), b.not_(x), x)
        zeros = count("ctlz")(b, x)
        width = x.type.element.width
        place = zeros if from_top else b.sub(splat(V32, width - 1), zeros)
        return b.select(b.icmp_unsigned("==", zeros, splat(V32, width)), splat(V32, -1), place)

    return emit


def field_mask(b, kind, length):
    """`length` ones (length ≤ 255)."""
    width = kind.element.width
    whole = b.icmp_unsigned(">=", length, splat(V32, width))
    short = b.select(whole, splat(V32, 0), length)
    short = b.zext(short, V64) if kind == V64 else short
    return b.select(whole, splat(kind, -1), b.sub(b.shl(splat(kind, 1), short), splat(kind, 1)))


def extract_field(signed: bool):
    def emit(b, x, start, length):
        width = x.type.element.width
        start, length = (b.and_(value, splat(V32, 255)) for value in (start, length))
        found = b.and_(shift("lshr")(b, x, start), field_mask(b, x.type, length))
        if signed:  # the sign is the field's last bit, or the register's where the field runs beyond it
            last = call(b, "llvm.umin.v32i32", V32, [b.sub(b.add(start, length), splat(V32, 1)), splat(V32, width - 1)])
            sign = b.and_(shift("lshr")(b, x, last), splat(x.type, 1))
            empty = b.icmp_unsigned("==", length, splat(V32, 0))
            fill = b.select(
                b.or_(empty, b.icmp_unsigned("==", sign, splat(x.type, 0))),
                splat(x.type, 0),
                b.not_(field_mask(b, x.type, inside_field(b, start, length, width))),
            )
            found = b.or_(found, fill)
        return found

    return emit


def inside_field(b, start, length, width: int):
    """How many of a field's bits lie within the register."""
    room = b.select(b.icmp_unsigned(">=", start, splat(V32, width)), splat(V32, 0), b.sub(splat(V32, width), start))
    return call(b, "llvm.umin.v32i32", V32, [length, room])


def insert_field(b, x, y, start, length):
    start, length = (b.and_(value, splat(V32, 255)) for value in (start, length))
    mask = shift("shl")(b, field_mask(b, x.type, length), start)
    return b.or_(b.and_(shift("shl")(b, x, start), mask), b.and_(y, b.not_(mask)))


def permute_bytes(b, x, y, selector):
    """prmt: each of four bytes is any of the eight of (y, x), or its sign spread."""
    both = b.or_(b.zext(x, V64), b.shl(b.zext(y, V64), splat(V64, 32)))
    result = splat(V32, 0)
    for place in range(4):
        choice = b.and_(b.lshr(selector, splat(V32, 4 * place)), splat(V32, 15))
        distance = b.zext(b.shl(b.and_(choice, splat(V32, 7)), splat(V32, 3)), V64)
        byte = b.trunc(b.lshr(both, distance), V8)
        spread = b.icmp_unsigned(">=", choice, splat(V32, 8))
        byte = b.select(spread, b.ashr(byte, splat(V8, 7)), byte)
        result = b.or_(result, b.shl(b.zext(byte, V32), splat(V32, 8 * place)))
    return result


def funnel(left: bool, clamp: bool):
    """shf: 32 bits of the pair (y, x), shifted."""

    def emit(b, x, y, distance):
        pair = b.or_(b.zext(x, V64), b.shl(b.zext(y, V64), splat(V64, 32)))
        if clamp:
            distance = call(b, "llvm.umin.v32i32", V32, [distance, splat(V32, 32)])
        else:
            distance = b.and_(distance, splat(V32, 31))
        distance = b.zext(distance, V64)
        if left:
            return b.trunc(b.lshr(b.shl(pair, distance), splat(V64, 32)), V32)
        return b.trunc(b.lshr(pair, distance), V32)

    return emit


def logic3(b, x, y, z, table):
    """lop3: any function of three bits, given by its truth table."""
    result = splat(V32, 0)
    for case in range(8):
        term = b.neg(b.and_(b.lshr(table, splat(V32, case)), splat(V32, 1)))  # all ones or none
        for place, value in enumerate((z, y, x)):
            term = b.and_(term, value if case >> place & 1 else b.not_(value))
        result = b.or_(result, term)
    return result


def dot(extend_x: str, extend_y: str, pieces: int, high: bool = False):
    """dp4a: the sum of four products of bytes; dp2a: of two 16-bit numbers with two of the four bytes."""

    def emit(b, x, y, total):
        for k in range(pieces):
            kind, step_ = (V8, 8) if pieces == 4 else (V16, 16)
            left = getattr(b, extend_x)(b.trunc(b.lshr(x, splat(V32, step_ * k)), kind), V32)
            place = 8 * (k + (2 if high else 0)) if pieces == 2 else 8 * k
            right = getattr(b, extend_y)(b.trunc(b.lshr(y, splat(V32, place)), V8), V32)
            total = b.add(total, b.mul(left, right))
        return total

    return emit


def distance(signed: bool):
    """sad: |x - y| + z."""

    def emit(b, x, y, z):
        less = (b.icmp_signed if signed else b.icmp_unsigned)("<", x, y)
        return b.add(b.select(less, b.sub(y, x), b.sub(x, y)), z)

    return emit


def carry(b, x, y, bit):
    """Whether x + y + bit overflows."""
    plain = b.add(x, y)
    first = b.icmp_unsigned("<", plain, x)
    return b.or_(first, b.and_(bit, b.icmp_unsigned("==", plain, splat(x.type, -1))))


def borrow(b, x, y, bit):
    """Whether x - y - bit falls below zero."""
    return b.or_(b.icmp_unsigned("<", x, y), b.and_(bit, b.icmp_unsigned("==", x, y)))


for letter, width in (("h", 16), ("i", 32), ("l", 64)):
    for name in ("add", "sub", "mul", "xor"):
        define(f"{name}.{width}", letter, letter * 2, method(name))
    define(f"and.{width}", letter, letter * 2, method("and_"))
    define(f"or.{width}", letter, letter * 2, method("or_"))
    define(f"not.{width}", letter, letter, method("not_"))
    define(f"neg.{width}", letter, letter, method("neg"))
    define(f"mov.{width}", letter, letter, lambda b, x: x)
    define(f"mad.{width}", letter, letter * 3, lambda b, x, y, z: b.add(b.mul(x, y), z))
    define(f"cnot.{width}", letter, letter, lambda b, x: b.zext(b.icmp_unsigned("==", x, splat(x.type, 0)), x.type))
    define(f"selp.{width}", letter, letter * 2 + "p", lambda b, x, y, p: b.select(p, x, y))
    define(f"abs.{width}", letter, letter, lambda b, x: b.select(b.icmp_signed("<", x, splat(x.type, 0)), b.neg(x), x))
    define(f"shl.{width}", letter, letter + "i", shift("shl"))
    define(f"shr.u{width}", letter, letter + "i", shift("lshr"))
    define(f"shr.s{width}", letter, letter + "i", shift("ashr"))
    for sign in "su":
        for name in ("min", "max"):
            define(f"{name}.{sign}{width}", letter, letter * 2, intrinsic(f"{sign}{name}"))
        define(f"div.{sign}{width}", letter, letter * 2, divide(sign == "s", remainder=False))
        define(f"rem.{sign}{width}", letter, letter * 2, divide(sign == "s", remainder=True))
        define(f"mul.hi.{sign}{width}", letter, letter * 2, high_product(sign == "s"))
        define(f"sad.{sign}{width}", letter, letter * 3, distance(sign == "s"))
        for name, spelled in SIGNS.items():
            compare = "icmp_signed" if sign == "s" else "icmp_unsigned"
            define(
                f"setp.{name}.{sign}{width}",
                "p",
                letter * 2,
                lambda b, x, y, c=compare, s=spelled: getattr(b, c)(s, x, y),
            )
for letter, width in (("i", 32), ("l", 64)):
    define(f"popc.{width}", "i", letter, count("ctpop"))
    define(f"clz.{width}", "i", letter, count("ctlz"))
    define(f"brev.{width}", letter, letter, intrinsic("bitreverse"))
    define(f"bfi.{width}", letter, letter * 2 + "ii", insert_field)
    for sign in "su":
        define(f"bfe.{sign}{width}", letter, letter + "ii", extract_field(sign == "s"))
        define(f"bfind.{sign}{width}", "i", letter, find_bit(sign == "s", from_top=False))
        define(f"bfind.shiftamt.{sign}{width}", "i", letter, find_bit(sign == "s", from_top=True))
    define(f"carry.{width}", "p", letter * 2 + "p", carry)
    define(f"borrow.{width}", "p", letter * 2 + "p", borrow)
    define(f"addc.{width}", letter, letter * 2 + "p", lambda b, x, y, bit: b.add(b.add(x, y), b.zext(bit, x.type)))
    define(f"subc.{width}", letter, letter * 2 + "p", lambda b, x, y, bit: b.sub(b.sub(x, y), b.zext(bit, x.type)))
for sign, extend in (("s", "sext"), ("u", "zext")):
    for narrow, wide, width in (("h", "i", 16), ("i", "l", 32)):
        product = wide_product(extend)
        define(f"mul.wide.{sign}{width}", wide, narrow * 2, product)
        define(
            f"mad.wide.{sign}{width}",
            wide,
            narrow * 2 + wide,
            lambda b, x, y, z, product=product: b.add(product(b, x, y), z),
        )
    define(f"extend.{sign}16", "i", "h", lambda b, x, e=extend: getattr(b, e)(x, V32))
    define(f"extend.{sign}8", "i", "i", lambda b, x, e=extend: getattr(b, e)(b.trunc(x, V8), V32))
    define(f"extend.{sign}32", "l", "i", lambda b, x, e=extend: getattr(b, e)(x, V64))
    for other, extend_y in (("s", "sext"), ("u", "zext")):
        define(f"dp4a.{sign}{other}", "i", "iii", dot(extend, extend_y, 4))
        for half in ("lo", "hi"):
            define(f"dp2a.{half}.{sign}{other}", "i", "iii", dot(extend, extend_y, 2, half == "hi"))
define("low.16", "h", "i", lambda b, x: b.trunc(x, V16))
define("low.32", "i", "l", lambda b, x: b.trunc(x, V32))
define("high.32", "i", "l", lambda b, x: b.trunc(b.lshr(x, splat(V64, 32)), V32))
define("join.64", "l", "ii", lambda b, x, y: b.or_(b.zext(x, V64), b.shl(b.zext(y, V64), splat(V64, 32))))
define("join.32", "i", "hh", lambda b, x, y: b.or_(b.zext(x, V32), b.shl(b.zext(y, V32), splat(V32, 16))))
define("prmt", "i", "iii", permute_bytes)
define("lop3", "i", "iiii", logic3)
for side in ("l", "r"):
    for wrap in ("wrap", "clamp"):
        define(f"shf.{side}.{wrap}", "i", "iii", funnel(side == "l", wrap == "clamp"))
for name in ("and", "or", "xor"):
    define(f"{name}.pred", "p", "pp", method({"xor": "xor"}.get(name, name + "_")))
define("not.pred", "p", "p", method("not_"))
define("mov.pred", "p", "p", lambda b, x: x)
define("selp.pred", "p", "ppp", lambda b, x, y, p: b.select(p, x, y))
