"""A ladder as a staircase: how many times as fast as its lowest rung each rung is, and where the libraries stand."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from .. import report
from ..rivals import OURS
from ..targets import Row as Contest
from . import palette, tables
from .results import Device, Kernel, Results, called, threads
from .scene import Box, Line, Log, Mark, Scene, Text, apart

TOP = "the library's"


@dataclass(frozen=True)
class Ladder:
    name: str  # of the operation
    size: str
    rungs: dict[str, float] = field(default_factory=dict)  # seconds, in the order of the climb
    rivals: dict[str, float] = field(default_factory=dict)


def found(results: Results) -> list[Ladder]:
    """Of `kernelwright bench --rungs`, the longest climbs first; of `bench cpu` those that aren't among them."""
    ladders = [ladder for device in results.devices for ladder in _of_device(device)]
    ladders.sort(key=lambda ladder: -next(iter(ladder.rungs.values())))
    seen = {(ladder.name, ladder.size) for ladder in ladders}
    return ladders + [ladder for ladder in _of_contests(results.contests) if (ladder.name, ladder.size) not in seen]


def _of_device(device: Device) -> Iterator[Ladder]:
    for top in device.drawn:
        rungs = {row.rung: row.seconds for row in device.rungs if row.rung and _case(row) == _case(top)}
        if rungs:
            climb = {rung: rungs[rung] for rung in sorted(rungs, key=_number)}
            name = top.operation if top.direction == "forward" else f"{top.operation} {top.direction}"
            rivals = {row.backend: row.seconds for row in device.others if _case(row) == _case(top)}
            yield Ladder(name, top.workload, {**climb, TOP: top.seconds}, rivals)


def _case(row: Kernel) -> tuple[str, str, str, str, int | None]:
    return row.operation, row.workload, row.direction, row.dtype, row.threads


def _of_contests(contests: list[Contest]) -> Iterator[Ladder]:
    """The library's kernel, where the same size of it was measured, is on top."""
    rows = [row for row in contests if row.group == "ladder" and row.threads == threads(contests)]
    climbs: dict[tuple[str, str], list[tuple[str, Contest]]] = defaultdict(list)
    for row in rows:
        operation, _, rung = row.operation.partition(" rung ")
        if OURS in row.seconds:
            climbs[operation, row.size].append((rung, row))
    for (operation, size), steps in climbs.items():
        rungs = {rung: row.seconds[OURS] for rung, row in sorted(steps, key=lambda step: _number(step[0]))}
        for row in contests:
            if (row.operation, row.size, row.threads) == (operation, size, threads(contests)) and OURS in row.seconds:
                rungs.setdefault(TOP, row.seconds[OURS])
        others = {name for _, row in steps for name in row.seconds} - {OURS}
        rivals = {name: median(row.seconds[name] for _, row in steps if name in row.seconds) for name in sorted(others)}
        yield Ladder(operation, size, rungs, rivals)


def _number(rung: str) -> tuple[int, str]:
    first = rung.partition("_")[0]
    return int(first) if first.isdigit() else 999, rung


def picture(ladder: Ladder, width: float = 360, height: float = 270) -> Scene:
    slowest = next(iter(ladder.rungs.values()))
    speeds = {rung: slowest / seconds for rung, seconds in ladder.rungs.items()}
    rivals = {name: slowest / seconds for name, seconds in ladder.rivals.items()}
    left, top, right, bottom = 46, 24, width - 70, height - 74
    every = [*speeds.values(), *rivals.values()]
    y = Log(0.7 * min(every), 1.6 * max(*every, 2), bottom, top)
    marks: list[Mark] = []
    for value in y.ticks(5):
        marks.append(Line(((left, y(value)), (right, y(value)))))
        marks.append(Text(left - 7, y(value) + 4, f"{value:g}×", 12, "end", "faint"))
    step = (right - left) / len(speeds)
    outline: list[tuple[float, float]] = []
    for i, (rung, speed) in enumerate(speeds.items()):
        x, name = left + step * i, rung.partition("_")[2] if rung[0].isdigit() else rung
        text = f"{ladder.name}, rung {rung}, {ladder.size}\n{report.duration(ladder.rungs[rung])}, "
        text += "where the climb begins" if i == 0 else f"{report.ratio(speed)} the lowest rung's speed"
        marks.append(Box(x, y(speed), step, bottom - y(speed), "blue", text))
        outline += [(x, y(speed)), (x + step, y(speed))]
        # Above the step it could meet a library's line.
        place, colour = (y(speed) + 17, "ground") if bottom - y(speed) > 24 else (y(speed) - 7, "ink")
        marks.append(Text(x + step / 2, place, report.ratio(speed), 12, "middle", colour, bold=True))
        marks.append(Text(x + step / 2 + 4, bottom + 16, name, 12, "end", bold=rung == TOP, angle=30))
    marks.append(Line(tuple(outline), "ink", 1.6))
    for place, (name, speed) in zip(apart([y(speed) for speed in rivals.values()], 14), rivals.items()):
        colour = palette.contender(name)
        marks.append(Line(((left, y(speed)), (right, y(speed))), colour, 1.5, dashed=True))
        marks.append(Text(right + 6, place + 4, called(name), 12, colour=colour))
    climb = "; ".join(f"{rung} {report.ratio(speed)}" for rung, speed in speeds.items())
    beside = "; ".join(f"{called(name)} {report.ratio(speed)}" for name, speed in rivals.items())
    about = f"Speed of each rung, in multiples of the lowest: {climb}. Beside it: {beside or 'nobody'}."
    return Scene(f"{ladder.name}, {ladder.size}", about, width, height, marks)


def table(ladder: Ladder) -> list[list[str | tables.Cell]]:
    everyone = {**ladder.rungs, **{called(name): seconds for name, seconds in ladder.rivals.items()}}
    return [[name, tables.cell(seconds, report.duration)] for name, seconds in everyone.items()]
