"""The page of all operations, optimizers and schedules: docs/operations.md, made from the catalog; plots.py draws.

kernelwright operations                     # the names, by family
kernelwright operations --write docs        # docs/operations.md and docs/plots/*.svg
"""

import importlib
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels, training
from ..kernels.backend import Reference
from ..kernels.operation import CATALOG, Draw, Operation
from . import plots, report

ROOT = Path(__file__).parents[1]
WAYS = (
    "Of `kernelwright.training`; their steps are the kernels above. The plot: 60 steps down a valley ten times as "
    "steep on its sides as along it, from the upper left to the middle."
)
RATES = "Of `kernelwright.training`. The plot: the rate over 60 steps, from 0 below to 1 above."
MODULES = {"numba": "cpu", "CUDA C": "gpu"}  # the simulator and a GPU run the same CUDA C


def run(folder: Path | None) -> int:
    """Show the names, or write the pages; the exit code."""
    if folder is None:
        for family, found in families():
            print(f"{family}: {', '.join(operation.name for operation in found)}")
        return 0
    drawn = plots.all_plots()
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    for old in (folder / "plots").glob("*.svg"):
        if old.stem not in drawn:
            old.unlink()
    for name, text in drawn.items():
        (folder / "plots" / f"{name}.svg").write_text(text, encoding="utf-8")
    (folder / "operations.md").write_text(page(set(drawn)), encoding="utf-8")
    print(f"{len(CATALOG)} operations, {len(drawn)} plots: {folder / 'operations.md'}")
    return 0


def families() -> list[tuple[str, list[Operation]]]:
    """The operations of each family, in the catalog's order."""
    by_family: dict[str, list[Operation]] = {}
    for operation in CATALOG.values():
        by_family.setdefault(operation.family, []).append(operation)
    return sorted(by_family.items())


def page(plotted: set[str]) -> str:
    lines = [
        "# Operations",
        "",
        "All operations of `kernelwright.kernels`, by family. Made by `kernelwright operations --write docs`.",
        "",
        "Each runs on the backends that its line names; the simulator and a GPU run the same CUDA C, and `reference` "
        "is the definition in NumPy. Gradient: as a function of its own (NAME_backward), or together with the value "
        "(NAME_with_gradient). PyTorch: compared with PyTorch's, values, gradients and edges. Plots are drawn from "
        f"−{plots.REACH:g} to {plots.REACH:g}: the function, and dashed its derivative; of a loss, for the target 1.",
    ]
    for family, found in families():
        headings = ("operation", "formula", "plot", "gradient", "PyTorch", *MODULES)
        body = [row(operation, operation.name in plotted) for operation in found]
        lines += ["", f"## {family}", "", report.markdown_table(headings, body)]
    for title, note, classes, base in (
        ("optimizers", WAYS, training.optimizers, training.Optimizer),
        ("schedules", RATES, training.schedules, training.LRScheduler),
    ):
        every = [getattr(classes, name) for name in classes.__all__]
        chosen = [found for found in every if issubclass(found, base) and found is not base]
        lines += [
            "",
            f"## {title}",
            "",
            note,
            "",
            report.markdown_table(("name", "what it does", "plot"), rows(chosen, plotted)),
        ]
    return "\n".join(lines) + "\n"


def rows(classes: Iterable[type], plotted: set[str]) -> list[tuple[str, ...]]:
    """Names, the first lines of their documentation, and plots."""
    return [
        (
            link(found),
            first_line(found),
            f"![{found.__name__}](plots/{found.__name__}.svg)" * (found.__name__ in plotted),
        )
        for found in classes
    ]


def first_line(found: Any) -> str:
    return (inspect.getdoc(found) or "").partition("\n")[0].replace("|", "\\|")


def link(found: Any) -> str:
    source = inspect.getsourcefile(found)
    assert source is not None
    return f"[{found.__name__}](../{Path(source).resolve().relative_to(ROOT.resolve())})"


def row(operation: Operation, plotted: bool) -> tuple[str, ...]:
    gradient = "with the value" if operation.with_gradient else "of its own" if operation.backward else "–"
    plot = f"![{operation.name}](plots/{operation.name}.svg)" if plotted else ""
    needed = kernels_of(operation)
    runs = ["yes" if needed and all(map(has(module), needed)) else "no" for module in MODULES.values()]
    formula = operation.formula.replace("|", "\\|")
    return link(operation.function), formula, plot, gradient, "yes" if operation.torch else "–", *runs


class Recorder(Reference):
    """Runs the definitions, and remembers which kernels were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def load(self, key: str, rung: str | None = None):
        self.asked.append(key)
        return super().load(key, rung)


def kernels_of(operation: Operation) -> list[str]:
    """The kernels that its samples, forward and backward, call."""
    recorder = Recorder()
    with kernels.using(recorder), np.errstate(all="ignore"):
        for sample in operation.samples(Draw(0, np.float64)):
            outputs = operation.function(*sample.args, **sample.options)
            if operation.with_gradient:
                operation.gradient(*sample.args, **sample.options)
            elif operation.backward:
                outputs = outputs if isinstance(outputs, tuple) else (outputs,)
                arguments = operation.backward_arguments(sample, outputs, np.ones_like(outputs[0]))
                operation.backward(**arguments)
    return recorder.asked


def has(module: str) -> Callable[[str], bool]:
    """A function that says whether a kernel is in its family's module of that name."""

    def found(key: str) -> bool:
        folder, _, name = key.rpartition(".")
        return hasattr(importlib.import_module(f"..kernels.{folder}.{module}", __package__), name)

    return found
