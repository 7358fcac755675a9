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
    sweeps   + [Sweep]: how cost grows, of `--sweep`, which measures no rows (sweeps.py)
        family, operation
        axis         "size", "batch", "width" or "threads"
        label        what x is, in words: "side of square matrices"
        xs           [x, …], rising
        seconds      {contender: [median seconds at each x, or null]}; contenders: a backend of ours, or a rival
        exponent     {contender: e}: seconds grow like x^e, where x is large (the upper half of xs); null if unknown
        crossovers   {rival: [x, …]}: where numba's time crosses the rival's, interpolated; empty: nowhere within xs
        faster_at_the_end   {rival: whether numba is the faster one at the largest x}
        refused    + {rival: why its curve can't be compared with ours}
    comparison + with `--compare`: {with: a file, changes: [{what, before, after, change, counts}], …} (comparison.py)

A Row (measuring.py): `backend` names the contender, a backend of ours or a rival (numpy, torch, jax,
numexpr). A row with an `error` has no figures: what it returned was wrong, or it failed. Of a row with `simulated`, the
simulator ran the CUDA C: it has counts and no time. `ratios` is {rival: Ratio}, of our rows only:

    value            the rival's time over ours, the median over rounds: above 1 we are faster
    low, high        its interval of at least 95 % confidence; null if there are too few rounds (fewer than 6)
    verdict          "faster", "slower": all of the interval is on that side of 1; else "undecided"

and `refused` is {rival: why there is no ratio}: the two aren't like things (dtype, threads, allocation).
"""

import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.operation import Operation
from . import comparison, fair, gpu_limits, in_jax, limits, machine, report, sweeps
from .choices import Options, Plan, plan
from .contenders import JAX, NUMEXPR, NUMPY, RIVALS, TORCH, Case, cases
from .measuring import ROUNDS, Row, measure, text
from .ratios import UNDECIDED

BUDGET, QUICK_BUDGET = 1.0, 0.3  # seconds for the rounds of a case
QUICK_ROUNDS = 3  # at least: too few to decide
NOISY = 0.1  # the rows' median spread above which figures are doubted


def run(options: Options) -> int:
    """Measure, show, write; the exit code: 1 if anything of ours failed or became slower, 130 after Ctrl-C.

    What was measured till then is shown and written all the same.
    """
    chosen = plan(options)
    if options.sweep:
        sweeps.axes(options.families, 1)  # raises, if there are none
    report.check_outputs(options.json, options.markdown)
    same = fair.make_fair()
    with kernels.using("numba"):
        kernels.relu(np.zeros(1, np.float32))  # our OpenMP is loaded first, so that PyTorch shares it
    torch = fair.pytorch() if TORCH in chosen.rivals else None
    if JAX in chosen.rivals:
        in_jax.with_threads(chosen.threads[0])
    if NUMEXPR in chosen.rivals:
        importlib.import_module("numexpr")
    about = {**machine.describe(tuple(chosen.backends)), **same}
    about["against"] = {name: machine.installed(name) for name in chosen.rivals}
    print(machine.line(about))
    before = comparison.read(options.compare, about) if options.compare else None
    roofs = {count: _roofs(chosen.backends, count) for count in chosen.threads}
    for count, by_device in roofs.items():
        _show_limits(by_device, min(count, about["cores"] or count))
    rows: list[Row] = []
    curves: list[sweeps.Sweep] = []
    interrupted, others = False, fair.share_of_others()
    try:
        with np.errstate(all="ignore"):  # updates walk far from where they began
            if options.sweep:
                for sweep, failed in sweeps.run(chosen, options.families, torch):
                    curves.append(sweep)
                    rows += failed
                    print(f"\n{sweeps.table(sweep)}")
            else:
                for found in _walk(chosen, options, roofs, torch):
                    rows += found
    except KeyboardInterrupt:
        interrupted = True
    about["noise"] = noise(rows, others())
    about["fairness"] = report.fairness(about, chosen.rivals, chosen.threads, options.quick)
    first = roofs[chosen.threads[0]]
    results = {
        "machine": about,
        "limits": {name: asdict(roof) for name, roof in first.items()},
        "limits_by_threads": {
            str(count): {name: asdict(roof) for name, roof in found.items()} for count, found in roofs.items()
        },
        "quick": options.quick,
        "complete": not interrupted,
        "rows": [asdict(row) for row in rows],
        "sweeps": [asdict(sweep) for sweep in curves],
    }
    changes = comparison.compare(before, results) if before else None
    if changes:
        results["comparison"] = {"with": str(options.compare), **asdict(changes)}
    # Before anything is shown: whoever reads it may close the pipe.
    if options.json:
        report.write_json(options.json, results)
    if options.markdown and not interrupted:
        report.write_markdown(options.markdown, report.figures(results))
    report.show(rows, first)
    for sentence in about["fairness"]:
        print(f"fair: {sentence}")
    if about["noise"]["warning"]:
        print(f"warning: {about['noise']['warning']}")
    if changes and options.compare:
        for sentence in comparison.sentences(changes, options.compare):
            print(sentence)
    failed = any(row.error and row.backend not in RIVALS for row in rows) or bool(changes and changes.slower)
    return 130 if interrupted else int(failed)


def _walk(
    chosen: Plan, options: Options, roofs: dict[int, dict[str, limits.Limits]], torch: Any
) -> Iterator[list[Row]]:
    budget, least = (QUICK_BUDGET, QUICK_ROUNDS) if options.quick else (BUDGET, ROUNDS)
    with report.progress(len(chosen.operations) * len(chosen.threads)) as say:
        for count in chosen.threads:
            with fair.everyone_with(count, torch, "bench", options.threads is not None):
                for operation in chosen.operations:
                    say(operation.name, 0)
                    try:
                        for case in _cases(operation, chosen, options.quick):
                            say(f"{operation.name} {case.workload} {case.direction}", 0)
                            yield measure(
                                case, chosen.backends, roofs[count], budget, chosen.rivals, options.rungs, least
                            )
                    except Exception as error:  # its declaration fails; the rest of the catalog needn't suffer
                        yield [Row(operation.family, operation.name, "", "", "", error=text(error))]
                    say(operation.name, 1)


def _cases(operation: Operation, chosen: Plan, quick: bool) -> Iterator[Case]:
    sizes = chosen.sizes[operation.name]
    given = None if sizes is operation.workloads else sizes
    for dtype in chosen.dtypes:
        yield from cases(operation, quick, given, dtype)


def noise(rows: Sequence[Row], others: float | None) -> dict[str, Any]:
    """How much of the differences is the machine's, and whether anything can be decided on it."""
    spreads = [row.spread for row in rows if row.spread is not None]
    verdicts = [found["verdict"] for row in rows for found in (row.ratios or {}).values() if found["low"] is not None]
    spread = median(spreads) if spreads else None
    undecided = verdicts.count(UNDECIDED)
    warning = None
    if others is not None and others > fair.CROWDED:
        warning = f"other programs used {others:.0%} of the processor meanwhile: figures will be off"
    elif spread is not None and spread > NOISY:
        warning = f"times spread by {spread:.0%}: this machine is too noisy to decide small differences"
    elif undecided * 2 > len(verdicts):
        warning = f"{undecided} of {len(verdicts)} ratios can't be told from 1: a quieter machine, or more rounds, may"
    decided = len(verdicts) - undecided
    return {"others": others, "spread": spread, "undecided": undecided, "decided": decided, "warning": warning}


def _roofs(backends: Iterable[str], threads: int) -> dict[str, limits.Limits]:
    """The limits of each contender's device."""
    found = {}
    if kernels.backends()["numba"] is None:  # the compiler that the measurement needs
        cpu = limits.of_cpu(threads)
        found = {name: cpu for name in (NUMPY, "reference", "numba") if name == NUMPY or name in backends}
    if "cupy" in backends:
        device: Any = kernels.backend("cupy").device
        found["cupy"] = gpu_limits.of_gpu(device)
    return found


def _show_limits(roofs: dict[str, limits.Limits], cores: int) -> None:
    for device, roof in roofs.items():
        if device != NUMPY:
            print(report.limits_line(device, roof))
    if NUMPY in roofs and roofs[NUMPY].crowded(cores):
        print("warning: something else uses the processor's cores, or they are rationed: figures will be off")
