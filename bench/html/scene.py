"""A picture as a list of simple marks, in pixels from the upper left; svg.py and png.py draw the same list.

Colours are names of palette.py, so that one picture serves light and dark.
"""

import itertools
import math
from dataclasses import dataclass, field, replace

Point = tuple[float, float]


RADIUS = 4.0


@dataclass(frozen=True)
class Line:
    points: tuple[Point, ...]
    colour: str = "grid"
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    colour: str
    label: str = ""  # what it stands for: shown on hover and read out; "" for mere decoration


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    colour: str
    shape: str = "circle"
    hollow: bool = False
    label: str = ""
    group: str = ""  # what the legend switches on and off
    radius: float = RADIUS


@dataclass(frozen=True)
class Text:
    x: float
    y: float  # of the baseline
    text: str
    size: float = 12.0
    anchor: str = "start"  # or "middle", "end"
    colour: str = "ink"
    bold: bool = False
    angle: float = 0.0  # in degrees, counter-clockwise


Mark = Line | Box | Dot | Text

# Corners in units of a dot's radius, chosen so that all shapes look about as large.
SHAPES: dict[str, tuple[Point, ...]] = {
    "circle": (),
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "up": ((0, -1.25), (1.15, 0.85), (-1.15, 0.85)),
    "down": ((0, 1.25), (1.15, -0.85), (-1.15, -0.85)),
    "left": ((-1.25, 0), (0.85, -1.15), (0.85, 1.15)),
    "right": ((1.25, 0), (-0.85, -1.15), (-0.85, 1.15)),
}


@dataclass
class Scene:
    title: str
    description: str  # for those who don't see it: what is drawn, and what it shows
    width: float
    height: float
    marks: list[Mark] = field(default_factory=list)


def moved(mark: Mark, right: float, down: float) -> Mark:
    """The same elsewhere."""
    if isinstance(mark, Line):
        return replace(mark, points=tuple((x + right, y + down) for x, y in mark.points))
    return replace(mark, x=mark.x + right, y=mark.y + down)


@dataclass(frozen=True)
class Log:
    """A logarithmic axis: values from `low` to `high` at pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 7) -> list[float]:
        """At most so many: powers of ten, every second or third where they crowd; some between where they are few."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        powers = [self._inside([10.0**k for k in range(first, last + 1) if k % step == 0]) for step in range(1, 10)]
        finer = [
            self._inside([factor * 10.0**k for k in range(first, last + 1) for factor in factors])
            for factors in ((1, 3), (1, 2, 5))
        ]
        fitting = [ticks for ticks in (*powers, *finer) if len(ticks) <= most]
        return next((ticks for ticks in fitting if len(ticks) >= 3), max(fitting, key=len, default=[]))

    def _inside(self, values: list[float]) -> list[float]:
        return [value for value in values if self.low * 0.999 <= value <= self.high * 1.001]


def around(values: list[float], room: float = 1.3) -> tuple[float, float]:
    """Limits of an axis that holds them all, a little beyond."""
    return min(values) / room, max(values) * room


def apart(places: list[float], least: float) -> list[float]:
    """The same places in the same order, moved so that neighbours are at least so far from each other."""
    order = sorted(range(len(places)), key=places.__getitem__)
    found = list(places)
    for _ in range(50):
        for above, below in itertools.pairwise(order):
            lacking = least - (found[below] - found[above])
            if lacking > 0:
                found[above] -= lacking / 2
                found[below] += lacking / 2
    return found
