"""What a first call spends on compiling kernels for the CPU, or on loading them from the disk."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..kernels.jit import Kernel


@contextmanager
def compiling() -> Iterator[list[float]]:
    """Inside, a list of the seconds of every compilation grows."""
    compile, spent = Kernel.compile, []

    def timed(self: Kernel, dtype: Any) -> Any:
        started = time.perf_counter()
        try:
            return compile(self, dtype)
        finally:
            spent.append(time.perf_counter() - started)

    Kernel.compile = timed
    try:
        yield spent
    finally:
        Kernel.compile = compile
