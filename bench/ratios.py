"""Which of two is faster, and how sure that is: a ratio of paired rounds, its interval, a verdict.

In each round both had their turn, one after the other, so the ratio of that round is free of whatever is slow about the
machine just then. The ratio is the median over rounds. Its interval lies between two of the sorted ratios, the
k-th smallest and the k-th largest: the median of what more rounds would show is left of the k-th smallest only if
fewer than k of n fair coins fall heads (the interval that inverts the sign test: Conover, Practical Nonparametric
Statistics, 3.2). That holds whatever the distribution of times, which is far from normal; it takes 6 rounds to say
anything with 95 %.

There is a ratio of like things alone: `unlike` says what differs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Any

from .timing import Timing

CONFIDENCE = 0.95
FASTER, SLOWER, UNDECIDED = "faster", "slower", "undecided"


@dataclass(frozen=True)
class Ratio:
    """A rival's time over ours: above 1 we are faster."""

    value: float
    low: float | None = None  # the interval; None: too few rounds
    high: float | None = None

    @property
    def verdict(self) -> str:
        if self.low is None or self.high is None or self.low <= 1 <= self.high:
            return UNDECIDED
        return FASTER if self.low > 1 else SLOWER

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"value": self.value, "low": self.low, "high": self.high, "verdict": self.verdict}


@dataclass(frozen=True)
class Conditions:
    """What must be alike for a ratio to mean anything; None where it isn't known."""

    dtype: str | None = None
    threads: int | None = None
    allocates: bool | None = None  # whether each call makes the arrays that it returns


def ratio(ours: Timing, theirs: Timing) -> Ratio:
    """Theirs over ours."""
    pairs = [their / our for our, their in zip(ours.rounds, theirs.rounds)]
    if not pairs:
        return Ratio(theirs.median / ours.median)
    low, high = interval(pairs)
    return Ratio(median(pairs), low, high)


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float | None, float | None]:
    """Where the median lies that many more such values would have; (None, None) if these are too few to say."""
    n, k, outside = len(values), 0, 0.0
    # `outside`: the probability that fewer than k + 1 of the values lie on the one side of the median, or on the other.
    while (outside := outside + 2 * comb(n, k) / 2**n) <= 1 - confidence:
        k += 1
    if k == 0:
        return None, None
    ordered = sorted(values)
    return ordered[k - 1], ordered[n - k]


def unlike(ours: Conditions, theirs: Conditions) -> str | None:
    """Why there can be no ratio of the two, in a few words; None if there can."""
    if None not in (ours.dtype, theirs.dtype) and ours.dtype != theirs.dtype:
        return f"it computes in {theirs.dtype}, we in {ours.dtype}"
    if None not in (ours.threads, theirs.threads) and ours.threads != theirs.threads:
        return f"it may use {_threads(theirs.threads)}, we {_threads(ours.threads)}"
    if None not in (ours.allocates, theirs.allocates) and ours.allocates != theirs.allocates:
        made = "makes new arrays for its results", "writes into arrays that are there"
        return f"it {made[not theirs.allocates]}, ours {made[not ours.allocates]}"
    return None


def _threads(count: int | None) -> str:
    return f"{count} thread{'s' * (count != 1)}"
