"""What of the suite is to be measured: the options of `kernelwright bench`, and what they mean on this machine."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import kernels
from ..kernels.operation import CATALOG, Operation
from . import fair
from .contenders import INSTALL, NUMPY, RIVALS

DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Options:
    """As the command line has them; None is the default."""

    families: Sequence[str] = ()
    quick: bool = False
    backends: Sequence[str] | None = None
    against: Sequence[str] | None = None
    sizes: Sequence[str] | None = None
    dtypes: Sequence[str] | None = None
    threads: Sequence[int] | None = None
    rungs: bool = False
    sweep: bool = False
    json: Path | None = None
    markdown: Path | None = None
    compare: Path | None = None


@dataclass(frozen=True)
class Plan:
    """All of it decided."""

    operations: list[Operation]
    backends: list[str]
    rivals: list[str]
    sizes: dict[str, dict[str, tuple[int, ...]]]  # by operation: what each size is called
    dtypes: list[str]
    threads: list[int]


def plan(options: Options) -> Plan:
    """Raises ValueError, or Unavailable, for what can't be measured here."""
    if options.sweep and "simulator" in (options.backends or ()):
        raise ValueError("bench: --backends has simulator, which has no use with --sweep: it counts, and times nothing")
    for name in ("compare", "markdown", "sizes", "rungs") if options.sweep else ():
        if getattr(options, name):
            raise ValueError(f"bench: --{name} has no use with --sweep, which measures curves: over sizes of its own")
    operations = chosen(options.families)
    backends = _backends(options.backends)
    rivals = _rivals(options.against, options.quick)
    dtypes = list(dict.fromkeys(options.dtypes or DTYPES[:1]))
    for dtype in dtypes:
        if dtype not in DTYPES:
            raise ValueError(f"bench: --dtypes has {dtype!r}: it must be of {', '.join(DTYPES)}")
    counts = list(options.threads) if options.threads is not None else [kernels.get_threads()]
    threads = fair.thread_counts(counts, "bench")
    sizes = {operation.name: _sizes(operation, options.sizes) for operation in operations}
    operations = [operation for operation in operations if sizes[operation.name]]
    if not operations:
        given = ", ".join(options.sizes or ())
        raise ValueError(
            f"bench: no operation here has the sizes {given}: they must be names of its workloads, such as 512³, or as "
            "many numbers as it takes, such as 512x512x512"
        )
    return Plan(operations, backends, rivals, sizes, dtypes, threads)


def chosen(families: Sequence[str]) -> list[Operation]:
    """The operations of these families, or of these names; all if there are none."""
    known = {operation.family for operation in CATALOG.values()} | set(CATALOG)
    for name in families:
        if name not in known:
            names = ", ".join(sorted({operation.family for operation in CATALOG.values()}))
            raise ValueError(f"bench: there is no family {name!r}: it must be one of {names}")
    return [o for o in CATALOG.values() if not families or o.family in families or o.name in families]


def _backends(names: Sequence[str] | None) -> list[str]:
    if names is None:
        others = ("reference", "simulator")  # the one is compared with anyway; the other counts, and takes long
        return [name for name, why_not in kernels.backends().items() if why_not is None and name not in others]
    for name in names:
        kernels.backend(name)  # raises, if it can't run here
    return list(dict.fromkeys(names))


def _rivals(names: Sequence[str] | None, quick: bool) -> list[str]:
    if names is None:
        return [name for name in RIVALS if name == NUMPY or (not quick and importlib.util.find_spec(name) is not None)]
    for name in names:
        if name not in RIVALS:
            raise ValueError(f"bench: --against has {name!r}: it must be of {', '.join(RIVALS)}")
        if importlib.util.find_spec(name) is None:
            raise kernels.Unavailable(f"bench: --against {name}: it isn't installed: {INSTALL[name]}")
    return list(dict.fromkeys(names))


def _sizes(operation: Operation, items: Sequence[str] | None) -> dict[str, tuple[int, ...]]:
    """Those of the items that this operation can take."""
    if items is None:
        return operation.workloads
    found = {}
    for item in items:
        parts = item.replace("×", "x").split("x")
        if item in operation.workloads:
            found[item] = operation.workloads[item]
        elif all(part.isdecimal() for part in parts) and operation.takes(tuple(map(int, parts))):
            found["×".join(parts)] = tuple(map(int, parts))
    return found
