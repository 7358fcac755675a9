"""Our kernels for the CPU beside NumPy's and PyTorch's, with several threads and with one.

    kernelwright bench cpu                                  # all of it: a quarter of an hour
    kernelwright bench cpu --quick --only matmul,softmax

Medians of races (timing.py). Each side is called as its users call it, with as many threads as the others.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels
from . import (
    contests,
    every,
    fair,
    first_use,
    images,
    jax_step,
    machine,
    memory,
    report,
    rivals,
    sequences,
    steps,
    tables,
    texts,
)
from .rivals import COMPILED, JAX, OURS, TORCH, Work
from .targets import ALLOWED, FIRST_USE, FIRST_USE_SECONDS, MEMORY, RIVALS, Row, verdicts
from .timing import SETTLE, SETTLE_ALONE, Contender, race


def _work(*modules: Any) -> dict[str, Callable[[bool], Iterator[Work]]]:
    """All groups; where several modules have work for one, all of it."""
    found: dict[str, list] = {}
    for module in modules:
        for group, work in module.WORK.items():
            found.setdefault(group, []).append(work)
    return {
        group: lambda quick, every=every: itertools.chain.from_iterable(work(quick) for work in every)
        for group, every in found.items()
    }


WORK = _work(rivals, images, sequences, steps, contests, texts, every)
PLACE = "cpu figures"
BUDGET, QUICK_BUDGET = 0.6, 0.1  # seconds for the rounds of a race


def run(
    quick: bool, only: Sequence[str] | None, threads: Sequence[int] | None, json: Path | None, markdown: Path | None
) -> int:
    """Measure, show, write; the exit code: 1 if anything failed, 130 after Ctrl-C, with what there was till then."""
    kernels.backend("numba")  # raises, if it can't run here
    groups, threads = _groups(only), _threads(threads)
    report.check_outputs(json, markdown, PLACE)
    same = fair.make_fair()
    with kernels.using("numba"), fair.as_they_were():
        kernels.relu(np.zeros(1, np.float32))  # our OpenMP is loaded first, so that PyTorch shares it
        torch = fair.pytorch()
        about = {**machine.describe(), "pytorch": torch and torch.__version__, "jax": jax_step.version(), **same}
        for line in tables.introduction(about):
            print(line)
        rows: list[Row] = []
        interrupted, others = False, fair.share_of_others()
        try:
            with np.errstate(all="ignore"):  # optimizers walk far from where they began
                _measure_all(groups, quick, threads, torch, rows)
        except KeyboardInterrupt:
            interrupted = True
    found = list(verdicts(rows))
    about["others"] = others()
    results = {
        "machine": about,
        "quick": quick,
        "complete": not interrupted,
        "rows": [asdict(row) for row in rows],
        "verdicts": [asdict(verdict) for verdict in found],
    }
    print(f"\n{tables.summary(found)}\n")
    if (about["others"] or 0) > fair.CROWDED:
        print(
            f"warning: other programs used {about['others']:.0%} of the processor meanwhile: figures will be off, "
            "most of all those with several threads"
        )
    for row in rows:
        for name, error in row.errors.items():
            print(f"failed: {row.operation} {row.size}, threads: {row.threads}: {RIVALS.get(name, 'ours')}: {error}")
    if json:
        report.write_json(json, results)
    if markdown and not interrupted:
        report.write_markdown(markdown, tables.figures(results), PLACE)
    # torch.compile needs a compiler, and doesn't run everywhere; neither does JAX.
    return 130 if interrupted else int(any(set(row.errors) - {COMPILED, JAX} for row in rows))


def _groups(only: Sequence[str] | None) -> list[str]:
    known = [*WORK, *APART]
    for name in only or ():
        if name not in known:
            raise ValueError(f"bench cpu: there is no group {name!r}: it must be one of {', '.join(known)}")
    return [name for name in known if not only or name in only]


def _threads(counts: Sequence[int] | None) -> list[int]:
    if counts is None:
        return [2, 1] if (os.cpu_count() or 1) > 1 else [1]
    return fair.thread_counts(list(counts), "bench cpu")


def _measure_all(groups: list[str], quick: bool, threads: list[int], torch: Any, rows: list[Row]) -> None:
    """Append the rows, and print each group's once it is done."""
    work = {group: list(WORK[group](quick)) for group in groups if group in WORK}
    total = sum(len(work[group]) * (1 if group in every.WORK else len(threads)) for group in work)
    total += sum(group in APART for group in groups)
    with report.progress(total) as say:
        for group in groups:
            begin = len(rows)
            if group in APART:
                say(group, 0)
                rows += APART[group](threads[0], torch)
                say(group, 1)
            counts = threads[:1] if group in every.WORK else threads  # which would take too long
            for count in counts if group in work else ():
                with fair.everyone_with(count, torch, "bench cpu"):
                    for piece in work[group]:
                        if piece.one_thread and count > 1:
                            say(group, 1)
                            continue
                        say(f"{piece.operation} {piece.size}, threads: {count}", 0)
                        rows += measure(group, piece, count, torch, QUICK_BUDGET if quick else BUDGET)
                        say(group, 1)
            print(f"\n{group}\n{tables.table(rows[begin:])}" if rows[begin:] else f"\n{group}: nothing to compare with")


def measure(group: str, work: Work, threads: int, torch: Any, budget: float) -> list[Row]:
    """The row of one piece of work, or none where there is nobody to compare with."""
    row = Row(group, work.operation, work.size, threads)
    try:
        calls = work.calls(torch, threads)
    except Exception as error:
        row.errors[OURS] = _text(error)
        return [row]
    if len(calls) < 2:
        return []
    kernel_alone = torch.inference_mode if torch and not work.autograd else nullcontext
    ready = {name: Contender(call, kernel_alone if name == TORCH else nullcontext) for name, call in calls.items()}
    for name, contender in list(ready.items()):
        try:
            contender.first()
        except Exception as error:
            row.errors[name] = _text(error)
            del ready[name]
    for name, timing in race(ready, budget, SETTLE if threads > 1 else SETTLE_ALONE).items():
        row.seconds[name], row.spread[name] = timing.median, timing.spread
    if work.exact:
        exact = list(work.exact())
        row.inexact.update((name, inexact(contender.call(), exact)) for name, contender in ready.items())
    return [row]


def inexact(results: Sequence[Any], exact: Sequence[np.ndarray]) -> float:
    """The largest error of the first results, in units of float32's eps times the largest number in the exact one."""
    eps = np.finfo(np.float32).eps

    def error(found: Any, right: np.ndarray) -> float:
        array = found.detach().numpy() if hasattr(found, "detach") else found
        return float(np.abs(array - right).max() / np.abs(right).max() / eps)

    return max(map(error, results, exact))


def memory_rows(threads: int, torch: Any) -> list[Row]:
    """What a training step needs at its peak."""
    rows = []
    for operation, (_, batch) in memory.WORK.items() if torch and memory.is_known() else ():
        row = Row(MEMORY, operation, f"batch {batch}", threads)
        try:
            row.bytes.update(memory.peaks(operation, (OURS, TORCH), threads))
        except Exception as error:
            row.errors[OURS] = _text(error)
        rows.append(row)
    return rows


def first_rows(threads: int, torch: Any) -> list[Row]:
    """A new process's first training step, beside what it may take."""
    rows = []
    for (size, allowed), seconds in zip(FIRST_USE_SECONDS.items(), first_use.seconds()):
        taken = {OURS: seconds, ALLOWED: allowed}
        rows.append(Row(FIRST_USE, "first MLP step of a process", size, kernels.get_threads(), taken))
    return rows


# Measured in processes of their own: given how many threads, and PyTorch, if it is installed.
APART: dict[str, Callable[[int, Any], list[Row]]] = {MEMORY: memory_rows, FIRST_USE: first_rows}


def _text(error: Exception) -> str:
    first = str(error).strip().partition("\n")[0][:300]
    return f"{type(error).__name__}: {first}"
