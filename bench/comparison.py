"""Two runs of the suite on one machine: what became slower or faster, beyond the noise.

NumPy's and PyTorch's own times are the yardstick, for their code is the same in both runs. Their median change is the
machine's, and is taken out of ours; how far they scatter around it is what a change must exceed, and 5 % in any case:

    counts ⇔ |log change| > max(log 1.05, 3 σ)    σ = 1.48 · the median of |log change of a rival|, a robust estimate

and the intervals of both medians must lie apart.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from . import report
from .contenders import RIVALS

LEAST = 0.05  # changes below this are never told: a compiler may place the same code elsewhere
ENOUGH = 5  # rows of rivals, below which the machine's own change isn't known


@dataclass(frozen=True)
class Change:
    """What one of our rows took then and now."""

    what: str
    before: float  # seconds
    after: float
    change: float  # after over before, without the machine's own change: above 1 it is slower
    counts: bool


@dataclass(frozen=True)
class Comparison:
    """All changes, the worst first."""

    changes: list[Change]
    machine: float  # the rivals' median change
    least: float  # the change that counts
    rivals: int  # rows that say so
    missing: int  # rows of before that weren't measured now

    @property
    def slower(self) -> list[Change]:
        return [one for one in self.changes if one.counts and one.change > 1]

    @property
    def faster(self) -> list[Change]:
        return [one for one in self.changes if one.counts and one.change < 1]


def read(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """The older results, refused where they come from another processor than this one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        before = found["machine"]["cpu"]
        _ = [row["seconds"] for row in found["rows"]]
    except (ValueError, LookupError, TypeError):
        raise ValueError(f"bench: --compare {path}: it holds no results of kernelwright bench --json") from None
    if before != about["cpu"]:
        raise ValueError(f"bench: --compare {path}: it was measured on {before}, and this is {about['cpu']}: no ratio")
    return found


def compare(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
    """Of two results as the suite writes them."""
    before, after = _by_case(old), _by_case(new)
    both = [(key, before[key], after[key]) for key in after if key in before]
    yardstick = [
        math.log(now["seconds"] / then["seconds"])
        for key, then, now in both
        if then["backend"] in RIVALS and _same_version(then["backend"], old["machine"], new["machine"])
    ]
    drift = sigma = 0.0
    if len(yardstick) >= ENOUGH:
        drift = median(yardstick)
        sigma = 1.48 * median(abs(one - drift) for one in yardstick)
    least = max(math.log1p(LEAST), 3 * sigma)
    changes = []
    for key, then, now in both:
        if then["backend"] in RIVALS:
            continue
        change = math.log(now["seconds"] / then["seconds"]) - drift
        counts = abs(change) > least and _apart(then, now, math.exp(drift))
        what = " ".join(str(part) for part in key if part)
        changes.append(Change(what, then["seconds"], now["seconds"], math.exp(change), counts))
    changes.sort(key=lambda one: -one.change)
    missing = sum(key not in after for key in before)
    return Comparison(changes, math.exp(drift), math.expm1(least), len(yardstick), missing)


def _by_case(results: dict[str, Any]) -> dict[tuple, dict[str, Any]]:
    names = ("operation", "workload", "direction", "backend", "rung")
    found = {}
    for row in results["rows"]:
        if row["seconds"]:
            threads = row.get("threads") or results["machine"].get("threads")
            key = (*(row.get(name) for name in names), row.get("dtype", "float32"), f"threads={threads}")
            found[key] = row
    return found


def _same_version(rival: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    def version(about: dict[str, Any]) -> Any:
        return about.get("against", {}).get(rival) or about.get(rival)

    return version(old) == version(new)


def _apart(then: dict[str, Any], now: dict[str, Any], drift: float) -> bool:
    """Whether the two intervals of the median don't touch."""
    (low, high), (low_now, high_now) = _interval(then), _interval(now)
    return low_now / drift > high or high_now / drift < low


def _interval(row: dict[str, Any]) -> tuple[float, float]:
    """That of the rounds; where they were too few, half the distance between the quartiles to each side."""
    if row.get("low") is not None:
        return row["low"], row["high"]
    return row["seconds"] * (1 - row["spread"]), row["seconds"] * (1 + row["spread"])


def sentences(found: Comparison, path: Path) -> Iterable[str]:
    """What there is to say, for people."""
    if found.rivals >= ENOUGH:
        yield (
            f"compared with {path}: {found.rivals} times of NumPy and other libraries, whose code is the same, are "
            f"now {found.machine:.2f} times what they were; ours are corrected by that, and changes count from "
            f"{found.least:.0%} on"
        )
    else:
        yield (
            f"compared with {path}: too few times of NumPy and other libraries to know the machine's own change; "
            f"ours count from {LEAST:.0%} on"
        )
    for word, changes in (("slower", found.slower), ("faster", reversed(found.faster))):
        for one in changes:
            times = f"{report.duration(one.before)} → {report.duration(one.after)}"
            yield f"  {word}: {one.what}: {times}, {one.change:.2f} times"
    counts = f"{len(found.slower)} slower, {len(found.faster)} faster, of {len(found.changes)}"
    yield counts + (f"; {found.missing} rows of then were not measured now" if found.missing else "")
