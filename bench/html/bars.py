"""How many times as fast as another library: a bar for each family, on a logarithmic axis that begins at 1."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import geometric_mean

from .. import report
from ..targets import FIRST_USE, MEMORY
from ..targets import Row as Contest
from . import tables
from .results import Device, threads
from .scene import Box, Line, Log, Mark, Scene, Text

NAMES = {"every activation": "all activations", "every loss": "all losses", "every optimizer": "all optimizers"}
APART = ("ladder", FIRST_USE, MEMORY)  # groups of `bench cpu` that aren't kernels against another's


@dataclass(frozen=True)
class Bar:
    name: str
    mean: float  # the geometric mean of the ratios
    worst: float
    best: float
    count: int
    worst_at: str


def rivals(device: Device) -> list[str]:
    """Whom its kernels were timed beside."""
    return list(dict.fromkeys(rival for row in device.drawn for rival in row.ratios))


def of_kernels(device: Device, rival: str) -> list[Bar]:
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for row in device.drawn:
        if rival in row.ratios:
            found[row.family].append((row.ratios[rival], f"{row.operation} {row.workload} {row.direction}"))
    return _bars(found)


def ratios(contests: list[Contest], rival: str) -> Iterator[tuple[str, float, str]]:
    """(family, ratio, which work) of `bench cpu`, with as many threads as were measured.

    A family that was measured with fewer alone, as attention is, has their number in its name.
    """
    most = threads(contests)
    with_most = {row.group for row in contests if row.threads == most}
    for row in contests:
        ratio = row.ratio(rival)
        if ratio is None or row.group in APART or (row.threads != most and row.group in with_most):
            continue
        fewer = "" if row.threads == most else ", 1 thread" if row.threads == 1 else f", {row.threads} threads"
        yield NAMES.get(row.group, row.group) + fewer, ratio, f"{row.operation} {row.size}"


def of_contests(contests: list[Contest], rival: str) -> list[Bar]:
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, ratio, where in ratios(contests, rival):
        found[name].append((ratio, where))
    return _bars(found)


def _bars(found: dict[str, list[tuple[float, str]]]) -> list[Bar]:
    bars = []
    for name, pairs in found.items():
        values = [value for value, _ in pairs]
        worst, where = min(pairs)
        bars.append(Bar(name, geometric_mean(values), worst, max(values), len(pairs), where))
    return sorted(bars, key=lambda bar: -bar.mean)


def picture(bars: list[Bar], rival: str, width: float = 640) -> Scene:
    """The bar: the geometric mean; the thin line: from the worst to the best."""
    step, top = 30, 34
    left = 14 + 7.2 * max(len(bar.name) for bar in bars)
    right, bottom = width - 58, top + step * len(bars)
    low, high = min(0.5, *(bar.worst for bar in bars)), max(4.0, *(bar.best for bar in bars))
    x = Log(low / 1.1, high * 1.1, left, right)
    marks: list[Mark] = []
    for value in x.ticks(5):
        marks.append(Line(((x(value), top - 6), (x(value), bottom))))
        marks.append(Text(x(value), top - 14, f"{value:g}×", 12, "middle", "faint"))
    for i, bar in enumerate(bars):
        y = top + step * i + step / 2
        ends = sorted((x(1), x(bar.mean)))
        text = _label(bar, rival)
        paint = "blue" if bar.mean >= 1 else "vermilion"
        marks.append(Text(left - 12, y + 4, bar.name, 13, "end"))
        marks.append(Box(ends[0], y - 8, max(ends[1] - ends[0], 1.5), 16, paint, text))
        marks.append(Line(((x(bar.worst), y), (x(bar.best), y)), "axis", 1.4))
        marks += [Line(((x(end), y - 4), (x(end), y + 4)), "axis", 1.4) for end in (bar.worst, bar.best)]
        marks.append(Text(width - 4, y + 4, report.ratio(bar.mean), 13, "end", bold=True))
    marks.append(Line(((x(1), top - 6), (x(1), bottom)), "ink", 1.4))
    summary = "; ".join(f"{bar.name} {report.ratio(bar.mean)}" for bar in bars)
    return Scene(
        f"Speed against {rival}",
        f"A bar for each family: the other's time over ours, geometric mean; above 1 we are faster. {summary}.",
        *(width, bottom + 8, marks),
    )


def _label(bar: Bar, rival: str) -> str:
    return (
        f"{bar.name}: {report.ratio(bar.mean)} {rival}'s speed, geometric mean of {bar.count}\n"
        f"from {report.ratio(bar.worst)} ({bar.worst_at}) to {report.ratio(bar.best)}"
    )


HEADS = ("family", "mean", "worst", "at", "best", "measurements")


def table(bars: list[Bar]) -> list[list[str | tables.Cell]]:
    return [
        [
            *(bar.name, tables.cell(bar.mean), tables.cell(bar.worst), bar.worst_at, tables.cell(bar.best)),
            tables.Cell(str(bar.count), bar.count),
        ]
        for bar in bars
    ]
