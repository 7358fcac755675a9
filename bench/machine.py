"""This machine: what it is, and the two limits that no kernel can pass, measured here and now.

Arithmetic: multiply-adds on vector registers, with nothing else to do. Memory: the fastest way found to pass over
arrays far larger than the caches (a copy, or changing one in place: a copy costs more than its bytes tell, for the
target's old content is fetched first). A kernel of f operations and b bytes needs at least max(f / arithmetic,
b / memory).
"""

import datetime
import functools
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from llvmlite import binding, ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic

CHAINS = 12  # independent sums: a multiply-add takes 4 cycles, and up to 2 begin in each
LARGE = 1 << 26  # bytes of an array that no cache holds


def limits() -> dict[str, float]:
    """GFLOP/s of float32 and GB/s, on the threads that Numba uses."""
    return {"gflops": _peak(numba.get_num_threads()), "gbytes": max(_bandwidths().values())}


def gpu_limits(cupy: Any) -> dict[str, float]:
    """The same of a GPU: cuBLAS's float32 product of 8192³, and a copy within its memory."""
    from .timing import measure_gpu

    a = cupy.random.standard_normal((8192, 8192), dtype=cupy.float32)
    b, c = cupy.empty_like(a), cupy.empty_like(a)
    product = measure_gpu(cupy, lambda: cupy.matmul(a, a, out=c), 1).median
    copy = measure_gpu(cupy, lambda: cupy.copyto(b, a), 1).median
    return {"gflops": 2 * 8192**3 / product / 1e9, "gbytes": 2 * a.nbytes / copy / 1e9}


def description() -> dict[str, Any]:
    """What a reader of figures must know to believe them."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": numba.get_num_threads(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "llvmlite": llvmlite.__version__,
        "blas": _blas(),
        "last_level_cache": last_level_cache(),
    }


def processor() -> str:
    """The processor's name, and the widest vectors that it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    wanted = ("avx512f", "avx2", "avx", "neon", "sse4.2")
    return f"{name} ({next((feature for feature in wanted if features().get(feature)), platform.machine())})"


@functools.cache
def features() -> dict[str, bool]:
    """The CPU's features by LLVM's names, as Numba compiles for them."""
    return dict(binding.get_host_cpu_features())


def last_level_cache() -> int:
    """Bytes of the largest cache; 32 MiB where the system doesn't tell."""
    sizes = []
    for file in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = file.read_text().strip()
        sizes.append(int(text[:-1]) << {"K": 10, "M": 20}[text[-1]])
    return max(sizes, default=32 << 20)


def _blas() -> str:
    """The library that NumPy's matrix product runs on, and its threads."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown (pip install threadpoolctl)"
    found = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    return ", ".join(
        f"{lib['internal_api']} {lib['version']} {lib.get('architecture', '')} {lib['num_threads']} threads"
        for lib in found
    )


def _commit() -> str | None:
    """The commit of the checkout that this file is in; a + if something in it has been changed."""
    try:
        options = {"cwd": Path(__file__).parent, "capture_output": True, "text": True, "check": True}
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], **options).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain", "-uno"], **options).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + "+" * bool(changed)


def _lanes() -> int:
    """float32 numbers in a vector register."""
    return 16 if features().get("avx512f") else 8 if features().get("avx2") else 4


@intrinsic
def _multiply_add(typingctx, times):
    """`times` rounds of one multiply-add on each of CHAINS vectors; returns a number that depends on all.

    Numba has no vectors, so this is LLVM's own language: a loop whose values are carried by phi nodes.
    """
    lanes = _lanes()

    def generate(context, builder, signature, arguments):
        number = ir.FloatType()
        vector = ir.VectorType(number, lanes)
        kind = ir.FunctionType(vector, [vector] * 3)
        fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{lanes}f32")
        factor = ir.Constant(vector, [0.999] * lanes)
        before = builder.block
        loop, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        count = builder.phi(arguments[0].type)
        count.add_incoming(ir.Constant(count.type, 0), before)
        chains = [builder.phi(vector) for _ in range(CHAINS)]
        for i, chain in enumerate(chains):
            chain.add_incoming(ir.Constant(vector, [float(i + lane) for lane in range(lanes)]), before)
            chain.add_incoming(builder.call(fma, [chain, factor, factor]), loop)
        next_count = builder.add(count, ir.Constant(count.type, 1))
        count.add_incoming(next_count, loop)
        builder.cbranch(builder.icmp_signed("<", next_count, arguments[0]), loop, after)
        builder.position_at_end(after)
        total = chains[0]
        for chain in chains[1:]:
            total = builder.fadd(total, chain)
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return types.float32(types.int64), generate


@numba.njit(parallel=True)
def _work(threads, times):
    results = np.empty(threads, np.float32)
    for thread in prange(threads):
        results[thread] = _multiply_add(times)
    return results


@numba.njit(parallel=True)
def _copy(source, target):
    for i in prange(source.size):
        target[i] = source[i]


@numba.njit(parallel=True)
def _change(x):
    for i in prange(x.size):
        x[i] = -x[i]


def _peak(threads: int) -> float:
    times = 2_000_000
    _work(threads, 10)
    best = min(_seconds(lambda: _work(threads, times)) for _ in range(5))
    return 2 * CHAINS * _lanes() * times * threads / best / 1e9


def _bandwidths() -> dict[str, float]:
    """GB/s, bytes read and written counted."""
    source = np.random.default_rng(0).standard_normal(LARGE // 8)
    target = np.zeros_like(source)
    ways = {"copy": (_copy, (source, target)), "in place": (_change, (source,))}
    result = {}
    for name, (work, arrays) in ways.items():
        work(*arrays)
        result[name] = 2 * LARGE / min(_seconds(lambda: work(*arrays)) for _ in range(10)) / 1e9  # noqa: B023
    return result


def _seconds(call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
