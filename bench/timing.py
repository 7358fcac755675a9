"""Timing by turns: contenders for the same work run one after another, round after round.

What disturbs a machine (another program, its clock, its heat) then disturbs all of them alike, and their ratio holds
even where the times don't. The order changes from round to round, for each finds the caches as the one before left
them. Medians and quartiles, for disturbances only ever lengthen a time.
"""

import ctypes
import functools
import gc
import sys
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any, TypeVar

SAMPLE = 2e-3  # seconds that a sample lasts at least: the clock's own cost vanishes in it
LEAST, MOST = 3, 100  # rounds
# Seconds of calls before each sample that aren't counted. The threads of OpenBLAS go on spinning for about 25 ms (2²⁶
# cycles) after its last call, and the system takes longer still to spread the threads of whoever comes next over the
# cores: a 512³ product of ours took 4.2 ms after 60 ms of this, and 2.2 after 200.
SETTLE = 0.2
SETTLE_ALONE = 0.02  # instead, where all work with one thread: nobody's waiting threads are about
TURN = 0.05  # seconds that a turn's samples take at most
Name = TypeVar("Name", bound=Hashable)  # what contenders are called
FLUSH = 1 << 28  # bytes; the second-level caches of GPUs hold at most half of that


@dataclass(frozen=True)
class Timing:
    """What a contender took, in seconds a call."""

    samples: list[float]
    rounds: list[float] = field(default_factory=list)  # each turn's median; in the same order for all

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        if len(self.samples) < 2:
            return 0.0
        low, _, high = quantiles(self.samples, n=4, method="inclusive")
        return (high - low) / 2 / self.median


def _as_it_is(array: Any) -> Any:
    return array


@dataclass
class Contender:
    """A call to be timed, in a context that is entered around whole samples."""

    call: Callable[[], Any]
    context: Callable[[], AbstractContextManager] = nullcontext
    arrays: Mapping[str, Any] = field(default_factory=dict)  # what a call reads, by name
    changes: Sequence[Any] = ()  # those of them that it is there to change
    from_numpy: Callable[[Any], Any] = _as_it_is  # an array of NumPy as one of its own kind

    def first(self) -> float:
        """The seconds of the first call, with compilation or loading from the cache."""
        with self.context():
            started = time.perf_counter()
            self.call()
            self.wait()
            return time.perf_counter() - started

    def sample(self, repeat: int) -> float:
        """The seconds that one of so many calls takes."""
        call = self.call
        with self.context():
            started = time.perf_counter()
            for _ in range(repeat):
                call()
            return (time.perf_counter() - started) / repeat

    def wait(self) -> None:
        """Until what was called is done."""


@dataclass
class OnGPU(Contender):
    """Timed on the GPU itself, by events, with nothing of the arguments left in its caches.

    The write that empties the caches keeps the GPU busy for a tenth of a millisecond, in which the CPU gets the call
    under way: launching it counts only where it takes longer than that.
    """

    cupy: Any = None
    others: Sequence[Callable[[], Any]] = ()  # the same work on other inputs (gpu_sets.py): all take turns
    turn: int = 0

    def first(self):
        seconds = super().first()
        with self.context():
            for call in self.others:  # so that none of them is new when it is timed
                call()
        self.wait()
        return seconds

    def sample(self, repeat):
        cuda, ballast, calls = self.cupy.cuda, _ballast(self.cupy), (self.call, *self.others)
        events = [(cuda.Event(), cuda.Event()) for _ in range(min(repeat, 64))]
        with self.context():
            for start, stop in events:
                ballast.data.memset_async(0, FLUSH)
                call = calls[self.turn % len(calls)]
                self.turn += 1
                start.record()
                call()
                stop.record()
        self.wait()
        return sum(cuda.get_elapsed_time(*pair) for pair in events) / 1e3 / len(events)

    def wait(self):
        self.cupy.cuda.get_current_stream().synchronize()


@functools.cache
def _ballast(cupy: Any) -> Any:
    return cupy.empty(FLUSH, "uint8")


def race(
    contenders: Mapping[Name, Contender], budget: float, settle: float = SETTLE, least: int = LEAST
) -> dict[Name, Timing]:
    """Time them by turns for `budget` seconds, and for `least` rounds at least.

    A contender whose single call takes longer than twice the budget has only one sample.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        samples: dict[Name, list[float]] = {name: [] for name in contenders}
        repeats = {}
        for name, contender in contenders.items():
            repeat, seconds = _enough(contender)
            if seconds > 2 * budget:
                samples[name].append(seconds)
            else:
                repeats[name] = repeat
        rounds: dict[Name, list[float]] = {name: [] for name in contenders}
        order = list(repeats)
        end = time.perf_counter() + budget
        for number in range(MOST if order else 0):
            if number >= least and time.perf_counter() > end:
                break
            for name in order:
                turn = _turn(contenders[name], repeats[name], settle)
                samples[name] += turn
                rounds[name].append(median(turn))
            order.append(order.pop(0))
        return {name: Timing(taken, rounds[name]) for name, taken in samples.items()}
    finally:
        if collecting:
            gc.enable()


def _enough(contender: Contender) -> tuple[int, float]:
    """How many calls make a sample, and about what one takes."""
    repeat = 1
    while (seconds := contender.sample(repeat)) * repeat < SAMPLE and repeat < 1 << 14:
        repeat *= 2
    return repeat, seconds


def _turn(contender: Contender, repeat: int, settle: float) -> list[float]:
    """Some samples in a row, once the machine has settled to this contender."""
    end = time.perf_counter() + settle
    while time.perf_counter() < end:
        contender.sample(repeat)
    samples, end = [contender.sample(repeat)], time.perf_counter() + TURN
    while len(samples) < 5 and time.perf_counter() < end:
        samples.append(contender.sample(repeat))
    return samples


def keep_freed_memory() -> bool:
    """Ask the C library to reuse large blocks that were freed; whether it will.

    By default it returns them to the system, and every call that allocates a large result pays for thousands of page
    faults: a third of the time of a ReLU, in NumPy as here, and nothing of either's kernel.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's
    never_trim, no_mapping = (-1, 2**31 - 1), (-4, 0)  # M_TRIM_THRESHOLD, M_MMAP_MAX
    return mallopt is not None and all(mallopt(*option) == 1 for option in (never_trim, no_mapping))
