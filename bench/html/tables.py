"""Tables of the page: a caption, heads with their scope, and for each number the value that it is sorted by."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .. import report
from ..rivals import OURS
from ..targets import RIVALS
from ..targets import Row as Contest
from .results import Counted, Kernel, called


@dataclass(frozen=True)
class Cell:
    """A number: what is shown, and what it is sorted by; None where there is none."""

    text: str
    value: float | None


def cell(value: float | None, show: Callable[..., str] = report.ratio) -> Cell:
    return Cell(show(value), value)


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str | Cell]], name: str = "") -> str:
    """With a `name`, it can be sorted and filtered."""
    numeric = [any(isinstance(row[i], Cell) for row in rows) for i in range(len(heads))]
    parts = [f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">']
    parts.append(f'<table id="{name}" class="sortable">' if name else "<table>")
    parts.append(f"<caption>{escape(caption)}</caption><thead><tr>")
    for head, is_number in zip(heads, numeric):
        inside = f'<button type="button">{escape(head)}</button>' if name else escape(head)
        parts.append(f'<th scope="col"{_kind(is_number)}{" aria-sort=none" if name else ""}>{inside}</th>')
    parts.append("</tr></thead><tbody>")
    parts += [f"<tr>{''.join(_cell(part, first=i == 0) for i, part in enumerate(row))}</tr>" for row in rows]
    parts.append("</tbody></table></div>")
    return "\n".join(parts)


def _kind(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _cell(part: str | Cell, first: bool) -> str:
    if isinstance(part, Cell):
        value = "" if part.value is None else f' data-value="{part.value:.6g}"'
        return f'<td class="number"{value}>{escape(part.text)}</td>'
    text = escape(part).replace("_", "_<wbr>")
    return f'<th scope="row">{text}</th>' if first else f"<td>{text}</td>"


def kernels(rows: Sequence[Kernel], counted: Sequence[Counted]) -> tuple[list[str], list[list[str | Cell]]]:
    """Heads and rows: what the roofline shows, a column for each rival that there is, and the simulator's own."""
    rivals = list(dict.fromkeys(rival for row in rows for rival in row.ratios))
    own = report.COUNTED if counted else ()
    figures = ["time", "±", "GFLOP/s", "GB/s", "of limit", *(f"vs {called(rival)}" for rival in rivals)]
    heads = ["operation", "family", "size", "direction", *figures, *own, "backend", "dtype", "threads"]
    none = Cell("–", None)
    body: list[list[str | Cell]] = [
        [
            *(row.operation, row.family, row.workload, row.direction),
            cell(row.seconds, report.duration),
            Cell("–" if row.spread is None else f"{row.spread:.0%}", row.spread),
            cell(row.flops, report.rate),
            cell(row.bandwidth, report.rate),
            Cell(report.share(row.of_limit, row.bound), row.of_limit),
            *(_versus(row, rival) for rival in rivals),
            *(none for _ in own),
            *(row.backend, row.dtype, cell(row.threads, _count)),
        ]
        for row in rows
    ]
    body += [
        [
            *(row.operation, row.family, row.workload, row.direction),
            *(none for _ in figures),
            _over(row.simulated, "sectors", "ideal_sectors"),
            _over(row.simulated, "bank_wavefronts", "ideal_wavefronts"),
            *("simulator", row.dtype, none),
        ]
        for row in counted
    ]
    return heads, body


def _over(counts: dict[str, int], taken: str, needed: str) -> Cell:
    """Sorted by how many times as many were taken as needed."""
    return Cell(report.over(counts, taken, needed), counts[taken] / counts[needed] if counts[needed] else None)


def _versus(row: Kernel, rival: str) -> Cell:
    """With a question mark where 1 lies within its interval."""
    ratio, (low, high) = row.ratios.get(rival), row.intervals.get(rival, (0.0, 0.0))
    return Cell(report.ratio(ratio) + "?" * (low <= 1 <= high), ratio)


def contests(rows: Sequence[Contest]) -> tuple[list[str], list[list[str | Cell]]]:
    """Heads and rows of what was timed beside others; columns for those contenders that there are."""
    timed = [row for row in rows if OURS in row.seconds]
    rivals = [name for name in RIVALS if any(name in row.seconds for row in timed)]
    heads = ["operation", "group", "size", "threads", "ours", *(f"vs {called(name)}" for name in rivals)]
    heads += [called(name) for name in rivals]
    body: list[list[str | Cell]] = []
    for row in timed:
        line: list[str | Cell] = [row.operation, row.group, row.size, Cell(str(row.threads), row.threads)]
        line += [cell(row.seconds[OURS], report.duration), *(cell(row.ratio(name)) for name in rivals)]
        line += [cell(row.seconds.get(name), report.duration) for name in rivals]
        body.append(line)
    return heads, body


def simulated(rows: Sequence[dict[str, Any]]) -> list[list[str | Cell]]:
    return [
        [
            *(row["kernel"], row["mode"], Cell(f"{row['instructions']:,}", row["instructions"])),
            cell(row["seconds"], report.duration),
            Cell(f"{row['nanoseconds']:.1f} ns", row["nanoseconds"]),
        ]
        for row in rows
    ]


def on_gpu(rows: Sequence[dict[str, Any]]) -> list[list[str | Cell]]:
    """Of `bench gpu`: those that failed, too."""
    return [
        [
            f"a training step, {row['step']}" if "step" in row else row.get("product", "–"),
            *(cell(row.get("seconds"), report.duration), cell(row.get("flops"), report.rate)),
            Cell("–" if row.get("error") is None else f"{row['error']:.1e}", row.get("error")),
            row.get("failed", ""),
        ]
        for row in rows
    ]


def peers(rows: Sequence[dict[str, Any]]) -> list[list[str | Cell]]:
    """Those without a figure, too: their note says why."""
    return [
        [
            *(row["peer"], row["network"], row["version"] or "–"),
            *(cell(row.get(key), report.duration) for key in ("step", "first_step", "reached")),
            Cell(str(row.get("steps", "–")), row.get("steps")),
            cell(row.get("peak"), report.amount),
            row["note"],
        ]
        for row in rows
    ]


def filters(name: str, choices: Iterable[str]) -> str:
    """A form that script.js shows: words to search the table of that name for, and which family (its second column)."""
    options = "".join(f"<option>{escape(choice)}</option>" for choice in sorted(choices))
    return (
        f'<form class="filter" data-for="{name}" hidden><label>Search <input type="search" autocomplete="off"></label>'
        f'<label>Family <select><option value="">all</option>{options}</select></label>'
        '<output aria-live="polite"></output></form>'
    )
