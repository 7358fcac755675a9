"""`kernelwright bench FAMILY --sweep`: how cost grows with size, batch, width and threads, ours and the rivals'.

Each family has one operation that stands for it. All else is fixed while one thing grows; of threads, at the largest
size. Forward, of a loss with its gradient. The contenders are proved and take turns as anywhere in the suite.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..kernels.operation import CATALOG
from . import fair, report
from .choices import Plan
from .contenders import RIVALS, cases
from .growth import crossovers, exponent
from .measuring import Row, measure

BUDGET, ROUNDS = 0.3, 3  # a curve of several points needs no interval for each
SIZE, BATCH, WIDTH, THREADS = "size", "batch", "width", "threads"


@dataclass(frozen=True)
class Axis:
    """What grows: the operation's sizes, given x."""

    operation: str
    axis: str
    label: str
    xs: tuple[int, ...]
    sizes: Callable[[int], tuple[int, ...]]

    @property
    def family(self) -> str:
        return CATALOG[self.operation].family


@dataclass(frozen=True)
class Sweep:
    """What was found."""

    family: str
    operation: str
    axis: str
    label: str
    xs: list[int]
    seconds: dict[str, list[float | None]]
    exponent: dict[str, float | None] = field(default_factory=dict)
    crossovers: dict[str, list[float]] = field(default_factory=dict)
    faster_at_the_end: dict[str, bool] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # {rival: why its curve can't be compared with ours}


def powers(first: int, last: int, factor: int = 2) -> tuple[int, ...]:
    """first, first · factor, …, up to last."""
    found = [first]
    while found[-1] * factor <= last:
        found.append(found[-1] * factor)
    return tuple(found)


AXES = (
    Axis("relu", SIZE, "numbers", powers(1 << 8, 1 << 24, 16), lambda n: (n,)),
    Axis("scaled_dot_product_attention", SIZE, "queries, and keys", powers(32, 1024), lambda n: (2, 8, n, 64)),
    Axis("scaled_dot_product_attention", BATCH, "sequences", powers(1, 32), lambda n: (n, 8, 128, 64)),
    Axis("scaled_dot_product_attention", WIDTH, "numbers a head", powers(16, 128), lambda n: (4, 8, 128, n)),
    Axis("conv2d", SIZE, "pixels a side", powers(7, 112), lambda n: (8, 32, n, 32, 3, 1, 1, 1)),
    Axis("conv2d", BATCH, "images", powers(1, 64), lambda n: (n, 32, 14, 32, 3, 1, 1, 1)),
    Axis("conv2d", WIDTH, "channels", powers(8, 128), lambda n: (8, n, 14, n, 3, 1, 1, 1)),
    Axis("radial_basis", BATCH, "rows", powers(16, 4096, 4), lambda n: (n, 64, 128)),
    Axis("radial_basis", WIDTH, "features", powers(4, 1024, 4), lambda n: (256, n, 128)),
    Axis("embedding", BATCH, "rows looked up", powers(16, 16384, 4), lambda n: (n, 10000, 128)),
    Axis("embedding", WIDTH, "numbers a row", powers(16, 1024, 4), lambda n: (2048, 10000, n)),
    Axis("top_k_gates", BATCH, "rows", powers(16, 16384, 4), lambda n: (n, 8, 2)),
    Axis("transpose", SIZE, "rows and columns of square matrices", powers(64, 4096, 4), lambda n: (n, n)),
    Axis("bincount", BATCH, "numbers", powers(1 << 8, 1 << 20, 16), lambda n: (n, 256)),
    Axis("cross_entropy", BATCH, "rows", powers(16, 4096, 4), lambda n: (n, 256)),
    Axis("cross_entropy", WIDTH, "classes", powers(10, 10240, 4), lambda n: (256, n)),
    Axis("matmul", SIZE, "rows and columns of square matrices", powers(16, 1024), lambda n: (n, n, n)),
    Axis("matmul", BATCH, "rows of the first factor", powers(1, 1024, 4), lambda n: (n, 512, 512)),
    Axis("matmul", WIDTH, "columns of the second factor", powers(1, 1024, 4), lambda n: (128, 512, n)),
    Axis("layer_norm", BATCH, "rows", powers(16, 16384, 4), lambda n: (n, 256)),
    Axis("layer_norm", WIDTH, "numbers a row", powers(16, 16384, 4), lambda n: (256, n)),
    Axis("max_pool2d", SIZE, "pixels a side", powers(7, 112), lambda n: (8, 32, n, n)),
    Axis("max_pool2d", BATCH, "images", powers(1, 64, 4), lambda n: (n, 32, 28, 28)),
    Axis("dropout", SIZE, "numbers", powers(1 << 8, 1 << 22, 8), lambda n: (n,)),
    Axis("lstm", SIZE, "steps", powers(4, 64), lambda n: (n, 32, 128)),
    Axis("lstm", BATCH, "rows", powers(1, 64, 4), lambda n: (16, n, 128)),
    Axis("lstm", WIDTH, "hidden units", powers(16, 512), lambda n: (16, 32, n)),
    Axis("sum", BATCH, "rows", powers(16, 16384, 4), lambda n: (n, 256, 1)),
    Axis("sum", WIDTH, "numbers a row", powers(16, 16384, 4), lambda n: (256, n, 1)),
    Axis("interpolate", SIZE, "pixels a side", powers(7, 112), lambda n: (8, 16, n, n)),
    Axis("softmax", BATCH, "rows", powers(16, 16384, 4), lambda n: (n, 256)),
    Axis("softmax", WIDTH, "numbers a row", powers(16, 16384, 4), lambda n: (256, n)),
    Axis("adam_update", SIZE, "parameters", powers(1 << 8, 1 << 22, 8), lambda n: (n,)),
)


def axes(families: Sequence[str], threads: int) -> list[Axis]:
    """Those of the families, or of the operations, of these names; with several threads, over their number, too."""
    found = [one for one in AXES if not families or one.family in families or one.operation in families]
    if not found:
        known = ", ".join(dict.fromkeys(one.operation for one in AXES))
        raise ValueError(f"bench: --sweep has nothing for {', '.join(families)}: it must be a family, or of {known}")
    if threads > 1:
        for operation in dict.fromkeys(one.operation for one in found):
            first = next(one for one in found if one.operation == operation)
            counts = (*powers(1, threads - 1), threads)
            largest = first.sizes(first.xs[-1])
            found.append(Axis(operation, THREADS, "threads", counts, lambda _, largest=largest: largest))
    return found


def run(chosen: Plan, families: Sequence[str], torch: Any) -> Iterator[tuple[Sweep, list[Row]]]:
    """Every sweep, with the rows of what failed."""
    threads = chosen.threads[0]
    found = axes(families, threads)
    with report.progress(sum(len(one.xs) for one in found)) as say:
        for one in found:
            rows: list[list[Row]] = []
            for x in one.xs:
                say(f"{one.operation}, {one.label}: {x}", 0)
                with fair.everyone_with(x if one.axis == THREADS else threads, torch, "bench", one.axis == THREADS):
                    rows.append(point(one, x, chosen))
                say(f"{one.operation}, {one.label}: {x}", 1)
            yield summed_up(one, rows), [row for here in rows for row in here if row.error]


def point(one: Axis, x: int, chosen: Plan) -> list[Row]:
    """The rows at one x."""
    (case,) = cases(CATALOG[one.operation], True, {f"{one.label}: {x}": one.sizes(x)}, chosen.dtypes[0])
    return measure(case, chosen.backends, {}, BUDGET, chosen.rivals, least=ROUNDS)


def summed_up(one: Axis, rows: list[list[Row]]) -> Sweep:
    """Curves, exponents and crossovers, of our first backend against each rival whose ratio isn't refused."""
    names = list(dict.fromkeys(row.backend for here in rows for row in here if row.seconds))
    seconds = {name: [_seconds(here, name) for here in rows] for name in names}
    xs = list(one.xs)
    ours = next((name for name in names if name not in RIVALS), None)
    refused = {rival: why for here in rows for row in here for rival, why in (row.refused or {}).items()}
    found = Sweep(one.family, one.operation, one.axis, one.label, xs, seconds, refused=refused)
    for name in names:
        found.exponent[name] = exponent(xs, seconds[name])
    for rival in names:
        if ours and rival in RIVALS and rival not in refused:
            found.crossovers[rival] = crossovers(xs, seconds[ours], seconds[rival])
            last, theirs = seconds[ours][-1], seconds[rival][-1]
            if last and theirs:
                found.faster_at_the_end[rival] = last < theirs
    return found


def _seconds(rows: list[Row], name: str) -> float | None:
    return next((row.seconds for row in rows if row.backend == name), None)


def table(found: Sweep) -> str:
    """For a terminal, or a Markdown file."""
    names = list(found.seconds)
    body = [(str(x), *(report.duration(found.seconds[name][i]) for name in names)) for i, x in enumerate(found.xs)]
    text = report.markdown_table((found.label, *names), body)
    return "\n".join([f"{found.operation}: {found.axis}", "", text, "", *words(found)])


def words(found: Sweep) -> list[str]:
    """What the curves say, a sentence each: the powers that they grow with; where ours crosses each rival's."""
    grows = [
        f"{report.NAMES.get(name, name)} like x^{power:.2f}"
        for name, power in found.exponent.items()
        if power is not None
    ]
    sentences = [f"time grows, where x is large: {', '.join(grows)}"] if grows else []
    for rival, places in found.crossovers.items():
        crossed = f"crosses its time at x = {'; '.join(map(number, places))}" if places else "never crosses its time"
        last = found.faster_at_the_end.get(rival)
        end = "" if last is None else f"; at the largest x ours is the {'faster' if last else 'slower'} one"
        sentences.append(f"against {report.NAMES[rival]}: ours {crossed}{end}")
    sentences += [f"no ratio to {report.NAMES[rival]}: {why}" for rival, why in found.refused.items()]
    return sentences


def number(x: float) -> str:
    """Three digits of it: 2.5, 1,240, 973,000."""
    return f"{x:.3g}" if x < 100 else f"{float(f'{x:.3g}'):,.0f}"
