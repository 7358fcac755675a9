"""Time over size, both on logarithmic axes: a straight line is a power of the size, its slope the exponent."""

import itertools
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field

from ... import kernels
from .. import report, sweeps
from ..sweeps import Sweep
from ..targets import Row as Contest
from . import palette, tables
from .results import Device, called, threads
from .scene import Dot, Line, Log, Mark, Scene, Text, apart, around, moved

LEAST = 3  # points of a curve, where nobody has chosen them to be one
OURS = "ours"
Curve = list[tuple[float, float]]  # (size, seconds), in order


@dataclass(frozen=True)
class Growth:
    """One picture: everyone's seconds over one axis."""

    title: str
    axis: str
    curves: dict[str, Curve] = field(default_factory=dict)  # by contender
    powers: dict[str, float] = field(default_factory=dict)  # by contender: seconds grow like x to that power
    crossings: list[tuple[str, float]] = field(default_factory=list)  # (rival, x) where ours meets its curve
    words: list[str] = field(default_factory=list)  # what it shows, a sentence each
    family: str = ""  # of a sweep


def found(device: Device | None, contests: list[Contest], measured: list[Sweep]) -> list[Growth]:
    """From sweeps where they were measured; else from cubes of the matrix product, and operations of several sizes."""
    from_sweeps = [growth for growth in map(of_sweep, measured) if growth.curves]
    return from_sweeps or [*_cubes(contests), *(_workloads(device) if device else ())]


def of_sweep(sweep: Sweep) -> Growth:
    first = _ours(sweep)
    curves, powers = {}, {}
    for contender, seconds in sweep.seconds.items():
        name = OURS if contender == first else contender
        points = [(float(x), y) for x, y in zip(sweep.xs, seconds) if y]
        if len(points) > 1 and contender not in sweep.refused:  # else it is told in words, not drawn beside ours
            curves[name] = points
            power = sweep.exponent.get(contender)
            if power is not None:
                powers[name] = power
    crossings = [(rival, x) for rival, places in sweep.crossovers.items() for x in places]
    title = f"{sweep.operation} over {sweep.label}"
    return Growth(title, sweep.label, curves, powers, crossings, sweeps.words(sweep), sweep.family)


def _ours(sweep: Sweep) -> str | None:
    """Our first backend, which crossovers are of."""
    return next((name for name in sweep.seconds if name in kernels.backends()), None)


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
    left, top, right, bottom = 56, 14, width - (118 if growth.powers else 76), height - 44
    x = Log(*around([a for a, _ in points], 1.15), left, right)
    y = Log(*around([b for _, b in points], 1.4), bottom, top)
    marks: list[Mark] = []
    for value in x.ticks(5):
        marks.append(Line(((x(value), top), (x(value), bottom))))
        marks.append(Text(x(value), bottom + 17, short(value), 12, "middle", "faint"))
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
        power = f" x^{growth.powers[contender]:.2f}" if contender in growth.powers else ""
        marks.append(Text(x(curve[-1][0]) + 9, end + 4, name + power, 12, colour=colour, bold=mine))
    for rival, place in growth.crossings:
        text = f"{growth.title}\nours crosses {called(rival)}'s time at {sweeps.number(place)}"
        height_there = y(between(growth.curves[rival], place))
        marks.append(Line(((x(place), height_there), (x(place), bottom)), palette.contender(rival), 1.2))
        marks.append(Dot(x(place), height_there, palette.contender(rival), "diamond", label=text, radius=5))
    names = ", ".join(map(called, growth.curves))
    said = "".join(f" {sentence[0].upper()}{sentence[1:]}." for sentence in growth.words)
    about = f"Time of {growth.title}, by {growth.axis}; both axes are logarithmic. Curves: {names}.{said}"
    return Scene(growth.title, about, width, height, marks)


def short(value: float) -> str:
    """Of a tick: 30, 3000, 100k, 1M."""
    return f"{value / 1e6:g}M" if value >= 1e6 else f"{value / 1e3:g}k" if value >= 1e4 else f"{value:g}"


def between(curve: Curve, x: float) -> float:
    """Seconds at x, on straight lines between the points' logarithms."""
    (a, below), (b, above) = next(pair for pair in itertools.pairwise(curve) if x <= pair[1][0])
    share = math.log(x / a) / math.log(b / a)
    return below * (above / below) ** share


def table(growth: Growth) -> list[list[str | tables.Cell]]:
    return [
        [called(name), tables.Cell(f"{size:g}", size), tables.cell(seconds, report.duration)]
        for name, curve in growth.curves.items()
        for size, seconds in curve
    ]


HEADS = ("operation", "family", "x", "contender", "seconds grow like", "ours crosses it at x =", "at the end ours is")


def summary(measured: list[Sweep]) -> list[list[str | tables.Cell]]:
    """A line for each curve: its power of x, and, of a rival's, where ours crosses it and who is ahead in the end."""
    lines: list[list[str | tables.Cell]] = []
    for sweep in measured:
        for contender in sweep.seconds:
            power, places = sweep.exponent.get(contender), sweep.crossovers.get(contender)
            name = OURS if contender == _ours(sweep) else called(contender)
            last = sweep.faster_at_the_end.get(contender)
            lines.append(
                [
                    *(sweep.operation, sweep.family, sweep.label, name),
                    tables.Cell("–" if power is None else f"x^{power:.2f}", power),
                    "" if places is None else "; ".join(map(sweeps.number, places)) or "nowhere",
                    sweep.refused.get(contender, "") if last is None else "faster" if last else "slower",
                ]
            )
    return lines


GAP = 36  # above each of several pictures, for its title


def together(measured: list[Sweep], columns: int = 3) -> Scene:
    """Several in one picture, each below the operation's name."""
    drawn = [picture(of_sweep(sweep)) for sweep in measured]
    width, height = drawn[0].width, drawn[0].height + GAP
    marks: list[Mark] = []
    for i, (sweep, scene) in enumerate(zip(measured, drawn)):
        right, down = width * (i % columns), height * (i // columns) + GAP
        marks.append(Text(right + 56, down - 4, sweep.operation, 13, bold=True))
        marks += [moved(mark, right, down) for mark in scene.marks]
    about = "How time grows, for each family: " + " ".join(scene.description for scene in drawn)
    rows = -(-len(drawn) // columns)
    return Scene("Time over size", about, width * min(columns, len(drawn)), height * rows, marks)
