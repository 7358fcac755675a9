"""Figures as a table in the terminal, as JSON, and as the table in the README."""

import json
import re
from pathlib import Path
from typing import Any

from .suite import Row

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
COLUMNS = ("operation", "size", "backend", "time", "±", "GFLOP/s", "GB/s", "of limit", "vs NumPy", "first call")
NARROW = ("operation", "size", "time", "of limit", "vs NumPy")  # for a terminal of 80 columns, and the README


def cells(row: Row) -> dict[str, str]:
    """A row in words by column; – where a figure would mean nothing."""
    name = row.operation + {"forward": "", "backward": " backward", "with gradient": " + gradient"}[row.direction]
    head = {"operation": name, "size": row.size, "backend": row.backend}
    if row.timing is None:
        return dict.fromkeys(COLUMNS, "") | head | {"time": "failed"}
    seconds = row.timing.median
    return head | {
        "time": duration(seconds),
        "±": f"{row.timing.spread:.0%}",
        "GFLOP/s": f"{row.cost.flops / seconds / 1e9:.1f}",
        "GB/s": f"{row.cost.bytes / seconds / 1e9:.1f}",
        "of limit": "–" if row.of_limit is None else f"{row.of_limit:.0%}",
        "vs NumPy": "–" if row.versus_numpy is None else f"{row.versus_numpy:.2f}×",
        "first call": duration(row.timing.first),
    }


def duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def print_table(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:  # a pipe or a file has no width of its own
        console = Console(width=140)
    columns = COLUMNS if console.width >= 120 else NARROW
    table = Table(
        box=None, pad_edge=False, caption="vs NumPy above 1: ours is faster. First call: compilation included"
    )
    for column in columns:
        table.add_column(column, justify="left" if column in COLUMNS[:3] else "right", no_wrap=True)
    for row in rows:
        style = "red" if row.error else "green" if (row.versus_numpy or 0) >= 1 else None
        table.add_row(*(cells(row)[column] for column in columns), style=style)
    console.print(table)
    for row in rows:
        if row.error:
            console.print(f"{row.operation} {row.size} {row.direction} on {row.backend}: {row.error}", markup=False)


def limits_line(limits: dict[str, dict[str, float]]) -> str:
    """What the machine allows, measured in the same run."""
    return "; ".join(
        f"{name}: {limit['gflops']:.0f} GFLOP/s float32, {limit['gbytes']:.1f} GB/s of memory"
        for name, limit in limits.items()
    )


def write_json(path: Path, machine: dict[str, Any], limits: dict[str, Any], rows: list[Row]) -> None:
    content = {"machine": machine, "limits": limits, "rows": [row.as_dict() for row in rows]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def place(path: Path) -> str:
    """The document, which must have the two marks that the table goes between.

    Raises
    ------
    ValueError
        It has none.
    """
    text = path.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{path} has no place for figures: it must hold {BEGIN} and {END}")
    return text


def write_markdown(path: Path, machine: dict[str, Any], limits: dict[str, Any], rows: list[Row]) -> None:
    """Put the table between the two marks in a document."""
    text = place(path)
    lines = [NARROW, ["---" if column in COLUMNS[:3] else "--:" for column in NARROW]]
    lines += [[cells(row)[column] for column in NARROW] for row in rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    caption = (
        f"{machine['processor']}, {machine['threads']} threads, {limits_line(limits)}. NumPy {machine['numpy']} "
        f"with {machine['blas']}; Numba {machine['numba']}. {machine['date'][:10]}, commit {machine['commit']}. "
        "– : the data fit in the cache, where the memory's limit means nothing."
    )
    new = re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{table}\n\n{caption}\n{END}", text, flags=re.DOTALL)
    path.write_text(new)
