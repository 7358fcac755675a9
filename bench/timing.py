"""How long a call takes: contenders in turn, medians, compilation apart."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

SAMPLE = 2e-3  # seconds that one sample lasts at least: far above the clock's step and one interruption
# Seconds between two contenders. Threads of OpenBLAS go on spinning for about 25 ms after its last call (2²⁶ cycles),
# and would take a core from whoever comes next.
PAUSE = 0.03


class Timing(NamedTuple):
    """Seconds a call."""

    median: float
    low: float  # the quartiles
    high: float
    first: float  # the first call of the process, with compilation or its load from the cache
    rounds: int

    @property
    def spread(self) -> float:
        """Half the distance of the quartiles, as a share of the median."""
        return (self.high - self.low) / 2 / self.median


def measure(contenders: dict[str, Callable[[], Any]], seconds: float) -> dict[str, Timing]:
    """Time calls on the CPU side by side for about that long, at least three rounds.

    In each round every contender gets one sample, each round beginning with another one: what the machine does
    meanwhile hits all alike. A sample repeats a short call until it lasts 2 ms, after a pause and one call that
    isn't counted.
    """
    first, repeats = {}, {}
    for name, call in contenders.items():
        first[name] = _clock(call, 1)
        once = min(_clock(call, 1) for _ in range(2))  # warm
        repeats[name] = max(1, round(SAMPLE / max(once, 1e-9)))
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    names, began = list(contenders), time.perf_counter()
    rounds = 0
    while rounds < 3 or time.perf_counter() - began < seconds:
        shift = rounds % len(names)
        for name in names[shift:] + names[:shift]:
            time.sleep(PAUSE)
            contenders[name]()
            samples[name].append(_clock(contenders[name], repeats[name]) / repeats[name])
        rounds += 1
    return {name: _summary(samples[name], first[name]) for name in names}


def measure_gpu(cupy: Any, call: Callable[[], Any], seconds: float) -> Timing:
    """Time a call on the GPU, by its own clock (events), with cold caches: 256 MB are overwritten before each."""
    stream = cupy.cuda.get_current_stream()
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    flush = cupy.empty(256 << 20, cupy.uint8)

    def sample() -> float:
        flush.fill(0)
        start.record(stream)
        call()
        end.record(stream)
        end.synchronize()
        return cupy.cuda.get_elapsed_time(start, end) / 1e3

    began = time.perf_counter()
    call()
    stream.synchronize()
    first = time.perf_counter() - began
    sample()
    samples, began = [], time.perf_counter()
    while len(samples) < 10 or (time.perf_counter() - began < seconds and len(samples) < 1000):
        samples.append(sample())
    return _summary(samples, first)


def _clock(call: Callable[[], Any], repeats: int) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - began


def _summary(samples: list[float], first: float) -> Timing:
    low, median, high = (float(x) for x in np.quantile(samples, (0.25, 0.5, 0.75)))
    return Timing(median, low, high, first, len(samples))
