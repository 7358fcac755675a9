"""The figures that stand first: how many times as fast as NumPy and PyTorch, and how near to the machine's limits."""

from collections.abc import Sequence
from statistics import geometric_mean, median

from .. import report
from ..rivals import NUMPY, TORCH
from . import bars
from .results import GPU, Results, called


def cards(results: Results) -> list[tuple[str, str]]:
    """Each a figure, and what it says."""
    found = []
    for device in results.devices:
        count, on_gpu = len({row.operation for row in device.drawn}), device.backend == GPU
        where = f", {device.machine.get('gpu')}" if on_gpu else ""
        text = f"operations on the backend {device.backend}{where}, {len(device.drawn)} measurements"
        found.append((str(count), text))
        # Beside PyTorch, `bench cpu` has more to say, layers and training; where there are its results, they are told.
        for rival in bars.rivals(device) if on_gpu else (NUMPY,) if results.contests else (NUMPY, TORCH):
            ratios = [row.ratios[rival] for row in device.drawn if rival in row.ratios]
            if ratios:
                there = " on the GPU" if on_gpu else ""
                found.append((_mean(ratios), f"{called(rival)}’s speed{there}: {_ahead(ratios)}"))
        shares = [row.of_limit for row in device.drawn if row.of_limit and row.bound == "memory"]
        if shares:
            text = f"of the memory’s speed: median of {len(shares)} measurements too large for the cache"
            found.append((f"{median(shares):.0%}", text))
    ratios = [ratio for _, ratio, _ in bars.ratios(results.contests, TORCH)]
    if ratios:
        found.append((_mean(ratios), f"PyTorch’s speed: {_ahead(ratios)}"))
    return found


def line(results: Results) -> str:
    """The same in one sentence, for a Markdown file."""
    return "On this project's machine: " + "; ".join(f"**{figure}** {text}" for figure, text in cards(results)) + "."


def _mean(ratios: Sequence[float]) -> str:
    return report.ratio(geometric_mean(ratios))


def _ahead(ratios: Sequence[float]) -> str:
    return f"geometric mean of {len(ratios)} measurements, ahead in {sum(ratio > 1 for ratio in ratios)}"
