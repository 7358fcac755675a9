"""What this machine can do at most: multiply-adds a second, and bytes moved to and from memory a second.

Both are measured, in the same run as the kernels, for no data sheet knows how many cores a container has, how fast they
are clocked today, or who shares the memory.
"""

import functools
import math
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..kernels.operation import Cost

MINIMUM_COPY = 1 << 28  # bytes of each array copied; larger where the cache is


@dataclass(frozen=True)
class Limits:
    """The roofline of one device, for float32."""

    flops: float  # a second
    bandwidth: float  # bytes a second, read and written
    cache: int  # bytes; what fits may be faster than the bandwidth
    how: str  # they were measured
    flops_one_thread: float | None = None

    def bound(self, cost: Cost) -> str:
        """What keeps such a call from being faster: "flops", "memory", or "cache" where all of it fits in there."""
        if cost.flops / self.flops > cost.bytes / self.bandwidth:
            return "flops"
        return "cache" if cost.bytes < self.cache else "memory"

    def share(self, cost: Cost, seconds: float) -> float | None:
        """How near to its limit a call is, 1 being at it; None where the limit isn't known, in the cache."""
        if self.bound(cost) == "cache":
            return None
        return max(cost.flops / self.flops, cost.bytes / self.bandwidth) / seconds

    def crowded(self, cores: int) -> bool:
        """Whether so many cores together do far less than so many times the work of one, lower clocks allowed for."""
        return self.flops_one_thread is not None and self.flops < 0.6 * cores * self.flops_one_thread


def of_cpu() -> Limits:
    import numba

    threads = numba.get_num_threads()
    return Limits(
        flops=_cpu_flops(threads),
        bandwidth=_cpu_bandwidth(max(MINIMUM_COPY, 4 * last_level_cache())),
        cache=last_level_cache(),
        how="multiply-adds in registers; a copy or a change in place of arrays far beyond the caches",
        flops_one_thread=_cpu_flops(1),
    )


def _best(call: Callable[[], Any], seconds: float = 0.4) -> float:
    """The shortest time of many: an upper limit is sought, and whatever disturbs only makes a call longer."""
    call()
    best, end = math.inf, time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        call()
        best = min(best, time.perf_counter() - started)
    return best


def _cpu_flops(threads: int) -> float:
    run, per_round = _multiply_adds()
    results = np.zeros(threads, np.float32)
    rounds = 1 << 19  # about 2 ms: far longer than it takes to start the threads
    return rounds * per_round * threads / _best(lambda: run(rounds, np.float32(0.5), results))


@functools.cache
def _multiply_adds() -> tuple[Callable, int]:
    """A compiled function (rounds, x, results) that only multiplies and adds, and the operations of one round.

    A multiply-add takes about 4 cycles but 2 to 4 can start in each, so to keep the units busy a round needs many
    that don't wait for one another: as many sums as there are registers to hold them. Numba would leave the
    choice of vectors to LLVM's optimiser; so we write the loop in LLVM's own language.
    """
    import numba
    from llvmlite import binding, ir
    from numba import prange, types
    from numba.core import cgutils
    from numba.extending import intrinsic

    features = binding.get_host_cpu_features()
    lanes = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
    sums = 12 if platform.machine().lower() in ("x86_64", "amd64") else 24  # 16 registers, or 32
    vector = ir.VectorType(ir.FloatType(), lanes)

    @intrinsic
    def spin(typing, rounds, x):
        del typing

        def emit(context, builder, signature, arguments):
            del context, signature
            rounds, x = arguments
            # Factor and addend come from outside, and no fast-math flag is set: LLVM can't work the sums out.
            single = builder.insert_element(ir.Constant(vector, ir.Undefined), x, ir.IntType(32)(0))
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
            factor = builder.shuffle_vector(single, single, zeros)
            # Each sum starts elsewhere: equal ones would be merged. `fmuladd` is fused wherever the machine can.
            starts = [builder.fadd(factor, ir.Constant(vector, [float(i)] * lanes)) for i in range(sums)]
            slots = [cgutils.alloca_once_value(builder, start) for start in starts]
            kind = ir.FunctionType(vector, [vector] * 3)
            fmuladd = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{lanes}f32")
            with cgutils.for_range(builder, rounds):
                for slot in slots:
                    builder.store(builder.call(fmuladd, [builder.load(slot), factor, factor]), slot)
            total = builder.load(slots[0])
            for slot in slots[1:]:
                total = builder.fadd(total, builder.load(slot))
            return builder.extract_element(total, ir.IntType(32)(0))

        return types.float32(types.int64, types.float32), emit

    # Kept by nobody between processes: Numba's cache would not notice a change of `spin`.
    @numba.njit("void(int64, float32, float32[::1])", parallel=True)
    def run(rounds, x, results):
        for thread in prange(results.size):
            results[thread] = spin(rounds, x)  # pyright: ignore[reportCallIssue]

    return run, 2 * lanes * sums


def _cpu_bandwidth(size: int) -> float:
    """Bytes a second through arrays far beyond the caches, each counted once as read and once as written.

    By the faster of two ways, plain stores both: a copy, and a change in place. In a copy the processor also reads what
    it is about to overwrite, which isn't counted; a kernel whose stores go past the cache may exceed this limit.
    """
    import numba
    from numba import prange

    # The factor is there so that LLVM doesn't call memcpy, which has such stores; a call with one array twice
    # is the change in place.
    @numba.njit("void(float32[::1], float32[::1], float32)", parallel=True)
    def copy(source, target, factor):
        for i in prange(source.size):
            target[i] = factor * source[i]

    one, other = np.ones((2, size // 4), np.float32)
    best = min(_best(lambda: copy(one, target, np.float32(1))) for target in (one, other))  # noqa: B023
    return 2 * one.nbytes / best


@functools.cache
def last_level_cache() -> int:
    """Bytes of the processor's largest cache; 32 MiB where the system doesn't say."""
    sizes = []
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = path.read_text().strip()
        sizes.append(int(text[:-1]) * {"K": 1 << 10, "M": 1 << 20}[text[-1]])
    return max(sizes, default=32 << 20)
