"""Time over size, both on logarithmic axes: a straight line is a power of the size, its slope the exponent."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ... import kernels
from .. import report
from ..targets import Row as Contest
from . import palette, tables
from .results import Device, called, threads
from .scene import Dot, Line, Log, Mark, Scene, Text, apart, around

LEAST = 3  # points of a curve, where nobody has chosen them to be one
OURS = "ours"


@dataclass(frozen=True)
class Growth:
    """One picture: everyone's seconds over one axis."""

    title: str
    axis: str
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # by contender, (size, seconds) in order
    note: str = ""


def found(device: Device | None, contests: list[Contest], sweeps: list[dict[str, Any]]) -> list[Growth]:
    """From sweeps where they were measured; else from cubes of the matrix product, and operations of several sizes."""
    from_sweeps = [growth for growth in map(_of_sweep, sweeps) if growth.curves]
    return from_sweeps or [*_cubes(contests), *(_workloads(device) if device else ())]


def _of_sweep(sweep: dict[str, Any]) -> Growth:
    ours = kernels.backends().keys()
    curves, notes = {}, []
    for contender, seconds in sweep["seconds"].items():
        points = [(float(x), y) for x, y in zip(sweep["xs"], seconds) if y]
        if len(points) > 1:
            curves[OURS if contender in ours else contender] = points
            exponent = (sweep.get("exponent") or {}).get(contender)
            if contender in ours and exponent is not None:
                notes.append(f"ours grows with the power {exponent:.2f}")
    for rival, places in (sweep.get("crossovers") or {}).items():
        if places:
            notes.append(f"crosses {called(rival)} at {', '.join(f'{place:.3g}' for place in places)}")
    axis = sweep.get("label") or sweep["axis"]
    return Growth(f"{sweep['operation']} over {axis}", axis, curves, "; ".join(notes))


def _cubes(contests: list[Contest]) -> list[Growth]:
    """The product of square matrices, n³."""
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in contests:
        size = re.fullmatch(r"(\d+)³", row.size)
        if row.operation == "matmul" and size and row.threads == threads(contests):
            for contender, seconds in row.seconds.items():
                name = OURS if contender == "kernelwright" else contender
                curves[name].append((float(size[1]), seconds))
    kept = {name: sorted(points) for name, points in curves.items() if len(points) >= LEAST}
    return [Growth("matmul, n × n × n", "n", kept)] if kept else []


def _workloads(device: Device) -> list[Growth]:
    """Operations that were measured at three sizes or more, forward, over the bytes that they must move."""
    most = {row.threads for row in device.drawn}
    others = (row for row in device.others if row.dtype == "float32" and row.threads in most)
    rows = [row for row in (*device.drawn, *others) if row.direction == "forward"]
    pictures = []
    for operation in dict.fromkeys(row.operation for row in device.drawn):
        curves: dict[str, dict[float, float]] = defaultdict(dict)
        for row in rows:
            if row.operation == operation:
                name = OURS if row.backend == device.backend else row.backend
                size = float(f"{row.bandwidth * row.seconds / 1e6:.4g}")
                curves[name].setdefault(size, row.seconds)
        kept = {name: sorted(points.items()) for name, points in curves.items() if len(points) >= LEAST}
        if kept.get(OURS) and operation != "matmul":
            pictures.append(Growth(operation, "MB moved", kept))
    return pictures


def picture(growth: Growth, width: float = 360, height: float = 250) -> Scene:
    points = [point for curve in growth.curves.values() for point in curve]
    left, top, right, bottom = 56, 14, width - 76, height - 44
    x = Log(*around([a for a, _ in points], 1.15), left, right)
    y = Log(*around([b for _, b in points], 1.4), bottom, top)
    marks: list[Mark] = []
    for value in x.ticks(5):
        marks.append(Line(((x(value), top), (x(value), bottom))))
        marks.append(Text(x(value), bottom + 17, f"{value:g}", 12, "middle", "faint"))
    for value in y.ticks(6):
        marks.append(Line(((left, y(value)), (right, y(value)))))
        marks.append(Text(left - 7, y(value) + 4, report.duration(value), 12, "end", "faint"))
    marks.append(Text((left + right) / 2, bottom + 36, growth.axis, 12, "middle", "faint"))
    ends = apart([y(curve[-1][1]) for curve in growth.curves.values()], 15)
    for (contender, curve), end in zip(growth.curves.items(), ends):
        colour, name = palette.contender(contender), called(contender)
        mine = contender == OURS
        marks.append(Line(tuple((x(a), y(b)) for a, b in curve), colour, 2.2 if mine else 1.5, dashed=not mine))
        for a, b in curve:
            text = f"{growth.title}, {a:g} {growth.axis}\n{name}: {report.duration(b)}"
            marks.append(Dot(x(a), y(b), colour, hollow=not mine, label=text))
        marks.append(Text(x(curve[-1][0]) + 9, end + 4, name, 12, colour=colour, bold=mine))
    names = ", ".join(map(called, growth.curves))
    about = f"Time of {growth.title}, by {growth.axis}; both axes are logarithmic. Curves: {names}."
    return Scene(growth.title, about, width, height, marks)


def table(growth: Growth) -> list[list[str | tables.Cell]]:
    return [
        [called(name), tables.Cell(f"{size:g}", size), tables.cell(seconds, report.duration)]
        for name, curve in growth.curves.items()
        for size, seconds in curve
    ]
