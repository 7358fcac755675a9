"""The roofline: every kernel by how much arithmetic it does for each byte, and how fast it does it.

    GFLOP/s │          ┌──────────── what multiply-adds in registers reach
            │        ╱   ·   ·
            │      ╱  ·
            │    ╱ ·       what memory allows: bandwidth × FLOP per byte
            └──────────────────── FLOP per byte

After Williams, Waterman and Patterson, "Roofline", Communications of the ACM 52(4), 2009.
"""

import math
from collections.abc import Iterable

from .. import report
from .results import TENSOR_CORES, Device, Kernel, called
from .scene import RADIUS, Dot, Line, Log, Mark, Scene, Text

# Families that are alike in what they read and compute share a colour and a shape.
GROUPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "products": ("blue", "circle", ("matmul", "distance", "experts")),
    "images": ("vermilion", "square", ("convolution", "pooling", "resampling")),
    "sequences": ("purple", "diamond", ("recurrence", "attention", "embedding")),
    "rows": ("green", "up", ("softmax", "normalization", "reductions")),
    "elements": ("sky", "down", ("activations", "random")),
    "losses": ("ochre", "right", ("losses",)),
    "updates": ("slate", "left", ("updates",)),
}
OTHERS = ("ink", "circle")


def group_of(family: str) -> str:
    return next((name for name, (_, _, families) in GROUPS.items() if family in families), "others")


def groups(rows: Iterable[Kernel]) -> dict[str, int]:
    """Those that there are, in the legend's order, and how many points each has."""
    found = [group_of(row.family) for row in rows]
    return {name: found.count(name) for name in (*GROUPS, "others") if name in found}


def look(group: str) -> tuple[str, str]:
    """Colour and shape."""
    return GROUPS[group][:2] if group in GROUPS else OTHERS


def intensity(row: Kernel) -> float:
    """FLOP a byte, of the least work that the call needs."""
    return row.flops / row.bandwidth


def label(row: Kernel) -> str:
    lines = [
        f"{row.operation} {row.workload}, {row.direction}",
        f"{report.duration(row.seconds)}, {report.rate(row.flops)} GFLOP/s, {report.rate(row.bandwidth)} GB/s",
        "fits in the cache" if row.bound == "cache" else f"{report.share(row.of_limit, row.bound)} of the limit",
    ]
    for rival, ratio in row.ratios.items():
        sure = "" if rival not in row.intervals else " ({} to {})".format(*map(report.ratio, row.intervals[rival]))
        lines.append(f"{report.ratio(ratio)} {called(rival)}'s speed{sure}")
    return "\n".join(lines)


def picture(device: Device, width: float = 880, height: float = 520, legend: bool = False) -> Scene | None:
    """None where no kernel's work is known. `legend`: drawn, for where there is no page around."""
    rows = device.drawn
    if not rows:
        return None
    peak, bandwidth = device.limits["flops"], device.limits["bandwidth"]
    # That of one thread may be higher, where others use the cores.
    highest = max(peak, device.limits.get("flops_one_thread") or 0, *_tensor_cores(device).values())
    left, top, right, bottom = 58, 58 if legend else 16, width - 14, height - 46
    # A few calls that hardly compute, such as counting, would squeeze all others: they stand on the edge.
    least, most = _but_few([*map(intensity, rows), peak / bandwidth])
    slowest, fastest = _but_few([row.flops for row in rows])
    x, y = Log(least / 1.5, most * 1.5, left, right), Log(slowest / 2, max(1.7 * highest, 1.2 * fastest), bottom, top)
    marks: list[Mark] = [*_grid(x, y, left, top, right, bottom), *_roof(device, x, y, width)]
    radius = RADIUS if width > 500 else 0.75 * RADIUS
    for row in sorted(rows, key=lambda row: row.bound != "cache"):
        colour, shape = look(group_of(row.family))
        place = max(x(intensity(row)), left), min(y(row.flops), bottom)
        marks.append(Dot(*place, colour, shape, row.bound == "cache", label(row), group_of(row.family), radius))
    if legend:
        marks += _legend(rows, left)
    return Scene(
        f"Roofline of {device.backend}",
        f"{len(rows)} measurements of kernels as points: to the right, the more arithmetic for each byte; up, the more "
        f"arithmetic a second. Lines show this machine's limits: {report.rate(peak)} GFLOP/s, and "
        f"{report.rate(bandwidth)} GB/s. Hollow points fit in the cache and may lie above the slope.",
        *(width, height, marks),
    )


def _but_few(values: list[float]) -> tuple[float, float]:
    """The least but for one in a hundred, and the largest."""
    ordered = sorted(values)
    return ordered[len(ordered) // 100], ordered[-1]


def _grid(x: Log, y: Log, left: float, top: float, right: float, bottom: float) -> list[Mark]:
    marks: list[Mark] = []
    for value in x.ticks():
        marks += [Line(((x(value), top), (x(value), bottom)))]
        marks += [Text(x(value), bottom + 18, f"{value:g}", 12, "middle", "faint")]
    for value in y.ticks():
        marks += [Line(((left, y(value)), (right, y(value))))]
        marks += [Text(left - 8, y(value) + 4, f"{value / 1e9:g}", 12, "end", "faint")]
    marks.append(Text((left + right) / 2, bottom + 38, "FLOP per byte", 12, "middle", "faint"))
    marks.append(Text(14, (top + bottom) / 2, "GFLOP/s", 12, "middle", "faint", angle=90))
    return marks


def _roof(device: Device, x: Log, y: Log, width: float) -> list[Mark]:
    peak, bandwidth = device.limits["flops"], device.limits["bandwidth"]
    ridge = peak / bandwidth
    foot = max(x.low, y.low / bandwidth)
    corners = ((x(foot), y(foot * bandwidth)), (x(ridge), y(peak)), (x.end, y(peak)))
    marks: list[Mark] = [Line(corners, "ink", 1.8)]
    (x0, y0), (x1, y1), _ = corners
    angle = math.degrees(math.atan2(y0 - y1, x1 - x0))
    name = f"{'memory: ' if width > 500 else ''}{report.rate(bandwidth)} GB/s"
    marks.append(Text(x0 + 0.03 * (x1 - x0), y0 + 0.03 * (y1 - y0) - 7, name, 12, angle=angle))
    name = f"{report.rate(peak)} GFLOP/s"
    marks.append(Text(x.end, y(peak) - 7, name, 12, "end", "ink"))
    for kind, flops in _tensor_cores(device).items():
        marks.append(Line(((x(max(flops / bandwidth, x.low)), y(flops)), (x.end, y(flops))), "axis", 1.2, dashed=True))
        marks.append(Text(x.end, y(flops) - 6, f"{report.rate(flops)} by tensor cores, {kind}", 12, "end", "faint"))
    one = device.limits.get("flops_one_thread")
    if one:
        start = max(one / bandwidth, x.low)
        marks.append(Line(((x(start), y(one)), (x.end, y(one))), "axis", 1.2, dashed=True))
        # Beside the slope's upper end, where hardly any kernel lies.
        text = f"{report.rate(one)} by one thread" if width > 500 else "1 thread"
        marks.append(Text(x(ridge) + 6, y(one) - 6, text, 12, colour="faint"))
    return marks


def _tensor_cores(device: Device) -> dict[str, float]:
    """What they reach, by the kind of their factors; of a GPU's limits alone."""
    return device.limits.get(TENSOR_CORES) or {}


def _legend(rows: list[Kernel], left: float) -> list[Mark]:
    marks: list[Mark] = []
    place = left
    for name in groups(rows):
        colour, shape = look(name)
        marks += [Dot(place + 5, 20, colour, shape), Text(place + 15, 24, name, 12)]
        place += 34 + 7.2 * len(name)
    marks += [Dot(left + 5, 42, "faint", "circle"), Text(left + 15, 46, "from memory", 12, colour="faint")]
    marks += [Dot(left + 125, 42, "faint", "circle", True), Text(left + 135, 46, "in the cache", 12, colour="faint")]
    return marks
