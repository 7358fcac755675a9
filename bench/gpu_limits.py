"""What this GPU can do at most, measured in the same run as the kernels: its data sheet doesn't know today's clock.

The tensor cores' figure is that of mma.sync, the instruction that all GPUs since sm_80 have; Hopper's own, wgmma, does
about half as much again.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels import cuda
from .limits import MINIMUM_COPY, Limits

SOURCE = cuda.Source(__file__, "gpu_limits.cu")
THREADS, ROUNDS = 256, 4096
SUMS, TILES = 16, 8  # as in gpu_limits.cu
PRODUCTS = {"tf32": 2 * 16 * 8 * 8, "bf16": 2 * 16 * 8 * 16, "f16": 2 * 16 * 8 * 16}  # operations of one mma.sync


def of_gpu(device: Any) -> Limits:
    """The roofline of plain cores, in float32."""
    copying, _ = copy_bandwidth(device)
    return Limits(
        flops=multiply_adds(device),
        bandwidth=copying,
        cache=0,  # its content is flushed before every call
        how="multiply-adds in registers; a copy of 256 MiB",
    )


def multiply_adds(device: Any, dtype: Any = np.float32) -> float:
    """Operations a second of the plain cores."""
    blocks, dtype = _blocks(device), np.dtype(dtype)
    out = device.empty((1,), dtype)
    arguments = out, dtype.type(0.5), np.int32(ROUNDS)
    took = seconds(device, lambda: device.launch(SOURCE, "multiply_adds", dtype, blocks, THREADS, arguments))
    return 2 * SUMS * ROUNDS * THREADS * blocks / took


def tensor_cores(device: Any) -> dict[str, float]:
    """Operations a second of mma.sync by its type; none before sm_80."""
    if device.arch < 80:
        return {}
    blocks, found = _blocks(device), {}
    out = device.empty((1,), np.float32)
    for name, operations in PRODUCTS.items():
        arguments = out, np.int32(ROUNDS)
        took = seconds(
            device,
            lambda name=name, arguments=arguments: device.launch(
                SOURCE, f"{name}_products", out.dtype, blocks, THREADS, arguments
            ),
        )
        found[name] = operations * TILES * ROUNDS * blocks * (THREADS // 32) / took
    return found


def copy_bandwidth(device: Any) -> tuple[float, int]:
    """Bytes a second, read and written, of a copy far beyond the caches; and how many are copied."""
    one, other = (device.empty((MINIMUM_COPY // 4,), np.float32) for _ in range(2))
    one.fill(1)
    return 2 * one.nbytes / seconds(device, lambda: device.cupy.copyto(other, one)), one.nbytes


def seconds(device: Any, call: Callable[[], Any]) -> float:
    """The shortest of several: whatever disturbs only makes a call longer."""
    cuda, times = device.cupy.cuda, []
    for _ in range(8):
        start, stop = cuda.Event(), cuda.Event()
        start.record()
        call()
        stop.record()
        stop.synchronize()
        times.append(cuda.get_elapsed_time(start, stop) / 1e3)
    return min(times[1:])


def _blocks(device: Any) -> int:
    """Eight on each multiprocessor: all that fit there."""
    cupy = device.cupy
    return 8 * cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["multiProcessorCount"]
