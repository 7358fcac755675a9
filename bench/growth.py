"""How time grows with one thing: a power of it, by the slope on logarithmic axes; and where two such curves cross."""

import itertools
import math
from collections.abc import Sequence

FEWEST = 3  # points of a fit


def exponent(xs: Sequence[float], seconds: Sequence[float | None]) -> float | None:
    """e of seconds ∝ x^e, by least squares through the logarithms of the upper half of the points.

    The lower half shows what a call costs whatever its size: it would flatten the slope.
    """
    points = [(math.log(x), math.log(y)) for x, y in zip(xs, seconds) if y]
    points = points[-max(FEWEST, (len(points) + 1) // 2) :]
    if len(points) < FEWEST:
        return None
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def crossovers(xs: Sequence[float], ours: Sequence[float | None], theirs: Sequence[float | None]) -> list[float]:
    """Every x at which the faster one becomes the slower, on straight lines between the points' logarithms."""
    points = [(math.log(x), math.log(a / b)) for x, a, b in zip(xs, ours, theirs) if a and b]
    found = []
    for (x, before), (end, after) in itertools.pairwise(points):
        if before * after < 0:
            found.append(math.exp(x + (end - x) * before / (before - after)))
    return found
