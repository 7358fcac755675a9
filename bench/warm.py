"""`kernelwright doctor --warm`: compile every kernel for the CPU once, so that nobody waits for one later."""

import importlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .. import kernels
from ..kernels import cache
from ..kernels.jit import Kernel
from ..kernels.operation import CATALOG
from . import report


def compiled_kernels() -> Iterator[tuple[str, Kernel]]:
    """Every kernel of every folder, by its name."""
    for folder in sorted({operation.folder for operation in CATALOG.values()}):
        module = importlib.import_module(f"{kernels.__name__}.{folder}.cpu")
        for name, value in vars(module).items():
            if isinstance(value, Kernel) and value.function.__module__ == module.__name__:
                yield f"{folder}.{name}", value


def run() -> int:
    """Compile them, or find them in the cache; the exit code: 1 where nothing can be kept."""
    if cache.directory() is None:  # it has said why
        return 1
    found, started = list(compiled_kernels()), time.perf_counter()
    with report.progress(len(found)) as say:
        for name, kernel in found:
            say(name, 0)
            for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
                kernel.compile(dtype)
            say(name, 1)
    seconds = time.perf_counter() - started
    print(f"{len(found)} kernels are compiled for float32 and float64, in {seconds:.1f} s: {Path(cache.location())}")
    return 0
