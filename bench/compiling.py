"""What a first call spends on compiling kernels for the CPU, or on loading them from the disk."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def compiling() -> Iterator[list[float]]:
    """Inside, a list of the seconds of every compilation grows."""
    from ..kernels.jit import Kernel  # which needs Numba: a machine that only asks its GPU may have none

    compile, spent = Kernel.compile, []

    def timed(self: Any, dtype: Any) -> Any:
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
