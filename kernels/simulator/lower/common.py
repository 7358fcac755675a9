"""What the files of this folder share: types of PTX and how operands of them are read."""

from ..parser import SIZES

REALS = ("f32", "f64", "f16", "bf16", "f16x2", "bf16x2")
WIDTHS = {"pred": 0, "b8": 32, "u8": 32, "s8": 32, "f16": 16, "bf16": 16, "tf32": 32, "f16x2": 32, "bf16x2": 32} | {
    f"{kind}{bits}": bits for kind in "busf" for bits in (16, 32, 64)
}
DIRECTED = {"rz", "rm", "rp"}


def type_of(words: tuple[str, ...]) -> str:
    return words[-1]


def kind_of(t: str) -> str:
    return "f" if t in REALS else t[0]


def sources(b, o, t: str, count: int):
    return [b.operand(x, WIDTHS[t], kind_of(t)) for x in o[1 : 1 + count]]


def flush_of(words, t: str) -> str:
    return ".ftz" if "ftz" in words and t == "f32" else ""


def finish(b, words, t: str, d) -> None:
    """Saturation and relu, which follow the operation itself."""
    for name in ("sat", "relu"):
        if name in words:
            b.alu(f"{name}.{t}", d, d)


def real_operation(b, words, o, count: int, name: str = "") -> None:
    t = type_of(words)
    mode = next((f".{word}" for word in words if word in DIRECTED), "") if t in ("f32", "f64") else ""
    nan = ".NaN" if "NaN" in words else ""
    d, operands, flush = b.register(o[0]), sources(b, o, t, count), flush_of(words, t)
    if flush and mode:
        operands = [flushed(b, operand) for operand in operands]
    b.alu(f"{name or words[0]}{mode}{nan}{'' if mode else flush}.{t}", d, *operands)
    if flush and mode:
        b.alu("flush.f32", d, d)
    finish(b, words, t, d)


def flushed(b, row):
    flushed = b.temporary(32)
    b.alu("flush.f32", flushed, row)
    return flushed


def narrowed(b, row):
    """The lower 32 bits of a 64-bit row."""
    narrow = b.temporary(32)
    b.alu("low.32", narrow, row)
    return narrow


def halves(b, row):
    """The two 16-bit halves of a 32-bit row."""
    low, high = b.temporary(32), b.temporary(32)
    b.alu("low.16", low, row)
    b.alu("shr.u32", high, row, b.constant(16, 32))
    return low, high


def is_short(b, row) -> bool:
    return SIZES.get(b.frame.function.registers.get(row, ""), 4) == 2
