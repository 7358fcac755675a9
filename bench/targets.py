"""What our kernels for the CPU are meant to reach beside NumPy and PyTorch, and whether they do.

A ratio is the rival's time over ours: above 1 we are faster. Of memory, bytes take the place of seconds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import geometric_mean

from .contenders import NUMEXPR
from .rivals import COMPILED, COPY, DEFAULT, JAX, NUMPY, OURS, TORCH

FIRST_USE, ALLOWED, MEMORY = "first use", "allowed", "memory"
RIVALS = {
    NUMPY: "NumPy",
    TORCH: "PyTorch",
    DEFAULT: "PyTorch's default",  # the optimizer that isn't fused
    COMPILED: "torch.compile",
    JAX: "JAX",
    NUMEXPR: "numexpr",
    COPY: "a copy",  # of as many bytes
    ALLOWED: "allowed",
}


@dataclass(frozen=True)
class Target:
    """The least ratio to a rival: of each row, or of the geometric mean."""

    rival: str
    least: float
    mean: bool = False
    size: str = ""  # only of rows whose size begins so

    def __str__(self) -> str:
        return f"{'mean' if self.mean else 'each'} ≥ {self.least:g}×"


# By group, for each number of threads.
TARGETS: dict[str, tuple[Target, ...]] = {
    "matmul": (
        Target(NUMPY, 1.0),
        Target(NUMPY, 1.2, mean=True),
        Target(TORCH, 0.92),
        Target(TORCH, 1.0, mean=True),
    ),
    "ladder": (),
    "vectors": (Target(NUMPY, 1.0), Target(TORCH, 1.0)),
    "activations": (Target(TORCH, 1.0), Target(COPY, 0.85)),
    "softmax": (Target(TORCH, 1.2),),
    "normalization": (Target(TORCH, 1.2),),
    "losses": (Target(TORCH, 1.5),),
    "optimizers": (Target(TORCH, 1.0), Target(DEFAULT, 3.0, size="100 of")),
    # A comma behind the window: of stride 1 and many channels, which Winograd's algorithm is for.
    "convolution": (Target(TORCH, 1.5, size="3×3,"), Target(TORCH, 1.0)),
    "pooling": (Target(TORCH, 1.2),),
    "resampling": (Target(TORCH, 1.0),),
    "dropout": (Target(TORCH, 1.0),),
    "recurrence": (Target(TORCH, 1.5, size="64×1×"), Target(TORCH, 1.0)),
    "attention": (Target(TORCH, 1.0),),
    "embedding": (Target(TORCH, 2.0, size="2048 of"), Target(TORCH, 1.0)),
    "training": (
        Target(TORCH, 2.0, size="batch 64"),
        Target(TORCH, 1.1, size="batch 1024"),
        Target(TORCH, 1.2, size="batch 128"),
        Target(TORCH, 1.2, size="64 images"),
        Target(TORCH, 1.2, size="32×64 characters"),
        Target(TORCH, 1.2, size="16×128 characters"),
    ),
    "generation": (Target(TORCH, 2.0),),
    "every activation": (Target(TORCH, 1.0), Target(COPY, 0.85)),
    "every loss": (Target(TORCH, 1.5),),
    "every optimizer": (Target(TORCH, 1.0), Target(COPY, 0.85)),
    MEMORY: (Target(TORCH, 1.0),),
    FIRST_USE: (Target(ALLOWED, 1.0),),
}
FIRST_USE_SECONDS = {"nothing kept": 20.0, "kept on disk": 0.5}


@dataclass(frozen=True)
class Row:
    """What everyone took for one piece of work."""

    group: str
    operation: str
    size: str
    threads: int
    seconds: dict[str, float] = field(default_factory=dict)  # by contender: the median
    spread: dict[str, float] = field(default_factory=dict)  # half the distance between the quartiles, as a share of it
    errors: dict[str, str] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)  # instead of seconds
    # The largest distance from the results in float64, in units of float32's eps times the largest result.
    inexact: dict[str, float] = field(default_factory=dict)

    def ratio(self, rival: str) -> float | None:
        taken = self.bytes or self.seconds
        return taken[rival] / taken[OURS] if rival in taken and OURS in taken else None

    def missed(self) -> list[str]:
        """The rivals whose target for each row this one misses, and those targets."""
        found = []
        for target in TARGETS[self.group]:
            ratio = self.ratio(target.rival)
            if ratio is not None and not target.mean and self.size.startswith(target.size) and ratio < target.least:
                found.append(f"{RIVALS[target.rival]} {target.least:g}×")
        return found


@dataclass(frozen=True)
class Verdict:
    """How a group stands against a rival, with so many threads."""

    group: str
    size: str  # if not "": only of rows whose size begins so
    threads: int
    rival: str
    mean: float  # the geometric mean of the ratios
    worst: float
    where: str
    targets: tuple[str, ...]
    met: bool | None  # None: there is no target


def verdicts(rows: Iterable[Row]) -> Iterator[Verdict]:
    """Of each group and number of threads, against each rival; apart where targets differ by size."""
    rows = list(rows)
    for group, threads in dict.fromkeys((row.group, row.threads) for row in rows):
        here = [row for row in rows if (row.group, row.threads) == (group, threads)]
        for rival in RIVALS:
            targets = [target for target in TARGETS[group] if target.rival == rival]
            for size in dict.fromkeys(target.size for target in targets) or [""]:
                chosen = [row for row in here if row.size.startswith(size)]
                found = _verdict(chosen, rival, [target for target in targets if target.size == size])
                if found:
                    yield Verdict(group, size, threads, rival, *found)


def _verdict(rows: list[Row], rival: str, targets: list[Target]) -> tuple | None:
    known = sorted((ratio, f"{row.operation} {row.size}") for row in rows if (ratio := row.ratio(rival)) is not None)
    if not known:
        return None
    mean, (worst, where) = geometric_mean(ratio for ratio, _ in known), known[0]
    met = all((mean if target.mean else worst) >= target.least for target in targets) if targets else None
    return mean, worst, where, tuple(map(str, targets)), met
