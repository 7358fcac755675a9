"""What every contender takes for one case: each is built, called once, proved (proof.py), and then they race."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .. import kernels
from . import fair, limits
from .compiling import compiling
from .contenders import NUMPY, RIVALS, Case, contender
from .counted import counts, too_much
from .proof import Example, Wrong, prove, two_examples, watch
from .ratios import Conditions, interval, ratio, unlike
from .timing import SETTLE, SETTLE_ALONE, Contender, Timing, race

ROUNDS = 6  # at least; of fewer no interval can be told (ratios.py)
SMALL = 1 << 24  # bytes of arguments; with fewer rounds, work on more isn't proved: it would take longer than timing it


@dataclass(frozen=True)
class Row:
    """What one contender took for one case."""

    family: str
    operation: str
    workload: str
    direction: str
    backend: str
    error: str | None = None
    seconds: float | None = None  # the median
    spread: float | None = None  # half the distance between the quartiles, as a share of it
    samples: int = 0
    first_call: float | None = None  # with compilation or loading from the cache
    compile: float | None = None  # of that, the seconds of compilation or loading
    flops: float | None = None  # a second
    bandwidth: float | None = None  # bytes a second
    bound: str | None = None  # "flops", "memory", or "cache"
    of_limit: float | None = None
    vs_numpy: float | None = None  # above 1: faster than NumPy
    dtype: str = "float32"
    threads: int | None = None  # that it may use; None on a GPU
    rung: str | None = None  # of the operation's ladder; None: the top one
    rounds: int = 0
    low: float | None = None  # seconds: the interval of at least 95 % confidence of the median round
    high: float | None = None
    proved: bool = False  # its results were held against the definition; NumPy's are the definition
    allocates: bool | None = None  # whether a call makes the arrays that it returns, as observed
    ratios: dict[str, Any] | None = None  # {rival: Ratio}
    refused: dict[str, str] | None = None  # {rival: why there is no ratio}
    simulated: dict[str, int] | None = None  # instructions, sectors, ideal_sectors, bank_wavefronts, ideal_wavefronts


SIMULATOR = "simulator"
Key = tuple[str, str | None]  # a contender: a backend or a rival, and a rung


def measure(
    case: Case,
    backends: Sequence[str],
    roofs: dict[str, limits.Limits],
    budget: float,
    rivals: Iterable[str] = (NUMPY,),
    rungs: bool = False,
    least: int = ROUNDS,
) -> list[Row]:
    """The rows of one case. A contender that fails, or is wrong, has a row that says how, and the others run on."""
    ready: dict[Key, Contender] = {}
    first: dict[Key, tuple[float, float]] = {}
    seen: dict[Key, Conditions] = {}
    rows: list[Row] = []
    rivals = [rival for rival in rivals if case.has(rival)]
    refused = {rival: why for rival in rivals if (why := case.refusal(rival))}
    keys: list[Key] = [(rival, None) for rival in rivals if rival not in refused]
    if SIMULATOR in backends:
        rows.append(_simulated(case))
    for name in (name for name in backends if name != SIMULATOR):
        keys += [(name, rung) for rung in (*(_rungs(case, name) if rungs else ()), None)]

    def attempt(keys: Iterable[Key], step: Callable[[Key], None]) -> None:
        for key in list(keys):
            try:
                step(key)
            except Exception as error:
                ready.pop(key, None)
                rows.append(failure(case, error, *key))

    def build(key: Key) -> None:
        ready[key] = contender(case, *key)

    def call_first(key: Key) -> None:
        with compiling() as spent:
            seconds = ready[key].first()
        first[key] = seconds, sum(spent)

    def check(examples: list[Example] | None, key: Key) -> None:
        found = watch(ready[key]) if examples is None or key[0] == NUMPY else prove(ready[key], examples)
        seen[key] = replace(found, threads=None if key[0] == "cupy" else fair.threads_of(key[0]))

    # All get their arrays before any is called: arrays made later would take the memory that a call has just freed,
    # and leave its next call to fetch more from the system.
    attempt(keys, build)
    attempt(ready, call_first)
    if not ready:
        return rows
    proved = least >= ROUNDS or sum(array.nbytes for array in case.arrays.values()) <= SMALL
    with two_examples(case) if proved else nullcontext() as examples:
        attempt(ready, partial(check, examples))
    del examples
    timings = race(ready, budget, SETTLE_ALONE if kernels.get_threads() == 1 else SETTLE, least)
    for key, timing in timings.items():
        row = replace(_row(case, key, first[key], timing, seen[key], roofs), proved=proved)
        rows.append(row if key[0] in RIVALS else _compared(row, key, timings, seen, refused))
    return rows


def failure(case: Case, error: Exception, backend: str, rung: str | None = None) -> Row:
    """The row of a contender that has no time."""
    return Row(*_what(case), backend, error=text(error), dtype=case.dtype, threads=kernels.get_threads(), rung=rung)


def text(error: Exception) -> str:
    """What went wrong, in a line."""
    return str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"


def _what(case: Case) -> tuple[str, str, str, str]:
    return case.operation.family, case.operation.name, case.workload, case.direction


def _simulated(case: Case) -> Row:
    """Counts, and no time."""
    row = Row(*_what(case), SIMULATOR, dtype=case.dtype)
    why = too_much(case)
    if why:
        return replace(row, refused={SIMULATOR: why})
    try:
        return replace(row, simulated=counts(case))
    except Exception as error:
        return failure(case, error, SIMULATOR)


def _rungs(case: Case, backend: str) -> list[str]:
    """The ladder of the operation, where it has one and the rungs have this direction."""
    operation, found = case.operation, kernels.backend(backend)
    key = operation.keys[case.direction == "backward"]
    return [rung for rung in found.rungs(operation.folder) if found.has(key, rung)]


def _row(
    case: Case,
    key: Key,
    first: tuple[float, float],
    timing: Timing,
    seen: Conditions,
    roofs: dict[str, limits.Limits],
) -> Row:
    cost, seconds, (name, rung) = case.cost, timing.median, key
    roof = roofs.get(NUMPY if name in RIVALS else name)
    low, high = interval(timing.rounds)
    return Row(
        *_what(case),
        name,
        seconds=seconds,
        spread=timing.spread,
        samples=len(timing.samples),
        first_call=first[0],
        compile=first[1],
        flops=cost.flops / seconds,
        bandwidth=cost.bytes / seconds,
        bound=roof and roof.bound(cost, case.dtype),
        of_limit=roof and roof.share(cost, seconds, case.dtype),
        dtype=case.dtype,
        threads=seen.threads,
        rung=rung,
        rounds=len(timing.rounds),
        low=low,
        high=high,
        allocates=seen.allocates,
    )


def _compared(
    row: Row, ours: Key, timings: dict[Key, Timing], seen: dict[Key, Conditions], refused: dict[str, str]
) -> Row:
    """The row with its ratios to those rivals that did the same work under the same conditions."""
    ratios, refused = {}, dict(refused)
    for key, timing in timings.items():
        if key[0] in RIVALS:
            why = unlike(seen[ours], seen[key])
            if why:
                refused[key[0]] = why
            else:
                ratios[key[0]] = ratio(timings[ours], timing)
    return replace(
        row,
        vs_numpy=ratios[NUMPY].value if NUMPY in ratios else None,
        ratios={name: found.plain() for name, found in ratios.items()},
        refused=refused,
    )
