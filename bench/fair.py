"""What is the same for all contenders: environment, memory, number of threads; and who else uses the processor."""

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from .. import kernels
from . import in_jax, machine
from .timing import keep_freed_memory

CROWDED = 0.03  # the share of the processor that other programs may use before figures are doubted
# What libraries read when they are loaded. Threads of OpenMP that wait, which PyTorch and we share, go to sleep soon
# instead of taking the cores from whoever comes next (see command.py). PyTorch loses nothing by it: an MLP step of its
# takes 0.98 ms on an idle machine, 0.94 without; beside another program 4 ms rather than 160. Large arrays get large
# pages from PyTorch, too, as they do from NumPy. torch.compile starts no processes that would go on while we measure.
ENVIRONMENT = {"GOMP_SPINCOUNT": "2000", "THP_MEM_ALLOC_ENABLE": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}


def make_fair() -> dict[str, Any]:
    """What is the same for all; to be called before PyTorch is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    return {
        "environment": {name: os.environ[name] for name in ENVIRONMENT},
        "freed_memory_is_kept": keep_freed_memory(),
    }


def pytorch() -> Any:
    """The module, or None where it isn't installed."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


@contextmanager
def as_they_were() -> Iterator[None]:
    """Give our kernels back the threads that they had."""
    before = kernels.get_threads()
    try:
        yield
    finally:
        kernels.set_threads(before)


def thread_counts(counts: list[int], what: str) -> list[int]:
    """The numbers of threads that were asked for, each once; refused where our kernels can't have so many."""
    if not counts:
        raise ValueError(f"{what}: there is no number of threads: it must be one, or several with commas")
    with as_they_were():
        for n in counts:
            kernels.set_threads(n)  # which says what is wrong with it
    return list(dict.fromkeys(counts))


@contextmanager
def everyone_with(threads: int, torch: Any, what: str, strictly: bool = True) -> Iterator[None]:
    """So many threads for our kernels, NumPy's BLAS, PyTorch, and numexpr; JAX's can't be changed (in_jax.py).

    Where the package is missing that sets BLAS's, it is an error, or, if not `strictly`, BLAS is left alone.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        if strictly:
            raise kernels.Unavailable(
                f"{what}: the package threadpoolctl, which sets the threads of NumPy's BLAS, isn't installed: "
                "pip install 'kernelwright[bench]'"
            ) from None
        threadpool_limits = None
    before = torch and torch.get_num_threads()
    numexpr = sys.modules.get("numexpr")  # where it is a rival it has been loaded
    numexpr_before = numexpr and numexpr.get_num_threads()
    try:
        with as_they_were(), threadpool_limits(threads, "blas") if threadpool_limits else nullcontext():
            kernels.set_threads(threads)
            if torch:
                torch.set_num_threads(threads)
            if numexpr:
                numexpr.set_num_threads(min(threads, numexpr.MAX_THREADS))
            yield
    finally:
        if torch:
            torch.set_num_threads(before)
        if numexpr:
            numexpr.set_num_threads(numexpr_before)


def threads_of(library: str) -> int | None:
    """How many threads its calls may use now; None where that isn't known."""
    if library == "numpy":
        return machine.blas()["threads"]
    if library == "torch":
        return pytorch().get_num_threads()
    if library == "jax":
        return in_jax.threads()
    if library == "numexpr":
        return sys.modules["numexpr"].get_num_threads()
    return kernels.get_threads()


def share_of_others() -> Callable[[], float | None]:
    """A function that says which share of the processor other programs have used since now; None if that isn't known.

    A thread that has lost its core to another program makes all others wait for it.
    """

    def used() -> tuple[float, float]:
        return (machine.busy_seconds() or 0.0) - sum(os.times()[:4]), time.perf_counter()

    begin, started = used()

    def share() -> float | None:
        end, ended = used()
        if machine.busy_seconds() is None:
            return None
        return max(0.0, end - begin) / (ended - started) / (os.cpu_count() or 1)

    return share
