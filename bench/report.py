"""Figures for people and for programs: the table in a terminal, the one in a Markdown file, and JSON."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import machine
from .contenders import NUMPY, RIVALS
from .limits import Limits
from .ratios import FASTER, SLOWER, UNDECIDED

if TYPE_CHECKING:
    from .measuring import Row

FIGURES = "figures"  # what a Markdown file calls the place of the table: <!-- figures --> … <!-- /figures -->
HEADINGS = (
    *("operation", "size", "direction", "backend"),
    *("time", "±", "GFLOP/s", "GB/s", "of limit", "first call"),
)
COUNTED = ("sectors", "bank passes")  # by the simulator: as taken, over as needed
COUNTED_NOTE = (
    "Of the simulator's rows there is no time, for its own says nothing of a GPU's: sectors of global memory, "
    "and passes over the banks of shared memory, as taken, of how many the accesses need at least."
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


def versus(row: "Row", rival: str) -> str:
    """The ratio; with a question mark, where it may as well be on the other side of 1."""
    if rival in (row.refused or {}):
        return "unlike"
    found = (row.ratios or {}).get(rival)
    if found is None:
        return "–"
    return ratio(found["value"]) + ("?" if found["verdict"] == UNDECIDED else "")


def over(counts: dict[str, int] | None, taken: str, needed: str) -> str:
    """How many were taken, and of how many."""
    return f"{counts[taken]:,} of {counts[needed]:,}" if counts else "–"


def limits_line(device: str, roof: Limits) -> str:
    one = f" ({rate(roof.flops_one_thread)} by one thread)" if roof.flops_one_thread else ""
    cache = f", a cache of {roof.cache >> 20} MiB" if roof.cache else ""
    double = f", {rate(roof.flops_float64)} in float64" if roof.flops_float64 else ""
    flops = f"{rate(roof.flops)} GFLOP/s{one}{double}"
    return f"limits of {device}: {flops}, {rate(roof.bandwidth)} GB/s{cache} ({roof.how})"


def notes(roofs: dict[str, Limits]) -> str:
    text = (
        "The median of rounds by turns, ± half the distance between the quartiles. "
        "Both: a loss and its gradient in one call. "
        "A ratio is the other's time over ours: above 1 Kernelwright is faster; with a question mark, it can't be told "
        "from 1. "
        "NumPy: the definition in reference.py, called directly. PyTorch: forward without autograd, backward by it. "
        "JAX: compiled by jit, backward by vjp. "
        "A kernel that reads more than it writes can pass 100 % of a limit measured by reading and writing alike."
    )
    if any(roof.cache for roof in roofs.values()):
        text += " Cache: the arrays fit in the processor's cache, whose limit is not measured."
    return text


def fairness(about: dict[str, Any], rivals: Iterable[str], threads: list[int], quick: bool) -> list[str]:
    """What was done so that ratios are of like things."""
    counts = " or ".join(map(str, threads))
    return [
        "all contenders take turns, in another order each round, and run for 0.2 s uncounted before each (0.02 with "
        "one thread): the threads of NumPy's BLAS spin for some 25 ms after its last call, and take others' cores",
        ", ".join(f"{name}={value}" for name, value in about["environment"].items())
        + ": OpenMP's waiting threads sleep soon, or a call after another library's would stall for 5 to 8 ms",
        "memory that was freed is kept for the next call, for all"
        if about["freed_memory_is_kept"]
        else "memory that was freed goes back to the system: results are paid for by page faults, by all",
        f"each may use as many threads as all others, {counts}; arrays are the same ones, of random numbers",
        "results were held against the definition on two inputs before they were timed, old ones overwritten"
        + (": of those with more than 16 MB of arguments, --quick doesn't" if quick else ""),
        *(f"{name}: {UNFAIR[name]}" for name in rivals if name in UNFAIR),
    ]


UNFAIR = {
    "numpy": "not every definition is what a NumPy user would write for speed",
    "torch": "calls pass through a few lines of Python that match its arguments to ours; gradients through autograd",
    "jax": "each operation is one function, compiled by jit, on JAX's own copies of the arrays; its threads are those "
    "that it began with: ratios with another number of threads are refused",
    "numexpr": "expressions are looked up and checked anew at each call, some 10 µs, as for its users",
}
NAMES = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX", "numexpr": "numexpr"}


def headings(rows: "list[Row]") -> tuple[str, ...]:
    """Those of all rows, and those that only some need: they stand where they say more than one thing."""
    rivals = [f"vs {NAMES[name]}" for name in RIVALS if any(_has(row, name) for row in rows)]
    more = [name for name in ("dtype", "threads") if len({getattr(row, name) for row in rows} - {None}) > 1]
    counted = COUNTED if any(row.simulated for row in rows) else ()
    return (*HEADINGS[:4], *more, *HEADINGS[4:-1], *rivals, *counted, HEADINGS[-1])


def _has(row: "Row", rival: str) -> bool:
    return rival in (row.ratios or {}) or rival in (row.refused or {})


def cells(row: "Row", headings: tuple[str, ...]) -> tuple[str, ...]:
    found = {
        "operation": row.operation,
        "size": row.workload,
        "direction": row.direction,
        "backend": f"{row.backend} {row.rung}" if row.rung else row.backend,
        "dtype": row.dtype,
        "threads": "–" if row.threads is None else str(row.threads),
        "time": duration(row.seconds),
        "±": "–" if row.spread is None else f"{row.spread:.0%}",
        "GFLOP/s": rate(row.flops),
        "GB/s": rate(row.bandwidth),
        "of limit": share(row.of_limit, row.bound),
        **{f"vs {NAMES[name]}": versus(row, name) for name in RIVALS},
        "sectors": over(row.simulated, "sectors", "ideal_sectors"),
        "bank passes": over(row.simulated, "bank_wavefronts", "ideal_wavefronts"),
        "first call": duration(row.first_call),
    }
    return tuple(found[heading] for heading in headings)


def show(rows: "list[Row]", roofs: dict[str, Limits]) -> None:
    """The table, by rich where it is installed; the rivals' own rows are in the ratios, and in the JSON."""
    shown = [row for row in rows if row.backend not in RIVALS and not row.error]
    if shown:
        try:
            _show_rich(shown)
        except ImportError:
            wanted = headings(shown)
            print(markdown_table(wanted, [cells(row, wanted) for row in shown]))
        print(notes(roofs))
    if any(row.simulated for row in rows):
        print(COUNTED_NOTE)
    too_large = sum("simulator" in (row.refused or {}) for row in rows)
    if too_large:
        print(f"not simulated: {too_large} cases, which are too large: --sizes takes smaller ones, such as 64x32")
    for row in rows:
        if row.error:
            what = " ".join(part for part in (row.operation, row.workload, row.direction, row.backend) if part)
            print(f"failed: {what}: {row.error}")


def _show_rich(rows: "list[Row]") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 160)
    wanted = headings(rows)
    if console.width < NARROW + 10 * (len(wanted) - len(HEADINGS) - 1):  # it has room for one rival
        wanted = tuple(name for name in wanted if name not in LESS_IMPORTANT)
    colours = {FASTER: "green", SLOWER: "red", UNDECIDED: ""}
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(wanted):
        table.add_column(
            name, justify="left" if i < 4 else "right", overflow="fold", no_wrap=i > 0, min_width=0 if i else 14
        )
    for row, following in zip(rows, (*rows[1:], rows[-1])):
        texts = [Text(text) for text in cells(row, wanted)]
        for rival, found in (row.ratios or {}).items():
            texts[wanted.index(f"vs {NAMES[rival]}")].stylize(colours[found["verdict"]])
        table.add_row(*texts, end_section=following.family != row.family)
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
    from .measuring import Row

    roofs = {name: Limits(**roof) for name, roof in results["limits"].items()}
    about = results["machine"]
    rows = [Row(**row) for row in results["rows"]]
    shown = [row for row in rows if row.backend not in RIVALS and row.seconds]
    several = len({row.threads for row in shown} - {None}) > 1
    lines: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in shown:
        side = "forward" if row.direction == "forward" else "backward"
        more = [row.dtype] if row.dtype != "float32" else []
        more += [f"threads: {row.threads}"] if several else []
        backend = f"{row.backend} {row.rung}" if row.rung else row.backend
        lines.setdefault((row.operation, ", ".join([row.workload, *more]), backend), {})[side] = row
    rivals = [name for name in RIVALS if any(name in _values(row) for row in shown)]
    versus = [f"vs {NAMES[name]}" for name in rivals]
    headings = ("operation", "size", "backend", *("forward", "of limit", *versus), *("backward", "of limit", *versus))
    body = [
        key + _side(sides.get("forward"), rivals) + _side(sides.get("backward"), rivals) for key, sides in lines.items()
    ]
    parts = [f"{about['date'][:10]}: {machine.line(about)}."]
    parts += [f"L{limits_line(name, roof)[1:]}." for name, roof in roofs.items() if name != NUMPY]
    return "\n".join([*parts, "", markdown_table(headings, body), "", notes(roofs) + " Backward of a loss: both."])


def _values(row: "Row") -> dict[str, float]:
    """The ratios; older results have only NumPy's."""
    if row.ratios is None:
        return {} if row.vs_numpy is None else {NUMPY: row.vs_numpy}
    return {name: found["value"] for name, found in row.ratios.items()}


def _side(row: "Row | None", rivals: list[str]) -> tuple[str, ...]:
    if row is None:
        return ("",) * (2 + len(rivals))
    found = _values(row)
    return duration(row.seconds), share(row.of_limit, row.bound), *(ratio(found.get(name)) for name in rivals)


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
