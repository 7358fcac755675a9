"""Figures for people and for programs: the table in a terminal, the one in a Markdown file, and JSON."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import machine
from .contenders import NUMPY
from .limits import Limits

if TYPE_CHECKING:
    from .suite import Row

FIGURES = "figures"  # what a Markdown file calls the place of the table: <!-- figures --> … <!-- /figures -->
HEADINGS = (
    *("operation", "size", "direction", "backend"),
    *("time", "±", "GFLOP/s", "GB/s", "of limit", "vs NumPy", "first call"),
)
NARROW = 112  # columns of a terminal below which the heading's less important half is left out
LEFT = ("operation", "size", "direction", "backend", "kernel", "network", "library")  # columns of text
LESS_IMPORTANT = ("GFLOP/s", "GB/s", "first call")


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    unit, size = ("s", 1.0) if seconds >= 1 else ("ms", 1e-3) if seconds >= 1e-3 else ("µs", 1e-6)
    return f"{digits(seconds / size)} {unit}"


def amount(size: float | None) -> str:
    return "–" if size is None else f"{digits(size / 1e6)} MB"


def rate(per_second: float | None) -> str:
    return "–" if per_second is None else digits(per_second / 1e9)


def digits(value: float) -> str:
    """Three of them, and never an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def share(of_limit: float | None, bound: str | None) -> str:
    return "cache" if bound == "cache" else "–" if of_limit is None else f"{of_limit:.0%}"


def ratio(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.{0 if value >= 10 else 2 if value >= 0.01 else 4}f}×"


def limits_line(device: str, roof: Limits) -> str:
    one = f" ({rate(roof.flops_one_thread)} by one thread)" if roof.flops_one_thread else ""
    cache = f", a cache of {roof.cache >> 20} MiB" if roof.cache else ""
    return f"limits of {device}: {rate(roof.flops)} GFLOP/s{one}, {rate(roof.bandwidth)} GB/s{cache} ({roof.how})"


def notes(roofs: dict[str, Limits]) -> str:
    text = (
        "All in float32; the median of rounds by turns, ± half the distance between the quartiles. "
        "Both: a loss and its gradient in one call. "
        "Vs NumPy: the definition in reference.py, called directly; above 1 Kernelwright is faster. "
        "A kernel that reads more than it writes can pass 100 % of a limit measured by reading and writing alike."
    )
    if any(roof.cache for roof in roofs.values()):
        text += " Cache: the arrays fit in the processor's cache, whose limit is not measured."
    return text


def cells(row: "Row") -> tuple[str, ...]:
    return (
        row.operation,
        row.workload,
        row.direction,
        row.backend,
        duration(row.seconds),
        "–" if row.spread is None else f"{row.spread:.0%}",
        rate(row.flops),
        rate(row.bandwidth),
        share(row.of_limit, row.bound),
        ratio(row.vs_numpy),
        duration(row.first_call),
    )


def show(rows: "list[Row]", roofs: dict[str, Limits]) -> None:
    """The table, by rich where it is installed; NumPy's own rows are in the ratios, and in the JSON."""
    shown = [row for row in rows if row.backend != NUMPY and not row.error]
    if shown:
        try:
            _show_rich(shown)
        except ImportError:
            print(markdown_table(HEADINGS, [cells(row) for row in shown]))
        print(notes(roofs))
    for row in rows:
        if row.error:
            what = " ".join(part for part in (row.operation, row.workload, row.direction, row.backend) if part)
            print(f"failed: {what}: {row.error}")


def _show_rich(rows: "list[Row]") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 132)
    keep = [i for i, name in enumerate(HEADINGS) if console.width >= NARROW or name not in LESS_IMPORTANT]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for i in keep:
        table.add_column(HEADINGS[i], justify="left" if i < 4 else "right", overflow="fold", no_wrap=i > 0)
    for row, following in zip(rows, (*rows[1:], rows[-1])):
        texts = [Text(text) for text in cells(row)]
        if row.vs_numpy is not None:
            texts[HEADINGS.index("vs NumPy")].stylize("green" if row.vs_numpy >= 1 else "red")
        table.add_row(*(texts[i] for i in keep), end_section=following.family != row.family)
    console.print(table)


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, int], None]]:
    """A bar, where there is a terminal and rich: a function (what is going on, how much more is done)."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        yield lambda text, amount: None
        return
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda text, amount: bar.update(task, description=text, advance=amount)


def check_outputs(json: Path | None, markdown: Path | None, place: str = FIGURES) -> None:
    """Find out now, not after minutes of measuring, whether the results can be written."""
    if json:
        json.parent.mkdir(parents=True, exist_ok=True)
        json.open("a").close()
    if markdown:
        text = markdown.read_text(encoding="utf-8")
        begin, end = _marks(place)
        if not re.search(f"{begin}.*{end}", text, re.DOTALL):
            raise ValueError(f"{markdown} has no place for the figures: a line {begin} and a line {end}")
        markdown.open("a").close()


def write_json(path: Path, results: dict[str, Any]) -> None:
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _marks(place: str) -> tuple[str, str]:
    return f"<!-- {place} -->", f"<!-- /{place} -->"


def write_markdown(path: Path, table: str, place: str = FIGURES) -> None:
    """Put the table in the place of the one before."""
    text, (begin, end) = path.read_text(encoding="utf-8"), _marks(place)
    new = f"{begin}\n{table}\n{end}"
    path.write_text(re.sub(f"{begin}.*?{end}", lambda _: new, text, count=1, flags=re.DOTALL), encoding="utf-8")


def figures(results: dict[str, Any]) -> str:
    """The machine, its limits, and one line for each operation and size: forward beside backward."""
    from .suite import Row

    roofs = {name: Limits(**roof) for name, roof in results["limits"].items()}
    about = results["machine"]
    lines: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in (Row(**row) for row in results["rows"]):
        if row.backend != NUMPY and not row.error:
            side = "forward" if row.direction == "forward" else "backward"
            lines.setdefault((row.operation, row.workload, row.backend), {})[side] = row
    headings = (
        "operation",
        "size",
        "backend",
        *("forward", "of limit", "vs NumPy"),
        *("backward", "of limit", "vs NumPy"),
    )
    body = [key + _three(sides.get("forward")) + _three(sides.get("backward")) for key, sides in lines.items()]
    parts = [f"{about['date'][:10]}: {machine.line(about)}."]
    parts += [f"L{limits_line(name, roof)[1:]}." for name, roof in roofs.items() if name != NUMPY]
    return "\n".join([*parts, "", markdown_table(headings, body), "", notes(roofs) + " Backward of a loss: both."])


def _three(row: "Row | None") -> tuple[str, str, str]:
    if row is None:
        return ("", "", "")
    return duration(row.seconds), share(row.of_limit, row.bound), ratio(row.vs_numpy)


def markdown_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table that reads well as plain text, too."""
    widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    left = sum(heading in LEFT for heading in headings)

    def line(texts: tuple[str, ...]) -> str:
        return (
            "| "
            + " | ".join(f"{t:{'<' if i < left else '>'}{w}}" for i, (t, w) in enumerate(zip(texts, widths)))
            + " |"
        )

    rule = "|" + "|".join("-" * (w + 2) if i < left else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([line(headings), rule, *map(line, rows)])
