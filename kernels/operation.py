"""What an operation declares about itself, once; and the catalog of all of them.

Tests, benchmarks and documentation walk the catalog: an operation that stands in it is covered with no further
line. `@operation(…)` above a public function enters it and leaves the function as it is.
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Cost(NamedTuple):
    """The least work that a call must do: arithmetic, and bytes moved to and from memory."""

    flops: float
    bytes: float


@dataclass(frozen=True)
class Sample:
    """Arguments to try an operation on."""

    args: tuple
    options: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True  # False: it has infinities, NaNs or kinks, where central differences mean nothing
    note: str = ""


class Draw:
    """Draws arrays for samples: of one dtype, from one generator, in any layout."""

    LAYOUTS = ("contiguous", "transposed", "strided", "reversed", "offset", "unaligned", "readonly")

    def __init__(self, seed: int, dtype: Any):
        self.rng = np.random.default_rng(seed)
        self.dtype = np.dtype(dtype)

    def normal(self, *shape: int, scale: float = 1.0, layout: str = "contiguous") -> np.ndarray:
        return self.arrange(np.asarray(self.rng.standard_normal(shape) * scale, self.dtype), layout)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        return np.asarray(self.rng.uniform(low, high, shape), self.dtype)

    def extremes(self) -> np.ndarray:
        """Zeros of both signs, infinities, NaN, huge (but its square is finite), tiny and denormal."""
        info = np.finfo(self.dtype)
        values = [0.0, -0.0, 1.0, -1.0, 20.0, -20.0, 1e4, -1e4, float(info.max) ** 0.45, float(info.tiny)]
        values += [float(info.smallest_subnormal), np.inf, -np.inf, np.nan]
        return np.array(values, self.dtype)

    @staticmethod
    def arrange(x: np.ndarray, layout: str) -> np.ndarray:
        """The same values, laid out otherwise in memory."""
        if layout == "transposed":
            return np.asfortranarray(x)
        if layout == "strided":
            wide = np.full((*x.shape[:-1], x.shape[-1] * 2), np.nan, x.dtype)
            wide[..., ::2] = x
            return wide[..., ::2]
        if layout == "reversed":
            return np.ascontiguousarray(np.flip(x)).reshape(x.shape)[(slice(None, None, -1),) * x.ndim]
        if layout == "unaligned":  # a field of records, whose strides are no multiples of an element's size
            records = np.zeros(x.shape, [("skipped", np.uint8), ("x", x.dtype)])
            records["x"] = x
            return records["x"]
        if layout == "offset":  # contiguous, but not aligned to more than one element
            flat = np.full(x.size + 1, np.nan, x.dtype)
            flat[1:] = x.ravel()
            return flat[1:].reshape(x.shape)
        if layout == "readonly":
            x = x.copy()
            x.flags.writeable = False
        return x


# Sizes at which kernels break: nothing, one, a prime, one less and one more than a warp or a block.
EDGES = (0, 1, 2, 7, 31, 32, 33, 255, 257)


@dataclass(frozen=True)
class Operation:
    """One public function and what is to be known of it.

    Its gradient is the function `NAME_backward` beside it: the output's gradient first, then whichever of the
    forward call's arguments and outputs it names.
    """

    function: Callable
    formula: str  # one line of mathematics
    samples: Callable[[Draw], Iterable[Sample]]
    cost: Callable[..., Cost]  # of a call with these arguments
    example: Callable[..., Sample]  # its arguments by size: example(draw, m, k, n), or (draw, *shape)
    workloads: dict[str, tuple[int, ...]]  # sizes for benchmarks; the first is the quick one
    backward_cost: Callable[..., Cost] | None = None  # with the forward call's arguments
    outputs: tuple[str, ...] = ("out",)
    # The arguments whose gradients NAME_backward or NAME_with_gradient returns, in this order.
    differentiable: tuple[str, ...] = ()
    with_gradient: bool = False  # also exists as NAME_with_gradient → (loss, its gradient by each of `by`)
    in_place: tuple[str, ...] = ()  # arguments that it changes
    kernel: str = ""  # the name of its kernel, where that isn't its own
    backward_kernel: str = (
        ""  # of that of a ladder's rungs for its gradient, where that isn't the kernel's + "_backward"
    )
    torch: Callable[..., Any] | None = None  # the same in PyTorch, given the module torch and torch tensors
    rtol: float = 1e-5  # against float64, for float32; float64 is held to 1e-8 of that
    atol: float = 1e-6
    why: str = "a few roundings of float32, whose step is 1.2e-7"  # the reason for the tolerance

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def folder(self) -> str:
        """Where its kernels lie, as their keys begin: its family, or "losses.pairs", a part of one."""
        return self.function.__module__.partition(f"{__package__}.")[2]

    @property
    def family(self) -> str:
        return self.folder.partition(".")[0]

    @property
    def backward(self) -> Callable | None:
        return getattr(sys.modules[self.function.__module__], f"{self.name}_backward", None)

    @property
    def keys(self) -> tuple[str, str]:
        """Of the kernels that a rung of its ladder may stand in for: that of the operation, that of its gradient."""
        name = self.kernel or self.name
        return f"{self.folder}.{name}", f"{self.folder}.{self.backward_kernel or name + '_backward'}"

    @property
    def by(self) -> tuple[str, ...]:
        """The arguments by which a loss has gradients: the first one, where `differentiable` names none."""
        return self.differentiable or tuple(inspect.signature(self.function).parameters)[:1]

    @property
    def gradient(self) -> Callable:
        """NAME_with_gradient, of a loss."""
        return getattr(sys.modules[self.function.__module__], f"{self.name}_with_gradient")

    def tolerance(self, dtype: Any) -> dict[str, float]:
        factor = 1.0 if np.dtype(dtype) == np.float32 else 1e-8
        return {"rtol": self.rtol * factor, "atol": self.atol * factor}

    def sized(self, sizes: Iterable[int], dtype: Any = np.float32) -> Sample:
        """Arguments of these sizes, the same ones every time."""
        sizes = tuple(sizes)
        if not self.takes(sizes):
            parameters = list(inspect.signature(self.example).parameters.values())[1:]
            names = ", ".join(parameter.name for parameter in parameters)
            raise ValueError(f"{self.name}: {len(sizes)} sizes are given, but it takes {len(parameters)}: {names}")
        if any(size < 0 for size in sizes):
            raise ValueError(f"{self.name}: the sizes are {sizes}: they must be at least 0")
        return self.example(Draw(0, dtype), *sizes)

    def takes(self, sizes: tuple[int, ...]) -> bool:
        """Whether these are as many sizes as `sized` needs."""
        parameters = list(inspect.signature(self.example).parameters.values())[1:]
        return parameters[-1].kind is parameters[-1].VAR_POSITIONAL or len(sizes) == len(parameters)

    def bind(self, sample: Sample) -> dict[str, Any]:
        """A sample's arguments by name, defaults filled in."""
        bound = inspect.signature(self.function).bind(*sample.args, **sample.options)
        bound.apply_defaults()
        return bound.arguments

    def backward_arguments(self, sample: Sample, outputs: tuple, grad: Any) -> dict[str, Any]:
        """What `backward` is called with, for a forward call that returned `outputs`."""
        assert self.backward is not None
        known = {**self.bind(sample), "out": None, **dict(zip(self.outputs, outputs)), "grad": grad}
        wanted = inspect.signature(self.backward).parameters
        return {name: known[name] for name in wanted if name in known}


CATALOG: dict[str, Operation] = {}


def of_ladder(folder: str) -> Operation:
    """The operation whose ladder lies in that folder: that of the folder's name, or the one that the ladder names."""
    ladder = importlib.import_module(f".{folder}.ladder", __package__)
    wanted = getattr(ladder, "OPERATION", folder.rpartition(".")[2])
    return next(one for one in CATALOG.values() if one.folder == folder and (one.kernel or one.name) == wanted)


def tolerance_of_rung(folder: str, rung: str) -> dict[str, float]:
    """How near to the definition a rung must come in float32: as its operation, unless its ladder allows it more."""
    ladder = importlib.import_module(f".{folder}.ladder", __package__)
    return getattr(ladder, "TOLERANCES", {}).get(rung) or of_ladder(folder).tolerance(np.float32)


def operation(**declaration: Any) -> Callable[[Callable], Callable]:
    """Enter the decorated public function into the catalog."""

    def enter(function: Callable) -> Callable:
        CATALOG[function.__name__] = Operation(function=function, **declaration)
        return function

    return enter
