"""A copy in memory: the yardstick for what does little more than move its arrays."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .timing import Contender, race


def moving(size: int, threads: int) -> Callable[[], Any]:
    """A copy that reads and writes so many bytes in all, in the way that is the fastest here."""
    source, target = np.ones((2, size // 8), np.float32)
    return functools.partial(_fastest(threads), source, target)


@functools.cache
def _fastest(threads: int) -> Callable[..., Any]:
    """Of plain stores and memcpy, whose stores go past the cache: which it is depends on processor and threads."""
    import numba
    from numba import prange

    # As many parts as threads. The factor is there so that LLVM doesn't make a memcpy of it.
    @numba.njit("void(int64, float32, float32[::1], float32[::1])", parallel=True)
    def plain(parts, factor, source, target):
        size = (source.size + parts - 1) // parts
        for part in prange(parts):
            for i in range(part * size, min((part + 1) * size, source.size)):
                target[i] = factor * source[i]

    @numba.njit("void(int64, float32[::1], float32[::1])", parallel=True)
    def memcpy(parts, source, target):
        size = (source.size + parts - 1) // parts
        for part in prange(parts):
            target[part * size : (part + 1) * size] = source[part * size : (part + 1) * size]

    ways = [functools.partial(plain, threads, np.float32(1)), functools.partial(memcpy, threads)]
    source, target = np.ones((2, 1 << 24), np.float32)
    found = race({str(i): Contender(functools.partial(way, source, target)) for i, way in enumerate(ways)}, 0.5)
    return min(zip((timing.median for timing in found.values()), range(len(ways)), ways))[2]
