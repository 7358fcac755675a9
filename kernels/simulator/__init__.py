"""Run and examine CUDA kernels on any machine: no GPU, no driver, no toolkit.

    report = simulator.run("transpose.cu", "transpose<1>", grid=(4, 4), block=(32, 8), args=[x, y, 128])
    print(report)                       # the source, with what each line did
    assert report.races == [] and report.global_efficiency > 0.9

NVIDIA's compiler NVRTC turns CUDA C into PTX, its virtual machine's instructions; the machine here executes them as a
GPU would, warp by warp, and sees every access. The files, in the order in which a kernel passes through them:

    source.py  host.py          a user's .cu file → PTX: host code is taken out
    parser.py                   PTX text → instructions
    lower/  program.py          instructions → rows of numbers (rows.py), which the machine executes; swaps.py
    launch.py  arguments.py     sizes and arguments checked; memory laid out (regions.py, frames.py, worker.py)
    machine.py  control.py      runs blocks, warps, instructions; who goes next, who waits for whom
      operations.py             what arithmetic computes (lanes.py, integers.py, floats.py, rounding.py, intrinsics.py)
      memory.py  access.py      where an address leads; loads, stores, atomics.py, asynchronous copies
      warp.py  barriers.py      shuffles and votes; __syncthreads; tensor.py has mma.sync
      trace.py  races.py        coalescing and bank conflicts; what is ordered before what
    counts.py  explain.py       what was counted and found, for each source line and in words
    report.py  listing.py       shown; resources.py: registers, occupancy; checker.py: is a kernel right?

Hopper's own instructions (mbarrier, TMA, wgmma, clusters) aren't executed yet: they are refused by name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from . import launch as _launch
from . import source as _source
from .checker import Verdict, check
from .launch import DEFAULT_LIMIT, ORDERS
from .parser import Unsupported
from .regions import empty
from .report import Finding, KernelError, Line, Race, Report, Violation
from .resources import Resources
from .resources import resources as _resources

__all__ = [
    "DEFAULT_LIMIT",
    "ORDERS",
    "Device",
    "Finding",
    "KernelError",
    "Line",
    "Race",
    "Report",
    "Unsupported",
    "Verdict",
    "Violation",
    "check",
    "empty",
    "record",
    "run",
]


def run(
    source: str | Path,
    kernel: str,
    grid: int | Sequence[int],
    block: int | Sequence[int],
    args: Sequence[Any],
    shared: int = 0,
    defines: Iterable[str] | Mapping[str, Any] = (),
    arch: int = 80,
    strict: bool = False,
    *,
    trace: bool = True,
    races: bool = True,
    order: str | None = None,
    threads: int | None = None,
    limit: int = DEFAULT_LIMIT,
    symbols: Mapping[str, np.ndarray] | None = None,
    include: Iterable[str | Path] = (),
) -> Report:
    """Compile a CUDA C file (or text), run one of its kernels, and say what it did.

    Parameters
    ----------
    source
        The path of a `.cu` file, or CUDA C itself. Host code in it is left out.
    kernel
        The kernel's name; of a template an instance, `"transpose<1>"`.
    grid, block
        Numbers, or up to three of each.
    args
        NumPy arrays, which the kernel changes in place; NumPy scalars of exactly the parameter's type; Python
        numbers, which are converted to it. For a structure a tuple of its fields (an array for a pointer, NumPy
        scalars, tuples), a NumPy record, or its bytes. None is the null pointer.
    shared
        Dynamic shared memory, in bytes.
    defines
        Macros, `"TILE=16"` or `{"TILE": 16}`.
    arch
        The architecture to compile for: 75, 80, 90, 120, ….
    strict
        Raise `KernelError` where anything wrong is found.
    trace, races
        Count what each source line does; look for races and uninitialised reads. Without them it runs faster;
        out-of-bounds accesses, barriers and deadlocks are seen anyway.
    order
        In which blocks run: "forward" (unless `record` or `check` say otherwise), "reverse" or "shuffled".
    threads
        Of this CPU, that run blocks; looking for races takes one.
    limit
        Warp instructions after which the kernel counts as endless (2²⁸, which take some seconds, or half a minute
        where races are looked for).
    symbols
        Values of `__constant__` and `__device__` variables by name; arrays get a `__device__` variable's last value.
    include
        Directories of headers.

    Raises
    ------
    ValueError
        The source doesn't compile or has no such kernel, or the launch is impossible.
    Unsupported
        The kernel needs an instruction that the simulator doesn't know.
    TypeError
        An argument doesn't fit the kernel's parameter.
    KernelError
        With `strict`: something wrong was found.
    """
    compiled = _source.compile(source, kernel, arch, defines, include)
    program = _launch.program(compiled.ptx, compiled.name, compiled.path)
    report = _launch.launch(
        program,
        grid,
        block,
        tuple(args),
        shared,
        arch=arch,
        trace=trace,
        races=races,
        order=order,
        threads=threads,
        limit=limit,
        symbols=symbols,
        about=_launch.About(kernel, compiled.path, compiled.text, lambda: compiled.resources),
    )
    if strict:
        raise_findings(report)
    return report


def raise_findings(report: Report) -> None:
    """Raise what was found, if anything."""
    found = report.findings
    if found:
        more = f" (and {len(found) - 1} more findings)" if len(found) > 1 else ""
        raise KernelError(f"{report.kernel}: {found[0].sentence}{more}", report)


class _Recording:
    """What launches under `record` are told, and the reports that they leave."""

    def __init__(self, races: bool):
        self.races = races
        self.reports: list[Report] = []


_recording: ContextVar[_Recording | None] = ContextVar("kernelwright_recording", default=None)


@contextmanager
def record(order: str = "forward", races: bool = True) -> Iterator[list[Report]]:
    """Trace the library's own launches on the backend `simulator`: a list that gets a report of each.

    with kernels.using("simulator"), simulator.record() as reports:
        kernels.softmax(x)
    """
    recording = _Recording(races)
    token = _recording.set(recording)
    try:
        with _launch.in_order(order):
            yield recording.reports
    finally:
        _recording.reset(token)


class Device:
    """The simulator as launch code sees a GPU: `empty` and `launch`."""

    arch = 80

    def __init__(self) -> None:
        self._programs: dict[tuple[Any, str, Any], _launch.Program] = {}
        self._known: dict[tuple[Any, str, Any], _launch.About] = {}

    def empty(self, shape: Any, dtype: Any) -> np.ndarray:
        return empty(shape, dtype) if _recording.get() else np.empty(shape, dtype)

    def launch(self, source: Any, name: str, dtype: Any, grid: Any, block: Any, args: tuple, shared: int = 0) -> None:
        """Run a kernel of a `cuda.Source`; what CUDA forbids is a KernelError."""
        recording = _recording.get()
        report = _launch.launch(
            self._program(source, name, dtype),
            grid,
            block,
            args,
            shared,
            arch=self.arch,
            trace=recording is not None,
            races=recording is not None and recording.races,
            about=self._about(source, name, dtype) if recording else None,
        )
        if recording:
            recording.reports.append(report)
        else:
            raise_findings(report)

    def _program(self, source: Any, name: str, dtype: Any) -> _launch.Program:
        key = source, name, np.dtype(dtype)
        if key not in self._programs:
            ptx = source.compile(self.arch, dtype, "ptx").read_text(encoding="latin-1").rstrip("\0")
            self._programs[key] = _launch.program(ptx, name, str(source.path))
        return self._programs[key]

    def _about(self, source: Any, name: str, dtype: Any) -> _launch.About:
        key = source, name, np.dtype(dtype)
        if key not in self._known:
            text = source.path.read_text(encoding="utf-8")

            def measure() -> Resources:
                return _resources(source.compile(self.arch, dtype).read_bytes(), name, self.arch)

            self._known[key] = _launch.About(name, str(source.path), text, measure)
        return self._known[key]
