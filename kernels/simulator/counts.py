"""Counters of the machine's rows → figures of source lines."""

import numpy as np

from .parser import Place
from .program import Program
from .report import Line
from .rows import (
    ARITHMETIC,
    COUNT,
    END,
    FRAGMENT_MULTIPLY,
    IMM,
    KIND,
    MATRIX_MULTIPLY,
    SIZE,
    WIDE,
)
from .state import (
    ATOMICS,
    CONFLICTS,
    EXECUTIONS,
    GLOBAL_BYTES,
    IDEAL_SECTORS,
    IDEAL_WAVEFRONTS,
    LANES,
    REQUESTS,
    SECTOR_COUNT,
    SHARED_BYTES,
    SHARED_REQUESTS,
    WAVEFRONTS,
)


def gather_lines(kernel: Program, counts: np.ndarray) -> tuple[dict[int, Line], dict[str, Line]]:
    """Counters of code rows → of source lines; of headers, whose functions weren't inlined, apart."""
    executions, lanes = _spread_runs(kernel, counts)
    lines: dict[int, Line] = {}
    places: dict[str, Line] = {}
    active: dict[int, float] = {}
    for pc, place in enumerate(kernel.places):
        if not executions[pc]:
            continue
        line = _line_of(place, lines, places)
        c = counts[pc]
        line.executions += int(executions[pc])
        active[id(line)] = active.get(id(line), 0.0) + float(lanes[pc])
        line.requests += int(c[REQUESTS])
        line.sectors += int(c[SECTOR_COUNT])
        line.ideal_sectors += int(c[IDEAL_SECTORS])
        line.shared_requests += int(c[SHARED_REQUESTS])
        line.bank_wavefronts += int(c[WAVEFRONTS])
        line.ideal_wavefronts += int(c[IDEAL_WAVEFRONTS])
        line.global_bytes += int(c[GLOBAL_BYTES])
        line.shared_bytes += int(c[SHARED_BYTES])
        line.atomics += int(c[ATOMICS])
        line.atomic_conflicts += int(c[CONFLICTS])
        if kernel.names[pc]:
            kind, factor = arithmetic_kind(kernel.names[pc])
            line.arithmetic[kind] = line.arithmetic.get(kind, 0) + factor * int(lanes[pc])
        elif operations := matrix_operations(kernel, pc):
            line.arithmetic["tensor"] = line.arithmetic.get("tensor", 0) + operations * int(executions[pc])
    for line in (*lines.values(), *places.values()):
        line.active_lanes = active[id(line)] / line.executions
    return dict(sorted(lines.items())), dict(sorted(places.items()))


def _line_of(place: Place, lines: dict[int, Line], places: dict[str, Line]) -> Line:
    if place.line:
        return lines.setdefault(place.line, Line())
    return places.setdefault(f"{place.file}:{place.file_line}", Line())


def _spread_runs(kernel: Program, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A stretch of arithmetic is counted where it begins: give its count to all of its rows."""
    executions, lanes = counts[:, EXECUTIONS].copy(), counts[:, LANES].copy()
    end = kernel.code[:, END]
    for pc in range(1, len(executions)):
        if kernel.code[pc, KIND] == kernel.code[pc - 1, KIND] == ARITHMETIC and end[pc] == end[pc - 1]:
            executions[pc] += executions[pc - 1]
            lanes[pc] += lanes[pc - 1]
    return executions, lanes


def matrix_operations(kernel: Program, pc: int) -> int:
    """Multiplications and additions of a row, if it is a matrix product."""
    row = kernel.code[pc]
    if row[KIND] == MATRIX_MULTIPLY:
        return 2 * int(row[SIZE]) * int(row[COUNT]) * int(row[WIDE])
    if row[KIND] == FRAGMENT_MULTIPLY:
        m, n, k = kernel.tables[row[IMM] : row[IMM] + 3]
        return 2 * m * n * k
    return 0


def arithmetic_kind(name: str) -> tuple[str, int]:
    """What an operation counts as, and how many it is: a fused multiply-add is two."""
    kinds = {"f32": "fp32", "f64": "fp64", "f16": "fp16", "bf16": "bf16", "f16x2": "fp16", "bf16x2": "bf16"}
    base, last = name.split(".")[0], name.split(".")[-1]
    factor = (2 if base == "fma" else 1) * (2 if last.endswith("x2") else 1)
    if base in ("mov", "selp", "setp", "join", "low", "high", "prmt"):
        return "move", 1
    if base in ("cvt", "extend", "round"):
        return "convert", 1
    if last in kinds:
        special = base in ("ex2", "lg2", "sin", "cos", "tanh", "rsqrt", "sqrt", "rcp", "div")
        return "special" if special else kinds[last], factor
    return "int", 1
