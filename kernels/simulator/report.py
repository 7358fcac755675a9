"""What a run showed: findings, figures for each source line, and their totals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .resources import Occupancy, Resources

Index = tuple[int, int, int]  # x, y, z, as CUDA's threadIdx and blockIdx


@dataclass(frozen=True)
class Finding:
    """Something wrong that a run met; the same one met again only adds to `count`."""

    kind: str
    lines: tuple[int, ...]  # in the main source file: the access itself first, then what it collides with
    threads: tuple[Index, ...]  # in the same order
    block: Index
    sentence: str  # says what happened, in full
    count: int = 1

    def __str__(self) -> str:
        return self.sentence


class Race(Finding):
    """Two accesses to the same memory, one of them a write, that nothing orders.

    `kind` is "shared" or "global" followed by "write-write", "write-read" (read of what the other may not have
    written yet) or "read-write": "shared write-read".
    """


class Violation(Finding):
    """An access or a barrier that CUDA forbids, or a limit that was reached.

    `kind` is one of "out of bounds", "misaligned", "uninitialised", "divergent barrier", "missing barrier",
    "deadlock", "inactive lane", "assertion", "trap", "stack overflow", "limit", "read-only", "wrong space".
    """


@dataclass
class Line:
    """What one source line did, summed over the launch."""

    executions: int = 0  # warp instructions
    active_lanes: float = 0.0  # mean number of lanes, of 32, that took part
    requests: int = 0  # warp instructions that went to global memory
    sectors: int = 0  # 32-byte pieces of global memory that they touched
    ideal_sectors: int = 0  # the fewest that could hold the same bytes
    shared_requests: int = 0  # warp instructions that went to shared memory
    bank_wavefronts: int = 0  # passes over the 32 banks that they took
    ideal_wavefronts: int = 0  # the fewest that could move the same bytes
    global_bytes: int = 0  # that lanes read or wrote
    shared_bytes: int = 0
    atomics: int = 0  # lanes that did an atomic operation
    atomic_conflicts: int = 0  # of those, the ones that had to wait for another lane of their warp
    arithmetic: dict[str, int] = field(default_factory=dict)  # kind ("fp32", "fp64", "int", …) → operations of lanes


@dataclass(repr=False)
class Report:
    """What a launch did. Printed, it is the source with figures beside each line; a notebook shows it as a table.

    Most reports are only asked for their findings, so what takes a while to make of a launch is made when asked for.
    """

    kernel: str
    path: str
    text: str  # the source
    grid: Index
    block: Index
    arch: int
    dynamic: int = 0  # bytes of dynamic shared memory
    races: list[Race] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    output: str = ""  # of printf
    instructions: int = 0  # of warps
    seconds: float = 0.0  # that the simulator took
    read_bytes: int = 0  # of global memory, each 32-byte sector once: what DRAM must deliver to a perfect cache
    written_bytes: int = 0
    complete: bool = True  # False: races weren't looked for everywhere, or not to the end
    cost: Any = None  # the least flops and bytes, of an operation of the library
    gather: Callable[[], tuple[dict[int, Line], dict[str, Line]]] = lambda: ({}, {})  # lines and places
    measure: Callable[[], Resources | None] = lambda: None  # looks at the machine code

    @property
    def lines(self) -> dict[int, Line]:
        """By line of the main source file."""
        return self._gathered[0]

    @property
    def places(self) -> dict[str, Line]:
        """Of functions of headers that weren't inlined, by "file:line"."""
        return self._gathered[1]

    @cached_property
    def _gathered(self) -> tuple[dict[int, Line], dict[str, Line]]:
        return self.gather()

    @cached_property
    def resources(self) -> Resources | None:
        """Registers and shared memory."""
        return self.measure()

    @property
    def findings(self) -> list[Finding]:
        return [*self.violations, *self.races]

    @property
    def total(self) -> Line:
        """All lines together."""
        every = [*self.lines.values(), *self.places.values()]
        total = Line()
        for name in COUNTS:
            setattr(total, name, sum(getattr(line, name) for line in every))
        if total.executions:
            total.active_lanes = sum(line.active_lanes * line.executions for line in every) / total.executions
        for line in every:
            for kind, count in line.arithmetic.items():
                total.arithmetic[kind] = total.arithmetic.get(kind, 0) + count
        return total

    @property
    def global_efficiency(self) -> float:
        """Sectors of global memory that were needed, over those that were fetched: 1.0 is perfect coalescing."""
        total = self.total
        return total.ideal_sectors / total.sectors if total.sectors else 1.0

    @property
    def shared_efficiency(self) -> float:
        """Passes over the banks of shared memory that were needed, over those taken: 1.0 is free of conflicts."""
        total = self.total
        return total.ideal_wavefronts / total.bank_wavefronts if total.bank_wavefronts else 1.0

    @property
    def occupancy(self) -> Occupancy | None:
        threads = self.block[0] * self.block[1] * self.block[2]
        return self.resources and self.resources.occupancy(threads, self.dynamic)

    def __repr__(self) -> str:
        return f"<report of {self.kernel}: {len(self.races)} races, {len(self.violations)} violations>"

    def __str__(self) -> str:
        from .listing import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from .listing import as_html

        return as_html(self)


COUNTS = tuple(name for name, kind in Line.__annotations__.items() if kind in (int, "int"))


class KernelError(RuntimeError):
    """A kernel did what CUDA forbids; `report` holds all findings."""

    def __init__(self, message: str, report: Report):
        super().__init__(message)
        self.report = report
