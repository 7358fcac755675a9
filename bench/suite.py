"""The benchmark: every operation of the catalog, on each backend of this machine, beside its rivals and the limits.

A share of the limit is the time that the call's least work (Operation.cost) would take at the measured peak of
arithmetic or of memory, whichever is longer, over the time that it took.

What `--json` writes (`bench/results/cpu.json` is such a file; keys that have nothing to say are null, and old files
lack those marked +):

    machine    where the figures come from (machine.py): date, commit, cpu, cores, threads, versions, blas, load, …
               + against: {rival: its version};  + environment: {variable: what was set to be fair}
               + noise: {others: the share of the processor that other programs used, spread: the rows' median spread,
                 undecided, decided: how many ratios, warning: a sentence, or null}
               + fairness: [what was done so that ratios are of like things, a sentence each]
    limits     {backend: Limits}: the roofline of its device (limits.py): flops, bandwidth, cache, how, …
    quick      one size of each, forward only, too few rounds to decide
    complete   false after Ctrl-C
    rows       [Row]: what one contender took for one case; the case is (operation, workload, direction, dtype, threads)
    sweeps   + [Sweep]: how cost grows (sweeps.py)
        family, operation
        axis         "size", "batch", "width" or "threads"
        label        what x is, in words: "side of square matrices"
        xs           [x, …], rising
        seconds      {contender: [median seconds at each x, or null]}; contenders: numba, cupy, numpy, torch, …
        exponent     {contender: e}: seconds grow like x^e, where x is large (the upper half of xs); null if unknown
        crossovers   {rival: [x, …]}: where numba's time crosses the rival's, interpolated; empty: nowhere within xs
        faster_at_the_end   {rival: whether numba is the faster one at the largest x}

A Row (below): `backend` names the contender, a backend of ours or a rival (numpy, torch, jax, numexpr). A row with an
`error` has no figures: what it returned was wrong, or it failed. Of a row with `simulated`, the simulator ran the CUDA
C: it has counts and no time. `ratios` is {rival: Ratio}, of our rows only:

    value            the rival's time over ours, the median over rounds: above 1 we are faster
    low, high        its interval of at least 95 % confidence; null if there are too few rounds (fewer than 6)
    verdict          "faster", "slower": all of the interval is on that side of 1; else "undecided"

and `refused` is {rival: why there is no ratio}: the two aren't like things (dtype, threads, allocation).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.operation import CATALOG, Operation
from . import limits, machine, report
from .contenders import NUMPY, Case, cases, contender
from .timing import Timing, keep_freed_memory, race

BUDGET, QUICK_BUDGET = 1.0, 0.3  # seconds for the rounds of a case


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
    allocates: bool | None = None  # whether a call makes the arrays that it returns, as observed
    ratios: dict[str, Any] | None = None  # {rival: Ratio}
    refused: dict[str, str] | None = None  # {rival: why there is no ratio}
    simulated: dict[str, int] | None = None  # instructions, sectors, ideal_sectors, bank_wavefronts, ideal_wavefronts


def measure(case: Case, backends: Iterable[str], roofs: dict[str, limits.Limits], budget: float) -> list[Row]:
    """The rows of one case. A contender that fails has a row that says how, and the others run on."""
    ready, first, rows = {}, {}, []

    def attempt(name: str, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            ready.pop(name, None)
            rows.append(Row(*_what(case), name, error=f"{type(error).__name__}: {error}"))

    # All get their arrays before any is called: arrays made later would take the memory that a call has just freed,
    # and leave its next call to fetch more from the system.
    for name in (*((NUMPY,) if case.numpy_does_the_same else ()), *backends):
        attempt(name, lambda name=name: ready.update({name: contender(case, name)}))
    for name, entrant in list(ready.items()):
        attempt(name, lambda name=name, entrant=entrant: first.update({name: entrant.first()}))
    timings = race(ready, budget)
    for name, timing in timings.items():
        rows.append(_row(case, name, first[name], timing, roofs.get(name), timings.get(NUMPY)))
    return rows


def _what(case: Case) -> tuple[str, str, str, str]:
    return case.operation.family, case.operation.name, case.workload, case.direction


def _row(case: Case, name: str, first: float, timing: Timing, roof: limits.Limits | None, numpy: Timing | None) -> Row:
    cost, seconds = case.cost, timing.median
    return Row(
        *_what(case),
        name,
        seconds=seconds,
        spread=timing.spread,
        samples=len(timing.samples),
        first_call=first,
        flops=cost.flops / seconds,
        bandwidth=cost.bytes / seconds,
        bound=roof and roof.bound(cost),
        of_limit=roof and roof.share(cost, seconds),
        vs_numpy=None if numpy is None or name == NUMPY else numpy.median / seconds,
    )


def run(families: list[str], quick: bool, backends: list[str] | None, json: Path | None, markdown: Path | None) -> int:
    """Measure, show, write; the exit code: 1 if anything failed, 130 after Ctrl-C, with what there was till then."""
    operations = _chosen(families)
    names = tuple(_backends(backends))
    report.check_outputs(json, markdown)
    kept = keep_freed_memory()
    roofs = _roofs(names)
    about = {**machine.describe(names), "freed_memory_is_kept": kept}
    print(machine.line(about))
    for device, roof in roofs.items():
        if device != NUMPY:
            print(report.limits_line(device, roof))
    if NUMPY in roofs and roofs[NUMPY].crowded(min(about["threads"], about["cores"])):
        print("warning: something else uses the processor's cores, or they are rationed: figures will be off")
    rows: list[Row] = []
    interrupted = False
    try:
        with np.errstate(all="ignore"):  # updates walk far from where they began
            for found in _walk(operations, quick, names, roofs):
                rows += found
    except KeyboardInterrupt:
        interrupted = True
    report.show(rows, roofs)
    results = {
        "machine": about,
        "limits": {name: asdict(roof) for name, roof in roofs.items()},
        "quick": quick,
        "complete": not interrupted,
        "rows": [asdict(row) for row in rows],
    }
    if json:
        report.write_json(json, results)
    if markdown and not interrupted:
        report.write_markdown(markdown, report.figures(results))
    return 130 if interrupted else int(any(row.error for row in rows))


def _walk(operations: list[Operation], quick: bool, backends, roofs) -> Iterator[list[Row]]:
    budget = QUICK_BUDGET if quick else BUDGET
    with report.progress(len(operations)) as say:
        for operation in operations:
            say(operation.name, 0)
            try:
                for case in cases(operation, quick):
                    say(f"{operation.name} {case.workload} {case.direction}", 0)
                    yield measure(case, backends, roofs, budget)
            except Exception as error:  # its declaration fails; the rest of the catalog needn't suffer
                text = f"{type(error).__name__}: {error}"
                yield [Row(operation.family, operation.name, "", "", "", error=text)]
            say(operation.name, 1)


def _chosen(families: list[str]) -> list[Operation]:
    """The operations of these families, or of these names; all if there are none."""
    known = {operation.family for operation in CATALOG.values()} | set(CATALOG)
    for name in families:
        if name not in known:
            raise ValueError(f"bench: there is no family {name!r}: it must be one of {', '.join(_families())}")
    return [o for o in CATALOG.values() if not families or o.family in families or o.name in families]


def _families() -> list[str]:
    return sorted({operation.family for operation in CATALOG.values()})


def _backends(names: list[str] | None) -> list[str]:
    if names is None:
        others = ("reference", "simulator")  # the one is compared with anyway, the other is no way to compute
        return [name for name, why_not in kernels.backends().items() if why_not is None and name not in others]
    for name in names:
        kernels.backend(name)  # raises, if it can't run here
        if name == "simulator":
            own = "kernelwright bench simulator"
            raise ValueError(f"bench: simulated time says nothing of a kernel's; for the simulator's own: {own}")
    return list(dict.fromkeys(names))


def _roofs(backends: Iterable[str]) -> dict[str, limits.Limits]:
    """The limits of each contender's device."""
    found = {}
    if kernels.backends()["numba"] is None:  # the compiler that the measurement needs
        cpu = limits.of_cpu()
        found = {name: cpu for name in (NUMPY, "reference", "numba") if name == NUMPY or name in backends}
    if "cupy" in backends:
        device: Any = kernels.backend("cupy").device
        found["cupy"] = limits.of_gpu(device)
    return found
