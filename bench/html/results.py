"""What the committed results say, read once: of `kernelwright bench`, and of `bench cpu`, `gpu` and `simulator`."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ... import kernels
from ..rivals import NUMPY
from ..sweeps import Sweep
from ..targets import RIVALS
from ..targets import Row as Contest

TENSOR_CORES = "tensor_cores"  # of a GPU's limits: {kind: flops}
OURS_ON_GPU, GPU = "kernelwright", "cupy"  # what `bench gpu` calls our kernels, and their backend
KINDS = {  # the first key of these that a file has says whose it is
    "checks": "kernelwright bench gpu",
    "limits": "kernelwright bench",
    "verdicts": "kernelwright bench cpu",
    "cold": "kernelwright bench simulator",
    "peers": "kernelwright bench peers",
}


@dataclass(frozen=True)
class Kernel:
    """One measurement of `kernelwright bench`; suite.py says what each field means."""

    family: str
    operation: str
    workload: str
    direction: str
    backend: str
    seconds: float
    spread: float | None
    flops: float
    bandwidth: float
    bound: str | None
    of_limit: float | None
    ratios: dict[str, float]  # by rival: its time over ours
    intervals: dict[str, tuple[float, float]]  # those whose confidence is known
    dtype: str
    threads: int | None
    rung: str | None  # of a ladder; None: the library's kernel


@dataclass(frozen=True)
class Counted:
    """What the simulator counted of a kernel's CUDA C, in `kernelwright bench`: no time, which would say nothing."""

    family: str
    operation: str
    workload: str
    direction: str
    dtype: str
    simulated: dict[str, int]


@dataclass
class Device:
    """One device of one run of `kernelwright bench`: its limits, and the kernels measured on it."""

    backend: str
    machine: dict[str, Any]
    limits: dict[str, Any]
    rows: list[Kernel]  # of the library's kernels
    rungs: list[Kernel]  # of lower ones
    others: list[Kernel]  # NumPy's and other libraries', of the same work

    @property
    def drawn(self) -> list[Kernel]:
        """Those that pictures compare: in float32, with the most threads that were measured."""
        most = max((row.threads or 0 for row in self.rows), default=0)
        return [row for row in self.rows if row.dtype == "float32" and (row.threads or 0) == most]


@dataclass
class Results:
    devices: list[Device] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)  # beside PyTorch, NumPy and JAX
    on_gpu: list[dict[str, Any]] = field(default_factory=list)  # whole training steps, and products of matrices
    simulator: dict[str, Any] = field(default_factory=dict)
    peers: list[dict[str, Any]] = field(default_factory=list)  # networks trained by other libraries
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)  # by file


def read(paths: Iterable[Path]) -> Results:
    """All of them together; ValueError names a file that holds no results."""
    found = Results()
    for path in paths:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"bench report: {path} isn't JSON ({error}): it must be what --json wrote") from None
        kind = next((kind for kind in KINDS if isinstance(content, dict) and kind in content), None)
        if kind is None:
            wanted = ", ".join(KINDS.values())
            raise ValueError(f"bench report: {path} holds no results: it must be what --json wrote of {wanted}")
        if "machine" in content:
            found.machines[path.name] = content["machine"]
        if kind == "limits":
            _add_suite(found, content)
        elif kind == "checks":
            _add_gpu(found, content)
        elif kind == "verdicts":
            found.contests += [known(Contest, row) for row in content["rows"]]
        elif kind == "cold":
            found.simulator = content
        else:
            found.peers += content["peers"]
    return found


def _add_suite(found: Results, content: dict[str, Any]) -> None:
    rows = [_kernel(row) for row in content["rows"] if not row["error"] and row["seconds"] and row["flops"]]
    found.counted += [known(Counted, row) for row in content["rows"] if row.get("simulated")]
    ours = kernels.backends().keys()
    others = [row for row in rows if row.backend not in ours]
    for backend, limits in content["limits"].items():
        own = [row for row in rows if row.backend == backend]
        if backend in ours and own:
            top, rungs = ([row for row in own if (row.rung is None) == is_top] for is_top in (True, False))
            found.devices.append(Device(backend, content["machine"], limits, top, rungs, others))
    found.sweeps += [known(Sweep, sweep) for sweep in content.get("sweeps") or []]


def _add_gpu(found: Results, content: dict[str, Any]) -> None:
    """Our kernels on the GPU, each with its rivals' ratios: cuBLAS, and PyTorch in its ways."""
    found.on_gpu += [*(content.get("steps") or []), *(content.get("products") or [])]
    ours: dict[tuple[str, ...], Kernel] = {}
    others: dict[tuple[str, ...], Kernel] = {}  # where some are timed again beside torch.compile, the first time
    for row in content["rows"]:
        case = tuple(str(row[name]) for name in ("operation", "workload", "direction", "rung"))
        if row["backend"] == OURS_ON_GPU:
            ours.setdefault(case, replace(_kernel(row), backend=GPU))
        else:
            others.setdefault((*case, row["backend"]), _kernel(row))
            if case in ours:
                ours[case].ratios.setdefault(row["backend"], row["ours_is_faster"])
    if ours:
        limits = {**content["limits"], TENSOR_CORES: content.get("tensor_cores") or {}}
        top, rungs = ([row for row in ours.values() if (row.rung is None) == is_top] for is_top in (True, False))
        found.devices.append(Device(GPU, content["machine"], limits, top, rungs, list(others.values())))


def _kernel(row: dict[str, Any]) -> Kernel:
    """Also of older files, which know NumPy alone, and no interval."""
    kept: dict[str, Any] = {each.name: row.get(each.name) for each in fields(Kernel)}
    ratios, intervals = {}, {}
    for rival, ratio in (row.get("ratios") or {}).items():
        ratios[rival] = ratio["value"]
        if ratio["low"] is not None:
            intervals[rival] = ratio["low"], ratio["high"]
    if row["vs_numpy"]:
        ratios.setdefault(NUMPY, row["vs_numpy"])
    kept.update(ratios=ratios, intervals=intervals, dtype=row.get("dtype") or "float32")
    return Kernel(**kept)


def known(kind: Any, content: dict[str, Any]) -> Any:
    """That dataclass of it; what other versions add is left out."""
    names = {each.name for each in fields(kind)}
    return kind(**{key: value for key, value in content.items() if key in names})


def slug(name: str) -> str:
    """For an id, or the name of a file."""
    return re.sub(r"\W+", "-", name)


def called(contender: str) -> str:
    """A contender's name, for people."""
    return {"cublas": "cuBLAS", **RIVALS}.get(contender, contender)


def threads(contests: list[Contest]) -> int:
    """The most that were measured with."""
    return max((row.threads for row in contests), default=0)
