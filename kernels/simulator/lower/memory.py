"""Loads, stores, atomics and asynchronous copies; addresses of one kind of memory turned into those of another."""

import re

from .. import rows as code
from ..intrinsics import ATOMICS, ELEMENTS
from ..parser import SIZES, Unsupported, split
from .common import REALS, WIDTHS, is_short, kind_of, narrowed, type_of

# Atomic operations beyond the processor's own, computed and then swapped in (atomics.py).
EXTRA_ATOMICS = ("inc", "dec", "add.f16", "add.f16x2", "add.bf16", "add.bf16x2", "min.f32", "max.f32")
ATOMIC_NUMBERS = {name: k for k, name in enumerate((*ATOMICS, *EXTRA_ATOMICS))}


def _cvta(b, words, o) -> None:
    """Addresses are the same in all spaces but shared, where they count from its start."""
    d, source = b.register(o[0]), b.operand(o[1], 64)
    if "shared" in words:
        b.alu("sub.64" if "to" in words else "add.64", d, source, b.constant(code.SHARED << code.REGION_BITS, 64))
    else:
        b.alu("mov.64", d, source)


def _isspacep(b, words, o) -> None:
    region = b.temporary(64)
    b.alu("shr.u64", region, b.operand(o[1], 64), b.constant(code.REGION_BITS, 32))
    space = next(word for word in words[1:] if word in code.SPACES)
    if space == "global":
        b.alu("setp.ge.u64", b.register(o[0]), region, b.constant(code.FIRST_VARIABLE, 64))
    else:
        b.alu("setp.eq.s64", b.register(o[0]), region, b.constant(code.SPACES[space], 64))


def space_of(words) -> str:
    return next((word for word in words if word in code.SPACES), "")


def _flags(words) -> int:
    flags = code.VOLATILE if "volatile" in words else 0
    if {"release", "acq_rel", "seq_cst", "sc"} & set(words):
        flags |= code.RELEASE
    if {"acquire", "acq_rel", "seq_cst", "sc"} & set(words):
        flags |= code.ACQUIRE
    if flags or {"relaxed", "mmio"} & set(words):
        flags |= code.STRONG
    return flags


def _element(t: str) -> tuple[int, int]:
    size = SIZES[t]
    if size > 8:
        raise Unsupported(f"accesses of type {t} are unknown")
    name = {1: "s8" if t == "s8" else "u8", 2: "s16" if t == "s16" else "u16", 4: "b32", 8: "b64"}[size]
    return ELEMENTS[name], size


def elements(words, text: str) -> list[str]:
    return split(text.strip("{} ")) if text.startswith("{") else [text]


def _load(b, words, o) -> None:
    t, space = type_of(words), space_of(words)
    names = elements(words, o[0])
    element, size = _element(t)
    if space == "param" and b.frame.function.entry and _load_parameter(b, o[1], names, t):
        return
    base, wide, add = b.address(o[1])
    if space == "param" and not (b.frame.function.entry and b.is_register(o[1].strip("[] ").split("+")[0])):
        space = "local" if base == ("local",) else "" if not b.frame.function.entry else space
    rows, after = [], []
    for name in names:
        if name == "_":
            rows.append(b.temporary(64 if size == 8 else 32))
            continue
        row = b.register(name)
        width = b.frame.rows[row]
        loaded = row
        if (width == 64) != (size == 8):
            loaded = b.temporary(64 if size == 8 else 32)
            after.append((row, width, loaded))
        elif t in ("s8", "s16") and is_short(b, row):
            after.append((row, 16, row))
        rows.append(loaded)
    flags = _flags(words) | (code.STRONG if o[1] in b.frame.swapped else 0)
    _access(b, code.LOAD, element, rows, (base, wide, add), size, space, flags)
    for row, width, loaded in after:
        if width == 64:
            b.alu(f"extend.{'s' if t[0] == 's' else 'u'}32", row, loaded)
        else:
            b.alu("mov.16" if width == 16 else "low.32", row, loaded)


def _load_parameter(b, text: str, names: list[str], t: str) -> bool:
    """A kernel's parameter at a known place is a row of constants."""
    found = re.fullmatch(r"\[\s*([\w$%.]+?)\s*(?:\+\s*(\w+))?\s*\]", text)
    if not found or found[1] not in b.parameter_offsets:
        return False
    at = b.parameter_offsets[found[1]] + int(found[2] or "0", 0)
    for k, name in enumerate(names):
        if name == "_":
            continue
        row = b.register(name)
        width = b.frame.rows[row]
        source = b.frame.row(("parameter", at + k * SIZES[t], t, width), width)
        b.alu("mov.16" if is_short(b, row) else f"mov.{width}", row, source)
    return True


def note_grain(b, space: str, size: int) -> None:
    if space in ("", "global", "shared"):
        b.grain = min(b.grain, size)


def _store(b, words, o) -> None:
    t, space = type_of(words), space_of(words)
    element, size = _element(t)
    base, wide, add = b.address(o[0])
    if space == "param":
        space = "local"
    rows = []
    for name in elements(words, o[1]):
        row = b.operand(name, WIDTHS[t], kind_of(t))
        rows.append(narrowed(b, row) if size < 8 and b.frame.rows.get(row) == 64 else row)
    element = element & ~1 if size < 4 else element  # a sign makes no difference
    _access(b, code.STORE, element, rows, (base, wide, add), size, space, _flags(words))


def _access(b, kind: int, element: int, rows: list, address: tuple, size: int, space: str, flags: int) -> None:
    """The row of a load or a store, of a vector of up to four elements."""
    base, wide, add = address
    count = len(rows)
    if count not in (1, 2, 4):
        raise Unsupported("vectors of more than four elements are unknown")
    first, second, third, fourth = rows + [None] * (4 - count)
    note_grain(b, space, size)
    b.emit(
        kind,
        op=element,
        d=first,
        a=base,
        b=second,
        c=third,
        extra=fourth,
        imm=add,
        size=size,
        count=count,
        wide=wide,
        space=code.SPACES[space],
        flags=flags,
    )


def _atomic(b, words, o) -> None:
    t, space = type_of(words), space_of(words)
    returns = words[0] == "atom"
    target, *rest = o if returns else ("_", *o)
    name = next(
        word for word in words[1:] if word in ("add", "max", "min", "and", "or", "xor", "exch", "cas", "inc", "dec")
    )
    size = SIZES[t]
    if size > 8:
        raise Unsupported(f"atomics of type {t} are unknown")
    if t in REALS:
        spelled = f"{name}.{t}" if t[-2:] != "64" and t != "f32" else {"add": "fadd"}.get(name, f"{name}.{t}")
        spelled = {"exch.f32": "xchg", "exch.f64": "xchg"}.get(spelled, spelled)
    elif name in ("max", "min"):
        spelled = name if t[0] == "s" else "u" + name
    else:
        spelled = {"exch": "xchg"}.get(name, name)
    base, wide, add = b.address(rest[0])
    names = [elements(words, text) for text in rest[1:]]
    targets = elements(words, target)
    for k in range(len(names[0])):
        values = [b.operand(group[k], WIDTHS[t], kind_of(t)) for group in names[:2]]
        d = b.register(targets[k]) if returns and targets[min(k, len(targets) - 1)] != "_" else None
        note_grain(b, space, size)
        b.emit(
            code.ATOMIC,
            op=ATOMIC_NUMBERS[spelled],
            d=d,
            a=base,
            b=values[0],
            c=values[1] if len(values) > 1 else values[0],
            imm=add + k * size,
            size=size,
            count=1,
            wide=wide,
            space=code.SPACES[space],
            flags=_flags(words) | code.STRONG,
        )


def _copy_async(b, words, o) -> None:
    """cp.async: global to shared memory, done when waited for."""
    if words[2] == "commit_group":
        b.emit(code.COMMIT_ASYNC)
    elif words[2] == "wait_group":
        b.emit(code.WAIT_ASYNC, imm=int(o[0], 0))
    elif words[2] == "wait_all":
        b.emit(code.COMMIT_ASYNC)
        b.emit(code.WAIT_ASYNC, imm=0)
    elif words[2] in ("ca", "cg") and "shared" in words and "global" in words:
        target, wide_target, add_target = b.address(o[0])
        source, wide, add = b.address(o[1])
        size = int(o[2], 0)
        given = o[3] if len(o) > 3 and not o[3].startswith("%rd") else ""
        bytes_read = b.constant(size, 32)
        if given:
            if b.is_register(given) and b.frame.rows[b.register(given)] == 0:  # ignore-src
                bytes_read = b.temporary(32)
                b.alu("selp.32", bytes_read, b.constant(0, 32), b.constant(size, 32), b.register(given))
            else:
                bytes_read = b.operand(given, 32)
        sum_ = b.temporary(64)
        if wide:
            b.alu("add.64", sum_, source, b.constant(add, 64))
        else:
            b.alu("extend.u32", sum_, source)
        shared = b.temporary(32)
        if wide_target:
            b.alu("low.32", shared, target)
            target = shared
        b.alu("add.32", shared, target, b.constant(add_target, 32))
        note_grain(b, "shared", min(size, 4))
        b.emit(code.COPY_ASYNC, a=shared, b=sum_, c=bytes_read, size=size, count=1, space=code.SHARED)
    else:
        raise Unsupported(f"it doesn't know {'.'.join(words)}")


HANDLERS = {
    **dict.fromkeys(("ld", "ldu"), _load),
    **dict.fromkeys(("atom", "red"), _atomic),
    "cvta": _cvta,
    "isspacep": _isspacep,
    "st": _store,
    "cp": _copy_async,
}
