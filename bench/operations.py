"""The list of all operations, made from the catalog: docs/operations.md, and small plots of functions of one number.

kernelwright operations                     # the names, by family
kernelwright operations --write docs        # docs/operations.md and docs/plots/*.svg
"""

import importlib
import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.backend import Reference
from ..kernels.operation import CATALOG, Draw, Operation, Sample
from . import report

ROOT = Path(__file__).parents[1]
MODULES = {"numba": "cpu", "CUDA C": "gpu"}  # the simulator and a GPU run the same CUDA C
REACH = 4.0  # a function of one number is plotted from −REACH to REACH
WIDTH, HEIGHT = 120, 60  # of a plot, in pixels


def run(folder: Path | None) -> int:
    """Show the names, or write the pages; the exit code."""
    if folder is None:
        for family, found in families():
            print(f"{family}: {', '.join(operation.name for operation in found)}")
        return 0
    plots = {name: svg(x, lines) for name, (x, lines) in curves()}
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    for old in set((folder / "plots").glob("*.svg")) - {folder / "plots" / f"{name}.svg" for name in plots}:
        old.unlink()
    for name, text in plots.items():
        (folder / "plots" / f"{name}.svg").write_text(text, encoding="utf-8")
    (folder / "operations.md").write_text(page(set(plots)), encoding="utf-8")
    print(f"{len(CATALOG)} operations, {len(plots)} plots: {folder / 'operations.md'}")
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
        f"−{REACH:g} to {REACH:g}: the function, and dashed its derivative; of a loss, for the target 1.",
    ]
    for family, found in families():
        headings = ("operation", "formula", "plot", "gradient", "PyTorch", *MODULES)
        body = [row(operation, operation.name in plotted) for operation in found]
        lines += ["", f"## {family}", "", report.markdown_table(headings, body)]
    return "\n".join(lines) + "\n"


def row(operation: Operation, plotted: bool) -> tuple[str, ...]:
    source = inspect.getsourcefile(operation.function)
    assert source is not None
    link = f"[{operation.name}](../{Path(source).resolve().relative_to(ROOT.resolve())})"
    gradient = "with the value" if operation.with_gradient else "of its own" if operation.backward else "–"
    plot = f"![{operation.name}](plots/{operation.name}.svg)" if plotted else ""
    needed = kernels_of(operation)
    runs = ["yes" if needed and all(map(has(module), needed)) else "no" for module in MODULES.values()]
    formula = operation.formula.replace("|", "\\|")
    return link, formula, plot, gradient, "yes" if operation.torch else "–", *runs


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
    with kernels.using(Recorder()) as recorder, np.errstate(all="ignore"):
        for sample in operation.samples(Draw(0, np.float64)):
            outputs = operation.function(*sample.args, **sample.options)
            if operation.with_gradient:
                operation.gradient(*sample.args, **sample.options)
            elif operation.backward:
                outputs = outputs if isinstance(outputs, tuple) else (outputs,)
                arguments = operation.backward_arguments(sample, outputs, np.ones_like(outputs[0]))
                operation.backward(**arguments)
    return recorder.asked


def has(module: str):
    """A function that says whether a kernel is in its family's module of that name."""

    def found(key: str) -> bool:
        folder, _, name = key.rpartition(".")
        return hasattr(importlib.import_module(f"..kernels.{folder}.{module}", __package__), name)

    return found


Curves = tuple[np.ndarray, list[np.ndarray]]


def curves() -> Iterator[tuple[str, Curves]]:
    """Each operation that is a function of one number, its value and its derivative."""
    x = np.linspace(-REACH, REACH, 161)
    with kernels.using("reference"), np.errstate(all="ignore"):
        for operation in CATALOG.values():
            found = of_loss(operation, x) if operation.with_gradient else of_one_number(operation, x)
            if found:
                yield operation.name, (x, found)


def options_of_one_number(operation: Operation) -> dict[str, Any] | None:
    """The options to call it with, if it works on one array element by element, and has a gradient; else None."""
    sample = next(iter(operation.samples(Draw(0, np.float64))))
    if len(sample.args) != 1 or operation.backward is None:
        return None
    x = np.array([0.3, -0.7])
    try:
        with kernels.using("reference"):
            y, alone = (np.asarray(operation.function(part, **sample.options)) for part in (x, x[:1]))
    except ValueError:  # it needs more axes
        return None
    return sample.options if y.shape == x.shape and np.array_equal(alone, y[:1]) else None


def of_one_number(operation: Operation, x: np.ndarray) -> list[np.ndarray] | None:
    """[f(x), f′(x)]."""
    options = options_of_one_number(operation)
    if operation.backward is None or options is None:
        return None
    y = operation.function(x, **options)
    arguments = operation.backward_arguments(Sample((x,), options), (y,), np.ones_like(x))
    return [y, operation.backward(**arguments)]


def of_loss(operation: Operation, x: np.ndarray) -> list[np.ndarray] | None:
    """[the loss of an input x for the target 1, its derivative], of losses that take the elements one by one."""
    if "reduction" not in inspect.signature(operation.function).parameters:
        return None
    try:
        loss, gradient, *_ = operation.gradient(x, np.ones_like(x), reduction="none")
        alone, *_ = operation.gradient(x[:1], np.ones(1), reduction="none")
    except (TypeError, ValueError):  # other arguments, or other inputs: probabilities, labels
        return None
    if loss.shape != x.shape or not np.array_equal(alone, loss[:1]):
        return None
    return [loss, gradient]


def svg(x: np.ndarray, lines: list[np.ndarray]) -> str:
    """A plot of a few lines over x, axes through 0; what is beyond ±REACH is cut off."""

    def place(a: Any, b: Any) -> str:
        return f"{(a + REACH) / (2 * REACH) * WIDTH:.1f},{(REACH / 2 - b) / REACH * HEIGHT:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">',
        f'<path d="M0,{HEIGHT / 2:g}H{WIDTH}M{WIDTH / 2:g},0V{HEIGHT}" stroke="#999" stroke-width="0.5"/>',
    ]
    for y, style in zip(lines, ("", ' stroke-dasharray="3,2" opacity="0.7"')):
        inside = np.isfinite(y) & (np.abs(y) <= REACH)
        pieces = [list(group) for kept, group in itertools.groupby(range(len(x)), inside.__getitem__) if kept]
        path = "".join("M" + "L".join(place(x[k], y[k]) for k in piece) for piece in pieces)
        parts.append(f'<path d="{path}" fill="none" stroke="#06c" stroke-width="1.5"{style}/>')
    return "\n".join([*parts, "</svg>\n"])
