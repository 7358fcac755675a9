"""Figures as a table in the terminal, as JSON, and as the table in the README."""

import json
import re
from pathlib import Path
from typing import Any

from .suite import Row

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
COLUMNS = (
    "operation",
    "size",
    "direction",
    "backend",
    "time",
    "±",
    "GFLOP/s",
    "GB/s",
    "of limit",
    "vs NumPy",
    "first call",
)


def cells(row: Row) -> list[str]:
    """A row in words; – where a figure would mean nothing."""
    head = [row.operation, row.size, row.direction, row.backend]
    if row.timing is None:
        return [*head, "failed", "", "", "", "", "", ""]
    seconds = row.timing.median
    return [
        *head,
        duration(seconds),
        f"{row.timing.spread:.0%}",
        f"{row.cost.flops / seconds / 1e9:.1f}",
        f"{row.cost.bytes / seconds / 1e9:.1f}",
        "–" if row.of_limit is None else f"{row.of_limit:.0%}",
        "–" if row.versus_numpy is None else f"{row.versus_numpy:.2f}×",
        duration(row.timing.first),
    ]


def duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def print_table(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Our kernels (float32)", caption="vs NumPy above 1: ours is faster")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in COLUMNS[:4] else "right", no_wrap=True)
    for row in rows:
        ratio = row.versus_numpy
        style = "red" if row.error else "green" if ratio and ratio >= 1 else None
        table.add_row(*cells(row), style=style)
    # Wide enough for the table even in a pipe, where there is no width to ask for.
    console = Console()
    Console(width=max(console.width, 125) if not console.is_terminal else None).print(table)
    for row in rows:
        if row.error:
            console.print(f"{row.operation} {row.size} {row.direction} on {row.backend}: {row.error}", markup=False)


def limits_line(limits: dict[str, dict[str, float]]) -> str:
    """What the machine allows, measured in the same run."""
    return "; ".join(
        f"{name}: {limit['gflops']:.0f} GFLOP/s float32, {limit['gbytes']:.1f} GB/s copied"
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
    chosen = (0, 1, 2, 4, 8, 9)
    lines = [" | ".join(COLUMNS[i] for i in chosen), "|".join("---" if i < 3 else "--:" for i in chosen)]
    lines += [" | ".join(cells(row)[i] for i in chosen) for row in rows]
    table = "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines)
    caption = (
        f"{machine['processor']}, {machine['threads']} threads, {limits_line(limits)}. NumPy {machine['numpy']} "
        f"with {machine['blas']}; Numba {machine['numba']}. {machine['date'][:10]}, commit {machine['commit']}. "
        "– : the data fit in the cache, where the memory's limit means nothing."
    )
    new = re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{table}\n\n{caption}\n{END}", text, flags=re.DOTALL)
    path.write_text(new)
