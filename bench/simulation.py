"""How fast the simulator is: nanoseconds a warp instruction, plain, traced, and with a look for races.

A row times whole calls of `simulator.run`, or of an operation of the library, the kernel being compiled already. Its
modes take turns (timing.py). Looking for races takes one thread.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels
from ..kernels import simulator
from ..kernels.cuda import KERNELS
from ..kernels.operation import CATALOG
from . import machine, report
from .timing import Contender, race

SOURCE = Path(__file__).with_name("simulation.cu")
BUDGET, QUICK_BUDGET = 3.0, 1.0  # seconds for the rounds of a row
# Name → tracing, looking for races, threads (None: all of the machine).
MODES: dict[str, tuple[bool, bool, int | None]] = {
    "plain": (False, False, None),
    "traced": (True, False, None),
    "races": (True, True, 1),
    "plain, 1 thread": (False, False, 1),
    "traced, 1 thread": (True, False, 1),
}


@dataclass(frozen=True)
class Row:
    """What a kernel took in one mode."""

    kernel: str
    mode: str
    instructions: int  # of warps
    seconds: float  # the median of whole calls
    spread: float  # half the distance between the quartiles, as a share of it
    samples: int
    nanoseconds: float  # a warp instruction


def cases() -> Iterator[tuple[str, Callable[..., simulator.Report]]]:
    """Names of kernels, and what launches each: with `trace`, `races` and `threads` as in simulator.run."""
    rng = np.random.default_rng(0)
    n = 256
    a, b = rng.standard_normal((2, n, n)).astype(np.float32)
    c = np.empty((n, n), np.float32)
    for name in ("naive", "tiled"):
        yield f"matmul {name}, {n}³", _file(name, (n // 16, n // 16), (16, 16), [a, b, c, n])
    yield f"matmul of the library, {n}³", _operation("matmul", n, n, n)
    yield "softmax of the library, 128×1000", _operation("softmax", 128, 1000)
    values, counts = rng.integers(0, 256, 200_000).astype(np.int32), np.zeros(256, np.int32)
    yield "histogram, 200 000 values", _file("histogram", 64, 256, [values, counts, values.size, 256], 1024)


def _file(name: str, grid: Any, block: Any, arguments: list, shared: int = 0) -> Callable[..., simulator.Report]:
    def launch(**options: Any) -> simulator.Report:
        return simulator.run(SOURCE, name, grid, block, arguments, shared, **options)

    return launch


def _operation(name: str, *sizes: int) -> Callable[..., simulator.Report]:
    """The library's own kernel, by the launch that its operation makes."""
    operation = CATALOG[name]
    sample = operation.sized(sizes)
    kept: dict[str, Any] = {}

    class Noting(simulator.Device):
        def launch(
            self, source: Any, name: str, dtype: Any, grid: Any, block: Any, args: tuple, shared: int = 0
        ) -> None:
            kept.update(source=source, name=name, launch=(grid, block, args, shared))

    backend: Any = kernels.backend("simulator")
    own = type(backend)()
    own.device = Noting()
    with kernels.using(own):
        operation.function(*sample.args, **sample.options)

    def launch(**options: Any) -> simulator.Report:
        source, macros = kept["source"], {"real": "float", **dict(kept["source"].macros)}
        return simulator.run(source.path, kept["name"], *kept["launch"], defines=macros, include=[KERNELS], **options)

    return launch


def first_use() -> tuple[float, float]:
    """Seconds until the machine is ready in a new process: with nothing in the cache, and from the cache."""
    code = "import kernelwright.kernels.simulator.engine as e; e.machine()"
    found = []
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "KERNELWRIGHT_CACHE_DIR": cache}
        for _ in range(2):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
            found.append(time.perf_counter() - started)
    return found[0], found[1]


def run(quick: bool, json: Path | None, markdown: Path | None) -> int:
    """Measure, show, write."""
    report.check_outputs(json, markdown, NAME)
    about = machine.describe(("simulator",))
    print(machine.line(about))
    rows: list[Row] = []
    with report.progress(7) as say:
        say("the simulator compiles itself", 0)
        cold, cached = first_use()
        say("", 2)
        for name, launch in cases():
            say(name, 0)
            rows += measure(name, launch, QUICK_BUDGET if quick else BUDGET)
            say(name, 1)
    results = {"machine": about, "cold": cold, "cached": cached, "rows": [asdict(row) for row in rows]}
    print(figures(results))
    if json:
        report.write_json(json, results)
    if markdown:
        report.write_markdown(markdown, figures(results), NAME)
    return 0


NAME = "simulator figures"


def measure(name: str, launch: Callable[..., simulator.Report], budget: float) -> Iterator[Row]:
    def contender(mode: str) -> Contender:
        trace, races, threads = MODES[mode]
        return Contender(lambda: launch(trace=trace, races=races, threads=threads), nullcontext)

    found = launch(trace=False, races=False)
    assert not found.findings, found
    for mode, timing in race({mode: contender(mode) for mode in MODES}, budget).items():
        each = timing.median / found.instructions * 1e9
        yield Row(name, mode, found.instructions, timing.median, timing.spread, len(timing.samples), each)


def figures(results: dict[str, Any]) -> str:
    about = results["machine"]
    lines: dict[str, dict[str, Row]] = {}
    for row in (Row(**row) for row in results["rows"]):
        lines.setdefault(row.kernel, {})[row.mode] = row
    body = []
    for kernel, by_mode in lines.items():
        times = (f"{report.duration(by_mode[mode].seconds)}, {by_mode[mode].nanoseconds:.1f} ns" for mode in MODES)
        body.append((kernel, f"{by_mode['plain'].instructions:,}", *times))
    threads = f"{about['cores']} threads" if about["cores"] > 1 else "1 thread"
    headings = (
        "kernel",
        "warp instructions",
        f"plain, {threads}",
        f"traced, {threads}",
        "with races",
        *list(MODES)[3:],
    )
    parts = [
        f"{about['date'][:10]}: {machine.line(about)}.",
        f"Ready in {results['cold']:.1f} s at the first use, when it compiles itself; in {results['cached']:.2f} s "
        "from the cache, Python and imports included.",
    ]
    note = "Medians of whole calls by turns, the kernel compiled already; the time, and that of a warp instruction."
    return "\n".join([*parts, "", report.markdown_table(headings, body), "", note])
