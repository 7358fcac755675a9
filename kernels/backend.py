"""Which implementation answers a call.

    relu(x) ──► check ──► kernel("activations.relu") ──► reference.py, cpu.py or gpu.py ──► array out

A *kernel* is one implementation of one function, found by `family.name`, or by `family.part.name` in a family of
several folders. It takes its inputs, then the arrays
it must fill. A backend is a table of kernels, each loaded when first asked for.
"""

import functools
import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

DLPACK_CPU = 1  # what DLPack calls that place of memory


class Unavailable(RuntimeError):
    """Something that this machine lacks: the message says what, and what to install."""


class Backend:
    """A set of kernels and the kind of array that they work on.

    As an attribute, every public function bound to this backend: `backend("numba").matmul(a, b)`.
    """

    name: str
    file = "reference"  # the module of a family that holds this backend's kernels
    rung_prefix = "reference"  # of the files in a family's ladder/

    def __init__(self) -> None:
        self.table: dict[str, Callable] = {}
        self._rungs: dict[tuple[str, str], Callable] = {}
        self._nothing: dict[Any, Any] = {}

    array_type: Any = np.ndarray

    def missing(self) -> str | None:
        """Why this backend can't run here and what to install; None if it can."""
        return None

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A new array of this backend, its content undefined."""
        return np.empty(shape, dtype)

    def nothing(self, dtype: Any) -> Any:
        """An array of size 0, always the same one: for a kernel, an argument that isn't there."""
        try:
            return self._nothing[dtype]
        except KeyError:
            return self._nothing.setdefault(dtype, self.empty((0,), dtype))

    def from_numpy(self, array: np.ndarray) -> Any:
        """A NumPy array as this backend's kind; no copy where it is one already."""
        return array

    def to_numpy(self, array: Any) -> np.ndarray:
        return array

    def adopt(self, x: Any) -> Any:
        """An array of this backend over the memory of another library's, which is not copied.

        Raises
        ------
        TypeError, BufferError, RuntimeError
            It lies elsewhere, or its library doesn't give it away.
        """
        if hasattr(x, "__dlpack_device__"):
            place, _ = x.__dlpack_device__()
            if place == DLPACK_CPU:
                return np.from_dlpack(x)
        elif hasattr(x, "__array_interface__"):
            return np.asarray(x)
        raise TypeError("it is on a GPU: call kernels.use('cupy'), or bring it to the CPU (x.cpu() in PyTorch)")

    def may_share_memory(self, a: Any, b: Any) -> bool:
        """Whether the stretches of memory that two arrays lie in meet."""
        return np.may_share_memory(a, b)

    def address(self, array: Any) -> int:
        """Where an array's first element lies."""
        return array.ctypes.data

    def bind(self, function: Callable) -> Callable:
        """A kernel as the contract calls it: inputs, then the arrays to fill."""
        return function

    def load(self, key: str, rung: str | None = None) -> Callable:
        """Import the kernel `family.name`, or one rung of its ladder."""
        family, _, name = key.rpartition(".")
        if rung is None:
            module = importlib.import_module(f".{family}.{self.file}", __package__)
            self.table[key] = self.bind(getattr(module, name))
            return self.table[key]
        if (key, rung) not in self._rungs:
            module, attribute = self.rung_location(family, name, rung)
            self._rungs[key, rung] = self.bind(getattr(module, attribute))
        return self._rungs[key, rung]

    def rung_location(self, family: str, name: str, rung: str) -> tuple[Any, str]:
        module = importlib.import_module(f".{family}.ladder.{self.rung_prefix}_{rung}", __package__)
        return module, name

    def rungs(self, folder: str) -> list[str]:
        """The ladder of a family, or of a part of one, on this backend, lowest rung first."""
        ladder = Path(__file__).parent / folder.replace(".", "/") / "ladder"
        files = ladder.glob(f"{self.rung_prefix}_[0-9]*")
        names = {path.stem.removeprefix(f"{self.rung_prefix}_") for path in files}
        return sorted(names, key=lambda name: int(name.partition("_")[0]))

    def has(self, key: str, rung: str) -> bool:
        """Whether a rung has the kernel `family.name`: not each answers its operation's gradient."""
        family, _, name = key.rpartition(".")
        return hasattr(*self.rung_location(family, name, rung))

    def __getattr__(self, name: str) -> Callable:
        function = getattr(importlib.import_module(__name__.rpartition(".")[0]), name, None)
        if name.startswith("_") or not callable(function):
            raise AttributeError(f"the backend {self.name} has no {name!r}")

        @functools.wraps(function)
        def bound(*args, **options):
            with using(self.name):
                return function(*args, **options)

        return bound

    def __repr__(self) -> str:
        return f"<backend {self.name}>"


class Reference(Backend):
    """Plain NumPy: the definition of every kernel."""

    name = "reference"

    def bind(self, function: Callable) -> Callable:
        """A reference returns new arrays, for a definition reads best so; put them where the call wants them."""
        inputs = function.__code__.co_argcount

        def kernel(*args):
            results = function(*args[:inputs])
            outputs = args[inputs:]
            if len(outputs) == 1 and not isinstance(results, tuple):
                results = (results,)
            for output, result in zip(outputs, results or (), strict=True):
                if output.shape == np.shape(result):  # an output of another size is one that isn't wanted
                    output[...] = result

        return kernel


class Numba(Backend):
    """Python compiled for this CPU."""

    name = "numba"
    file = "cpu"
    rung_prefix = "cpu"

    def missing(self) -> str | None:
        if importlib.util.find_spec("numba") is None:
            return "the package numba isn't installed: pip install numba"
        return None


class OnDevice(Backend):
    """CUDA C, launched on a device: an object with `empty` and `launch`."""

    file = "gpu"
    rung_prefix = "gpu"
    device: Any

    def empty(self, shape, dtype):
        return self.device.empty(shape, dtype)

    def bind(self, function):
        return functools.partial(function, self.device)

    def rung_location(self, family, name, rung):
        # Launch geometry of every rung in one file; the rungs themselves are .cu files.
        return importlib.import_module(f".{family}.ladder.gpu", __package__), f"{name}_{rung}"


class CuPy(OnDevice):
    """CUDA C on an NVIDIA GPU."""

    name = "cupy"

    @functools.cached_property
    def device(self):
        from .cuda import Device

        return Device()

    @functools.cached_property
    def array_type(self) -> Any:
        return self.device.cupy.ndarray

    def missing(self) -> str | None:
        from . import cuda

        return cuda.missing()

    def from_numpy(self, array):
        return self.device.send(array)

    def to_numpy(self, array):
        return self.device.fetch(array)

    def adopt(self, x):
        cupy = self.device.cupy
        if hasattr(x, "__dlpack_device__"):
            place, _ = x.__dlpack_device__()
            if place != DLPACK_CPU:
                return cupy.from_dlpack(x)
        elif hasattr(x, "__cuda_array_interface__"):
            return cupy.asarray(x)
        raise TypeError("it is on the CPU: bring it to the GPU (x.cuda() in PyTorch), or call kernels.use('numba')")

    def may_share_memory(self, a, b):
        return self.device.cupy.may_share_memory(a, b)

    def address(self, array):
        return array.data.ptr


class Simulator(OnDevice):
    """CUDA C on this CPU, executed by the simulator: slow, and sees every mistake."""

    name = "simulator"

    @functools.cached_property
    def device(self):
        from .simulator import Device

        return Device()

    def missing(self) -> str | None:
        from . import cuda

        try:
            cuda.nvrtc()
        except Unavailable as error:
            return str(error)
        return None


_BACKENDS: dict[str, Backend] = {b.name: b for b in (Reference(), Numba(), CuPy(), Simulator())}
_default: Backend | None = None
_chosen: ContextVar[Backend | None] = ContextVar("kernelwright_backend", default=None)
_rung: ContextVar[dict[str, str] | None] = ContextVar("kernelwright_rung", default=None)


def current() -> Backend:
    """The backend of this thread's calls: that of the innermost `using`, else the one set by `use`."""
    return _chosen.get() or _default or use(os.environ.get("KERNELWRIGHT_BACKEND") or "numba")


def kernel(key: str) -> Callable:
    """The current backend's kernel `family.name`."""
    here = _chosen.get() or _default or current()
    rungs = _rung.get()
    if rungs is not None and key in rungs:
        return here.load(key, rungs[key])
    try:
        return here.table[key]
    except KeyError:
        return here.load(key)


def backend(name: str) -> Backend:
    """The backend of that name, ready to run.

    Raises
    ------
    ValueError
        There is none of that name.
    Unavailable
        It can't run on this machine; the message says why and what to install.
    """
    if name not in _BACKENDS:
        raise ValueError(f"unknown backend {name!r}: it must be one of {', '.join(_BACKENDS)}")
    found = _BACKENDS[name]
    reason = found.missing()
    if reason:
        raise Unavailable(f"the backend {name} can't run here: {reason}")
    return found


def use(name: str) -> Backend:
    """Answer all calls by that backend from now on, wherever no `using` says otherwise."""
    global _default
    _default = backend(name)
    return _default


@contextmanager
def using(name: str | Backend) -> Iterator[Backend]:
    """Answer the calls of this block (in this thread or task) by that backend, or by one of your own making."""
    chosen = backend(name) if isinstance(name, str) else name
    token = _chosen.set(chosen)
    try:
        yield chosen
    finally:
        _chosen.reset(token)


def backends() -> dict[str, str | None]:
    """Every backend's name with None if it runs here, else why not and what to install."""
    return {name: b.missing() for name, b in _BACKENDS.items()}


@contextmanager
def rung(**choices: str) -> Iterator[None]:
    """Run operations of this block on a lower rung of their ladder: `with rung(matmul="1_naive"): …`.

    So does the operation's gradient, where the rung has it.
    """
    from .operation import CATALOG

    keys = {}
    for name, choice in choices.items():
        if name not in CATALOG:
            raise ValueError(f"rung: there is no operation {name!r}")
        known = current().rungs(CATALOG[name].folder)
        if choice not in known:
            raise ValueError(
                f"rung: {name} has no rung {choice!r} on the backend {current().name}: "
                f"it must be one of {', '.join(known) or '(none)'}"
            )
        key, backward_key = CATALOG[name].keys
        keys[key] = choice
        if current().has(backward_key, choice):
            keys[backward_key] = choice
    token = _rung.set({**(_rung.get() or {}), **keys})
    try:
        yield
    finally:
        _rung.reset(token)
