"""What `bench cpu` says of its rows: a table for each group, how each stands, and the figures of docs/figures.md."""

from collections.abc import Iterator, Sequence
from typing import Any

from . import machine, report
from .rivals import OURS, TORCH
from .targets import RIVALS, Row, Verdict

PYTORCH = "2.13.0"  # the version of the extra `compare`


def introduction(about: dict[str, Any]) -> Iterator[str]:
    yield "; ".join(
        (
            machine.line(about),
            f"PyTorch {about['pytorch'] or 'not installed'}",
            f"JAX {about['jax'] or 'not installed'}",
        )
    )
    if about["pytorch"] is None:
        yield (
            f"PyTorch isn't installed, so NumPy alone is compared with: pip install torch=={PYTORCH}, "
            "or 'kernelwright[compare]'"
        )
    settings = ", ".join(f"{name}={value}" for name, value in about["environment"].items())
    yield f"The same for all: arrays, number of threads, {settings}" + (
        ", the C library keeps freed memory" if about["freed_memory_is_kept"] else ""
    )


def table(rows: list[Row]) -> str:
    """A group's times, its ratios, and which of the targets for each row are missed."""
    rivals = [name for name in RIVALS if any(row.ratio(name) is not None for row in rows)]
    headings = ("operation", "size", "threads", "ours", *(RIVALS[name] for name in rivals))
    headings += (*(f"vs {RIVALS[name]}" for name in rivals), "below")
    off = list(dict.fromkeys(name for row in rows for name in row.inexact))
    headings += tuple(f"error of {RIVALS.get(name, 'ours')}" for name in off)
    body = []
    for row in rows:
        ratios = (report.ratio(row.ratio(name)) for name in rivals)
        state = "failed" if OURS in row.errors else ", ".join(row.missed()) or "–"
        errors = (_epsilons(row.inexact.get(name)) for name in off)
        body.append((row.operation, row.size, str(row.threads), *_taken(row, (OURS, *rivals)), *ratios, state, *errors))
    return report.markdown_table(headings, body)


def _taken(row: Row, names: Sequence[str]) -> list[str]:
    if row.bytes:
        return [report.amount(row.bytes.get(name)) for name in names]
    return [report.duration(row.seconds.get(name)) for name in names]


def _epsilons(error: float | None) -> str:
    return "–" if error is None else f"{report.digits(error)} ε"


def beside_time(rows: list[Row]) -> str:
    """What isn't a time: the memory, and the errors of those rows for which they are known."""
    headings = ("operation", "size", "threads", "what", "ours", "PyTorch")
    body = []
    for row in rows:
        key = row.operation, row.size, str(row.threads)
        if row.bytes:
            body.append((*key, "peak memory", *_taken(row, (OURS, TORCH))))
        if row.inexact:
            body.append((*key, "largest error", *(_epsilons(row.inexact.get(name)) for name in (OURS, TORCH))))
    return report.markdown_table(headings, body) if body else ""


def summary(found: list[Verdict]) -> str:
    """How each group stands: a line for each rival and number of threads."""
    headings = ("operation", "threads", "against", "geometric mean", "worst", "at", "target", "met")
    body = [
        (
            f"{verdict.group}, {verdict.size} …" if verdict.size else verdict.group,
            str(verdict.threads),
            RIVALS[verdict.rival],
            report.ratio(verdict.mean),
            report.ratio(verdict.worst),
            verdict.where,
            ", ".join(verdict.targets) or "–",
            "–" if verdict.met is None else "yes" if verdict.met else "no",
        )
        for verdict in found
    ]
    return report.markdown_table(headings, body)


def figures(results: dict[str, Any]) -> str:
    about = results["machine"]
    first, *others = introduction(about)
    note = (
        "A ratio is the other's time over ours, of medians by turns: above 1 we are faster. PyTorch: its kernels "
        "without autograd, but in training, of layers for images and where it has no kernel; its optimizers fused. "
        "Layers for images, convolution to dropout and among the normalizations, recurrent layers and attention run "
        "forward and back. A copy: of as many bytes as the kernel reads and writes. Allowed: the seconds that a "
        "process's first training step may take, imports apart, over those that it took. Memory: bytes instead of "
        "seconds, of how far the resident set "
        "rises in a training step above what it is without network and data. An error is the largest distance from "
        "the results in float64, of those that Winograd's algorithm may compute, in units of float32's "
        "ε = 2⁻²³ times the largest result. Attention is compared with one thread alone, for PyTorch's with two waits "
        "for itself where Numba's threads were there before it."
    )
    found = [Verdict(**verdict) for verdict in results["verdicts"]]
    if about["others"] is not None:
        others.append(f"Other programs used {about['others']:.1%} of the processor meanwhile")
    parts = [f"{about['date'][:10]}: {first}.", *(f"{line}." for line in others), "", summary(found)]
    more = beside_time([Row(**row) for row in results["rows"]])
    return "\n".join([*parts, *(["", more] if more else []), "", note])
