"""Matrix instructions: their operands are lists of registers, so their rows stand in the side table."""

import re

from .. import rows as code
from ..parser import SIZES, Unsupported, split
from ..tensor import MMA_TYPES
from .common import kind_of, type_of
from .memory import note_grain, space_of


def _rows(b, text: str, kind: str = "b") -> list:
    return [b.operand(name, 32, kind) for name in split(text.strip("{} "))]


def _ldmatrix(b, words, o) -> None:
    if "m8n8" not in words or type_of(words) != "b16":
        raise Unsupported("it knows ldmatrix and stmatrix of 8 by 8 16-bit elements")
    loads = words[0] == "ldmatrix"
    rows = _rows(b, o[0 if loads else 1])
    base, wide, add = b.address(o[1 if loads else 0])
    note_grain(b, "shared", 4)
    b.emit(
        code.MATRIX_LOAD if loads else code.MATRIX_STORE,
        op=int("trans" in words),
        a=base,
        imm=add,
        wide=wide,
        count=len(rows),
        extra=None,
        size=16,
        space=code.SHARED,
        d=rows[0],
        flags=b.table(rows),
    )


def _mma(b, words, o) -> None:
    shape = next(word for word in words if re.fullmatch(r"m\d+n\d+k\d+", word))
    m, n, k = map(int, re.findall(r"\d+", shape))
    at = words.index(shape)
    kinds = [word for word in words[at + 1 :] if word in SIZES or word in ("tf32", "u4", "s4")]
    result, left, right, sum_ = kinds if len(kinds) == 4 else (kinds[0], kinds[0], kinds[0], kinds[0])
    if (
        words[0] != "mma"
        or "row" not in words
        or "sp" in words
        or left not in MMA_TYPES
        or (m, n) not in ((16, 8), (8, 8))
    ):
        raise Unsupported("this matrix product is unknown")
    if (m, n, k) == (8, 8, 4) and left == "f16":
        raise Unsupported("m8n8k4 of float16 is unknown")
    rows = [_matrix_rows(b, text, kind) for text, kind in zip(o, (result, left, right, sum_))]
    flat = [row for group in rows for row in group]
    b.emit(
        code.MATRIX_MULTIPLY,
        op=MMA_TYPES.index(left) * 16 + MMA_TYPES.index(right),
        imm=b.table(flat),
        size=m,
        count=n,
        wide=k,
        space=MMA_TYPES.index(result),
        flags=MMA_TYPES.index(sum_),
        d=rows[0][0],
    )


def _wmma(b, words, o) -> None:
    """nvcuda::wmma. Which lane holds which element is nobody's business, so fragments lie here as tensor.py likes."""
    shape = next((word for word in words if re.fullmatch(r"m\d+n\d+k\d+", word)), "m0n0k0")
    m, n, k = map(int, re.findall(r"\d+", shape))
    kinds = [word for word in words[words.index(shape) + 1 :] if word in MMA_TYPES]
    if words[1] == "mma":
        result, left, right, addend = kinds if len(kinds) == 4 else (kinds[0], "f16", "f16", kinds[1])
        rows = [_matrix_rows(b, text, kind) for text, kind in zip(o, (result, left, right, addend))]
        counts = [len(group) for group in rows]
        at = b.tables_of([m, n, k, *(MMA_TYPES.index(kind) for kind in (result, left, right, addend)), *counts])
        b.table([row for group in rows for row in group])
        columns = [words[4] == "col", words[5] == "col"]
        b.emit(code.FRAGMENT_MULTIPLY, op=columns[0] + 2 * columns[1], imm=at, d=rows[0][0])
        return
    loads, matrix = words[1] == "load", words[2]
    rows = _matrix_rows(b, o[0 if loads else 1], kinds[-1])
    base, wide, add = b.address(o[1 if loads else 0])
    high, across = {"a": (m, k), "b": (k, n)}.get(matrix, (m, n))
    size, column = SIZES["f32" if kinds[-1] in ("tf32", "s32") else kinds[-1]], "col" in words
    stride = b.operand(o[2], 32) if len(o) > 2 else b.constant(high if column else across, 32)
    at = b.tables_of([high, across])
    b.table(rows)
    space = space_of(words)
    note_grain(b, space, min(4, size))
    b.emit(
        code.FRAGMENT_LOAD if loads else code.FRAGMENT_STORE,
        op=column + 2 * (matrix in "ab"),
        a=base,
        b=stride,
        imm=add,
        wide=wide,
        count=len(rows),
        size=size,
        space=code.SPACES[space],
        flags=at,
        d=rows[0],
    )


def _matrix_rows(b, text: str, kind: str) -> list:
    width = 64 if kind == "f64" else 32
    return [b.operand(name, width, kind_of(kind)) for name in split(text.strip("{} "))]


HANDLERS = {
    **dict.fromkeys(("ldmatrix", "stmatrix"), _ldmatrix),
    "mma": _mma,
    "wmma": _wmma,
}
