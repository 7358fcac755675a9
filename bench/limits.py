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
    """The roofline of one device."""

    flops: float  # a second, in float32
    bandwidth: float  # bytes a second, read and written
    cache: int  # bytes; what fits may be faster than the bandwidth
    how: str  # they were measured
    flops_one_thread: float | None = None
    flops_float64: float | None = None
    triad: float | None = None  # bytes a second of a = b + s c, the arrays read and written

    def peak(self, dtype: str = "float32") -> float:
        """Operations a second; of float64, where it wasn't measured, half as many: half as many fit in a register."""
        return self.flops if dtype == "float32" else self.flops_float64 or self.flops / 2

    def bound(self, cost: Cost, dtype: str = "float32") -> str:
        """What keeps such a call from being faster: "flops", "memory", or "cache" where all of it fits in there."""
        if cost.flops / self.peak(dtype) > cost.bytes / self.bandwidth:
            return "flops"
        return "cache" if cost.bytes < self.cache else "memory"

    def share(self, cost: Cost, seconds: float, dtype: str = "float32") -> float | None:
        """How near to its limit a call is, 1 being at it; None where the limit isn't known, in the cache."""
        if self.bound(cost, dtype) == "cache":
            return None
        return max(cost.flops / self.peak(dtype), cost.bytes / self.bandwidth) / seconds

    def crowded(self, cores: int) -> bool:
        """Whether so many cores together do far less than so many times the work of one, lower clocks allowed for."""
        return self.flops_one_thread is not None and self.flops < 0.6 * cores * self.flops_one_thread


def of_cpu(threads: int | None = None) -> Limits:
    """With so many threads; by default with all that Numba has."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(threads or before)
    try:
        streams = _streams(max(MINIMUM_COPY, 4 * last_level_cache()))
        return Limits(
            flops=_cpu_flops(threads or before),
            bandwidth=max(streams.values()),
            cache=last_level_cache(),
            how="multiply-adds in registers; the fastest of a copy, a change in place and a triad a = b + s c, "
            "of arrays far beyond the caches",
            flops_one_thread=_cpu_flops(1),
            flops_float64=_cpu_flops(threads or before, np.float64),
            triad=streams["triad"],
        )
    finally:
        numba.set_num_threads(before)


def _best(call: Callable[[], Any], seconds: float = 0.4) -> float:
    """The shortest time of many: an upper limit is sought, and whatever disturbs only makes a call longer."""
    call()
    best, end = math.inf, time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        call()
        best = min(best, time.perf_counter() - started)
    return best


def _cpu_flops(threads: int, dtype: Any = np.float32) -> float:
    run, per_round = _multiply_adds(np.dtype(dtype).itemsize)
    results = np.zeros(threads, dtype)
    rounds = 1 << 19  # about 2 ms: far longer than it takes to start the threads
    return rounds * per_round * threads / _best(lambda: run(rounds, dtype(0.5), results))


@functools.cache
def _multiply_adds(size: int) -> tuple[Callable, int]:
    """A compiled function (rounds, x, results) that only multiplies and adds, and the operations of one round.

    Of numbers of so many bytes. A multiply-add takes about 4 cycles but 2 to 4 can start in each, so to keep the units
    busy a round needs many that don't wait for one another: as many sums as there are registers to hold them. Numba
    would leave the choice of vectors to LLVM's optimiser; so we write the loop in LLVM's own language.
    """
    import numba
    from llvmlite import binding, ir
    from numba import prange, types
    from numba.core import cgutils
    from numba.extending import intrinsic

    features = binding.get_host_cpu_features()
    lanes = (64 if features.get("avx512f") else 32 if features.get("avx2") else 16) // size
    single = ir.FloatType(), types.float32, "f32"
    real, number, suffix = single if size == 4 else (ir.DoubleType(), types.float64, "f64")
    sums = 12 if platform.machine().lower() in ("x86_64", "amd64") else 24  # 16 registers, or 32
    vector = ir.VectorType(real, lanes)

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
            fmuladd = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{lanes}{suffix}")
            with cgutils.for_range(builder, rounds):
                for slot in slots:
                    builder.store(builder.call(fmuladd, [builder.load(slot), factor, factor]), slot)
            total = builder.load(slots[0])
            for slot in slots[1:]:
                total = builder.fadd(total, builder.load(slot))
            return builder.extract_element(total, ir.IntType(32)(0))

        return number(types.int64, number), emit

    # Kept by nobody between processes: Numba's cache would not notice a change of `spin`.
    @numba.njit(types.void(types.int64, number, number[::1]), parallel=True)
    def run(rounds, x, results):
        for thread in prange(results.size):
            results[thread] = spin(rounds, x)  # pyright: ignore[reportCallIssue]

    return run, 2 * lanes * sums


def _streams(size: int) -> dict[str, float]:
    """Bytes a second through arrays of `size` bytes, far beyond the caches, each counted once as read or as written.

    Plain stores all: the processor also reads what it is about to overwrite, which isn't counted, but in the change in
    place. A kernel whose stores go past the cache may exceed them all. (STREAM: McCalpin, IEEE TCCA Newsletter, 1995.)
    """
    import numba
    from numba import prange

    # The factors are there so that LLVM doesn't call memcpy, which has such stores; a call with one array twice
    # is the change in place.
    @numba.njit("void(float32[::1], float32[::1], float32)", parallel=True)
    def copy(source, target, factor):
        for i in prange(source.size):
            target[i] = factor * source[i]

    @numba.njit("void(float32[::1], float32[::1], float32[::1], float32)", parallel=True)
    def triad(b, c, a, factor):
        for i in prange(b.size):
            a[i] = b[i] + factor * c[i]

    one, other, third = np.ones((3, size // 4), np.float32)
    by_a_half = np.float32(0.5)
    return {
        "copy": 2 * one.nbytes / _best(lambda: copy(one, other, np.float32(1))),
        "in place": 2 * one.nbytes / _best(lambda: copy(one, one, np.float32(1))),
        "triad": 3 * one.nbytes / _best(lambda: triad(one, other, third, by_a_half)),
    }


@functools.cache
def last_level_cache() -> int:
    """Bytes of the processor's largest cache; 32 MiB where the system doesn't say."""
    sizes = []
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = path.read_text().strip()
        sizes.append(int(text[:-1]) * {"K": 1 << 10, "M": 1 << 20}[text[-1]])
    return max(sizes, default=32 << 20)
