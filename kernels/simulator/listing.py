"""A report as people read it: the source, and beside each line what it did."""

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from .report import Finding, Index, Line, Race, Report

RED = "color:#b00020"
GAP = 3  # lines in a row that did nothing and are shown all the same
# Heading of a column, what it means, its figure; a column that is empty everywhere is left out.
COLUMNS: tuple[tuple[str, str, Callable[[Line], str]], ...] = (
    ("runs", "warp instructions that were executed", lambda line: _number(line.executions)),
    ("lanes", "mean number of the 32 lanes that took part", lambda line: f"{line.active_lanes:.3g}"),
    ("flops", "floating-point operations of all lanes", lambda line: _number(flops(line))),
    (
        "sectors",
        "32-byte sectors of global memory touched / the fewest that could hold the bytes",
        lambda line: _pair(line.sectors, line.ideal_sectors),
    ),
    (
        "banks",
        "passes over the banks of shared memory / the fewest that could move the bytes",
        lambda line: _pair(line.bank_wavefronts, line.ideal_wavefronts),
    ),
    (
        "atomics",
        "atomic operations of lanes / those that had to wait for another lane",
        lambda line: _pair(line.atomics, line.atomic_conflicts),
    ),
)


def flops(line: Line) -> int:
    return sum(count for kind, count in line.arithmetic.items() if kind.startswith(("fp", "bf")))


def as_text(report: Report) -> str:
    rows = list(_rows(report))
    cells = [[figure(line) if line else "" for _, _, figure in COLUMNS] for _, _, line in rows]
    shown = [k for k in range(len(COLUMNS)) if any(row[k] for row in cells)]
    widths = {k: max(len(COLUMNS[k][0]), *(len(row[k]) for row in cells)) for k in shown}
    number = max([4, *(len(place) for place, _, _ in rows)])
    said = list(_summary(report))
    if rows:
        heading = "  ".join(COLUMNS[k][0].rjust(widths[k]) for k in shown)
        said += ["", f"{'line':>{number}}  {heading}", ""]
    for (place, text, line), row in zip(rows, cells):
        figures = "  ".join(row[k].rjust(widths[k]) for k in shown)
        said.append(f"{place:>{number}}  {figures}  {text}".rstrip())
        indent = " " * (number + 2 + sum(widths[k] + 2 for k in shown))
        if place.isdigit():
            said += [f"{indent}^ {_label(finding)}: {finding}" for finding in _at(report, int(place))]
        del line
    others = [finding for finding in report.findings if not _is_shown(finding, rows)]
    said += ["", *(f"{_label(finding)}: {finding}" for finding in others)] if others else []
    if report.output:
        said += ["", "printf wrote:", report.output.rstrip("\n")]
    return "\n".join(said)


def as_html(report: Report) -> str:
    """A table; shades of red say how far sectors and passes over banks are from the fewest."""
    rows = list(_rows(report))
    shown = [k for k in range(len(COLUMNS)) if any(line and COLUMNS[k][2](line) for _, _, line in rows)]
    left, mono = "text-align:left", "font-family:monospace;white-space:pre;text-align:left"
    heads = "".join(f'<th title="{escape(COLUMNS[k][1])}">{COLUMNS[k][0]}</th>' for k in shown)
    lines = []
    for place, text, line in rows:
        cells = "".join(
            f'<td style="background:{_shade(COLUMNS[k][0], line)}">{COLUMNS[k][2](line) if line else ""}</td>'
            for k in shown
        )
        lines.append(f'<tr><td>{place}</td>{cells}<td style="{mono}">{escape(text)}</td></tr>')
        found = _at(report, int(place)) if place.isdigit() else []
        lines += [
            f'<tr><td colspan="{len(shown) + 2}" style="{left};{RED}">{_label(one)}: {escape(str(one))}</td></tr>'
            for one in found
        ]
    others = [one for one in report.findings if not _is_shown(one, rows)]
    said = "".join(f'<p style="{RED}">{_label(one)}: {escape(str(one))}</p>' for one in others)
    wrote = f"<pre>{escape(report.output)}</pre>" if report.output else ""
    summary = "<br>".join(escape(line) for line in _summary(report))
    table = (
        f'<table><tr><th>line</th>{heads}<th style="{left}">source</th></tr>{"".join(lines)}</table>' if lines else ""
    )
    return f"<div><p>{summary}</p>{said}{table}{wrote}</div>"


def _summary(report: Report) -> Iterator[str]:
    total = report.total
    sizes = f"grid {_size(report.grid)}, block {_size(report.block)}, sm_{report.arch}"
    yield f"{report.kernel}  {sizes}  ({_place(report.path)})"
    if report.resources:
        need, full = report.resources, report.occupancy
        assert full is not None
        stack = f", {_number(need.stack)} bytes of stack" if need.stack else ""
        yield (
            f"{need.registers} registers a thread{stack}, "
            f"{_bytes(need.shared + report.dynamic)} of shared memory a block; "
            f"{full.blocks} blocks on a multiprocessor: {full.warps} of {full.most_warps} warps ({full.share:.0%}), "
            f"limited by {full.limit}"
        )
    yield f"{_number(report.instructions)} warp instructions in {report.seconds * 1e3:.3g} ms of simulation"
    if total.executions:
        kinds = ", ".join(f"{kind} {_number(count)}" for kind, count in sorted(total.arithmetic.items()))
        yield f"lanes active: {total.active_lanes / 32:.0%}; operations of lanes: {kinds or 'none'}"
    if total.requests:
        yield (
            f"global memory: {_number(total.requests)} requests of {_number(total.sectors)} sectors, "
            f"{report.global_efficiency:.0%} of them needed; DRAM must give {_bytes(report.read_bytes)} "
            f"and take {_bytes(report.written_bytes)}"
        )
    if total.shared_requests:
        yield (
            f"shared memory: {_number(total.shared_requests)} requests in {_number(total.bank_wavefronts)} passes, "
            f"{report.shared_efficiency:.0%} of them needed"
        )
    if report.cost:
        moved = total.sectors * 32
        yield (
            f"the operation's least: {_bytes(report.cost.bytes)}, {_number(report.cost.flops)} flops; "
            f"from the caches it asked {moved / report.cost.bytes if report.cost.bytes else 0:.3g} times as many bytes"
        )
    races, violations = len(report.races), len(report.violations)
    yield f"{races or 'no'} race{'s' * (races != 1)}, {violations or 'no'} violation{'s' * (violations != 1)}"
    if not report.complete:
        yield "but races weren't looked for everywhere: too large arrays, too many blocks or flags between them"


def _place(path: str) -> str:
    """A path as one would type it here."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def _rows(report: Report) -> Iterator[tuple[str, str, Line | None]]:
    """Number, text and figures of the lines worth showing; an ellipsis where lines are left out."""
    source = report.text.splitlines()
    marked = set(report.lines) | {line for finding in report.findings for line in finding.lines if line}
    marked = {line for line in marked if 1 <= line <= len(source)}
    last = None
    for line in sorted(marked):
        if last is None:
            last = max(line - 2, 0)
        elif line - last > GAP + 1:
            yield "", "…", None
            last = line - 1
        for between in range(last + 1, line + 1):
            yield str(between), source[between - 1], report.lines.get(between)
        last = line
    if last is not None and last < len(source):
        yield str(last + 1), source[last], None
    for place, line in report.places.items():
        yield place, "", line


def _at(report: Report, line: int) -> list[Finding]:
    return [finding for finding in report.findings if finding.lines and finding.lines[0] == line]


def _is_shown(finding: Finding, rows: list[tuple[str, str, Line | None]]) -> bool:
    return bool(finding.lines) and any(place == str(finding.lines[0]) for place, _, _ in rows)


def _label(finding: Finding) -> str:
    kind = f"race ({finding.kind})" if isinstance(finding, Race) else finding.kind
    return f"{kind}, {finding.count} times" if finding.count > 1 else kind


def _shade(column: str, line: Line | None) -> str:
    if line is None:
        return "none"
    taken, ideal = {
        "sectors": (line.sectors, line.ideal_sectors),
        "banks": (line.bank_wavefronts, line.ideal_wavefronts),
        "lanes": (32, line.active_lanes or 32),
    }.get(column, (1, 1))
    excess = 1 - ideal / taken if taken else 0
    return f"rgba(220,40,40,{excess * 0.6:.2f})" if excess > 0.01 else "none"


def _number(count: float) -> str:
    return f"{count:,.0f}" if count else ""


def _pair(taken: int, least: int) -> str:
    return f"{taken:,} / {least:,}" if taken else ""


def _bytes(count: float) -> str:
    return f"{count / 1024:,.4g} KiB" if count >= 10240 else f"{count:,.0f} bytes"


def _size(size: Index) -> str:
    return "×".join(str(n) for n in size)
