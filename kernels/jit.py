"""How a kernel in Python becomes machine code: Numba, one compiled version per floating-point type.

A kernel states the types of its arguments, with `real` for the floating-point type of the call:

    @kernel("in real[::1], out real[::1]")
    def relu(x, y, threads): ...

`[::1]` is a contiguous axis, `[:]` one of any stride; `real[::1]` takes any array without gaps, flat (unbox.py). Numba
by itself would compile a version for every mixture of layouts and read-only flags that it meets; stating them keeps it
at two, float32 and float64, each made at its first call and kept on disk. `threads`, how many there are to share the
work among (share.py), is added to every call.
"""

import hashlib
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba import types
from numba.core import caching, compiler
from numba.core.codegen import JITCodeLibrary

from . import cache as store
from . import threads
from .unbox import Borrowed

# NumPy's rules for division (Numba's own raise, which stops vectorisation). No flag that would let the
# compiler assume away a NaN or an infinity.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


class _Part(JITCodeLibrary):
    """Code that is only linked into a kernel's: optimised and translated there, and not before."""

    def _optimize_functions(self, ll_module):
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self):
        pass

    def _finalize_final_module(self):
        self._finalized = True


class _Task(compiler.Compiler):
    """Numba's compiler, for what only kernels call: none of the code that would let Python or C call it, too."""

    def __init__(self, typing, target, library, arguments, result, flags, names):
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        super().__init__(typing, target, _Part(target.codegen(), "task"), arguments, result, flags, names)


# A function that kernels call. Its text takes the place of the call before anything is compiled: compiled by itself,
# it would be optimised once there and again in each function that calls it.
inline = numba.njit(inline="always", **OPTIONS)
# A thread's share of a kernel's work, which has to be a function of its own.
task = numba.njit(**OPTIONS)


@cache
def compiled_task(dispatcher: Any, kinds: tuple[Any, ...]) -> Any:
    """Numba's result for a `task` of arguments of these types, to be linked into a kernel."""
    target, flags = dispatcher.targetdescr, compiler.Flags()
    target.options.parse_as_flags(flags, dispatcher.targetoptions)
    contexts = target.typing_context, target.target_context
    return compiler.compile_extra(*contexts, dispatcher.py_func, kinds, None, flags, {}, pipeline_class=_Task)


def kernel(signature: str):
    """Decorate a kernel: `in`/`out` say whether an array is read or written, `real` is the call's own type."""
    return lambda function: Kernel(function, signature + ", int64")


class Kernel:
    """One kernel, compiled for the dtype of its first argument when first called with it."""

    def __init__(self, function, signature: str):
        self.function, self.signature = function, signature
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self._compiled = {}  # by an element's size in bytes
        self._lock = threading.Lock()

    def __call__(self, *args):
        first = args[0]
        try:
            compiled = self._compiled[first.itemsize]
        except KeyError:
            compiled = self.compile(first.dtype)
        return compiled(*args, threads.count)

    def compile(self, dtype):
        """The machine code for one floating-point type: from the disk if it's there."""
        with self._lock:
            if dtype.itemsize not in self._compiled:
                threads.start()
                dispatcher = keep(numba.njit(**OPTIONS)(self.function))
                started = time.perf_counter()
                dispatcher.compile(_signature(self.signature, numba.from_dtype(dtype)))
                dispatcher.disable_compile()
                seconds = time.perf_counter() - started
                if seconds > 2:
                    name = f"{self.function.__module__.removeprefix('kernelwright.')}.{self.__name__}"
                    print(f"kernelwright: compiled {name} for {dtype} in {seconds:.1f} s", file=sys.stderr)
                # What the dispatcher calls, once it has looked at the types; they are known here.
                (overload,) = dispatcher.overloads.values()
                self._compiled[dtype.itemsize] = threads.callable_by_all(overload.entry_point)
            return self._compiled[dtype.itemsize]


def keep(dispatcher: Any, sources: tuple[Path, ...] | None = None) -> Any:
    """Let Numba's dispatcher find its machine code on disk, and leave it there.

    It is stale when one of these sources, or of all kernels for the CPU, has changed.
    """
    dispatcher.py_func.sources = sources
    if store.directory() is not None:
        dispatcher._cache = _Cache(dispatcher.py_func)
    return dispatcher


def _signature(text: str, real):
    """Numba's types for "in real[:, ::1], int64, …"."""
    scalars = {"real": real, "int64": types.int64, "float64": types.float64, "bool": types.boolean}
    result = []
    for argument in text.replace(", ::1]", ",::1]").replace(", :", ",:").split(", "):
        words = argument.split()
        name, bracket, axes = words[-1].partition("[")
        if not bracket:
            result.append(scalars[name])
            continue
        layout = "C" if axes.endswith("::1]") else "A"
        result.append(Borrowed(scalars[name], axes.count(",") + 1, layout, words[0] == "in"))
    return types.void(*result)


@cache
def _sources(files: tuple[Path, ...] | None) -> str:
    """A hash of these Python sources, or of all that a CPU kernel may use: one compiled from others is stale.

    Numba watches only the file that defines a function, not the ones whose functions it calls.
    """
    if files is None:
        here = Path(__file__).parent
        files = tuple(file for file in sorted(here.rglob("*.py")) if here / "simulator" not in file.parents)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


# Numba's own types say nothing of these.
_Base: Any = caching._CacheLocator


class _Locator(_Base):
    """Tells Numba where a kernel's code is kept and what makes it stale."""

    def __init__(self, module: str, sources: tuple[Path, ...] | None):
        self._module, self._files = module, sources

    @classmethod
    def from_function(cls, py_func, py_file):
        del py_file
        return cls(py_func.__module__, py_func.sources)

    def get_cache_path(self):
        return str(Path(store.directory() or ".", "numba"))

    def get_source_stamp(self):
        return _sources(self._files)

    def get_disambiguator(self):
        # Two installations side by side must not evict each other's code.
        return self._module + hashlib.sha256(__file__.encode()).hexdigest()[:8]


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012


class _Cache(caching.FunctionCache):
    _impl_class = _Implementation

    def _load_overload(self, sig, target_context):
        try:
            return super()._load_overload(sig, target_context)
        except Exception as error:  # a truncated or foreign file, in whatever way: compile again
            print(f"kernelwright: a kept kernel can't be read ({error!r}): compiling it again", file=sys.stderr)
            return None

    def _save_overload(self, sig, data):
        if not store.writable():
            return
        try:
            super()._save_overload(sig, data)
        except Exception as error:  # a full disk, or an index that can't be read
            print(f"kernelwright: a compiled kernel can't be kept ({error})", file=sys.stderr)
