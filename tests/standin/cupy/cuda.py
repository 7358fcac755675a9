"""cupy.cuda: a device, streams, events, graphs and memory, as far as one can tell them from the outside."""

import contextlib
import ctypes
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = (
    *("Device", "Event", "Graph", "MemoryPool", "Stream", "driver", "get_allocator", "get_current_stream"),
    *("get_elapsed_time", "is_available", "memory", "runtime", "set_allocator", "using_allocator"),
)
POISON = 0x7FA5A5A5  # what fresh memory holds, from either type's view a NaN


class CUDARuntimeError(RuntimeError):
    pass


class CUDADriverError(RuntimeError):
    pass


driver = SimpleNamespace(CUDADriverError=CUDADriverError)


def _properties(device: int) -> dict[str, Any]:
    del device
    return {"name": b"stand-in for a GPU", "multiProcessorCount": 2, "l2CacheSize": 1 << 20, "totalGlobalMem": 1 << 32}


runtime = SimpleNamespace(
    CUDARuntimeError=CUDARuntimeError,
    driverGetVersion=lambda: 13000,
    runtimeGetVersion=lambda: 13000,
    getDeviceCount=lambda: 1,
    getDeviceProperties=_properties,
)


def is_available() -> bool:
    return True


class Device:
    def __init__(self, device: int = 0):
        self.id, self.compute_capability = device, "80"

    def synchronize(self) -> None:
        wait("a wait for the GPU")

    mem_info = (1 << 31, 1 << 32)


# Streams: everything is done at once, but for a stream that is capturing.


class Stream:
    null: "Stream"

    def __init__(self, null: bool = False, non_blocking: bool = False, ptds: bool = False, priority: Any = None):
        del non_blocking, ptds, priority
        self.ptr = 0 if null else id(self)
        self.noted: list[Callable[[], Any]] | None = None

    def __enter__(self) -> "Stream":
        _streams.append(self)
        return self

    def __exit__(self, *_: Any) -> None:
        _streams.pop()

    def synchronize(self) -> None:
        outside(self, "a wait for a stream")

    def wait_event(self, event: "Event") -> None:
        del event

    def record(self, event: "Event | None" = None) -> "Event":
        event = event or Event()
        event.record(self)
        return event

    def begin_capture(self, mode: Any = None) -> None:
        del mode
        if self.ptr == 0:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        self.noted = []

    def end_capture(self) -> "Graph":
        if self.noted is None:
            raise CUDARuntimeError("cudaErrorIllegalState: the operation cannot be performed in the present state")
        graph, self.noted = Graph(self.noted), None
        return graph

    def is_capturing(self) -> bool:
        return self.noted is not None


Stream.null = Stream(null=True)
_streams = [Stream.null]


def get_current_stream(device_id: int = -1) -> Stream:
    del device_id
    return _streams[-1]


def enqueue(work: Callable[[], Any]) -> None:
    """On the current stream: now, or in the graph that it is capturing."""
    noted = get_current_stream().noted
    if noted is None:
        work()
    else:
        noted.append(work)


def again(work: Callable[[], Any]) -> None:
    """What has been done already, to know the result's shape: in a graph's capture it counts as not done."""
    noted = get_current_stream().noted
    if noted is not None:
        noted.append(work)


def wait(what: str) -> None:
    outside(None, what)


def outside(stream: Stream | None, what: str) -> None:
    if (stream or get_current_stream()).is_capturing():
        raise CUDARuntimeError(f"cudaErrorStreamCaptureUnsupported: {what} while a stream is capturing")


class Graph:
    def __init__(self, work: list[Callable[[], Any]]):
        self._work = work

    def launch(self, stream: Stream | None = None) -> None:
        del stream
        for work in self._work:
            work()

    def upload(self, stream: Stream | None = None) -> None:
        pass


class Event:
    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False):
        del block, disable_timing, interprocess
        self.time = 0.0

    def record(self, stream: Stream | None = None) -> None:
        del stream
        self.time = time.perf_counter()

    def synchronize(self) -> None:
        pass

    done = True


def get_elapsed_time(start_event: Event, end_event: Event) -> float:
    return (end_event.time - start_event.time) * 1e3


# Memory: a pool gives freed blocks out again, so that a graph whose memory wasn't kept for it would show.


class _Block:
    def __init__(self, space: np.ndarray, size: int, pool: "MemoryPool | None"):
        self.space, self.size, self._pool = space, size, pool

    def __del__(self) -> None:
        if self._pool is not None:
            self._pool._free.setdefault(self.space.nbytes, []).append(self.space)


class MemoryPool:
    def __init__(self, allocator: Any = None):
        del allocator
        self._free: dict[int, list[np.ndarray]] = {}
        self._taken = 0

    def malloc(self, size: int) -> _Block:
        rounded = -(-max(size, 1) // 512) * 512
        if rounded > 1 << 32:
            raise memory.OutOfMemoryError(f"Out of memory allocating {rounded:,} bytes")
        waiting = self._free.get(rounded)
        if waiting:
            space = waiting.pop()
        else:
            whole = np.empty(rounded + 256, np.uint8)
            space = whole[-whole.ctypes.data % 256 :][:rounded]
            self._taken += rounded
        space.view(np.uint32)[:] = POISON
        return _Block(space, size, self)

    def total_bytes(self) -> int:
        return self._taken

    def free_all_blocks(self, stream: Any = None) -> None:
        del stream
        self._free.clear()


class OutOfMemoryError(MemoryError):
    pass


memory = SimpleNamespace(OutOfMemoryError=OutOfMemoryError)
_default = MemoryPool()
_pools = [_default]


def get_allocator() -> Callable[[int], _Block]:
    return _pools[-1].malloc


def set_allocator(allocator: Any = None) -> None:
    """None: every array's memory is its own."""
    _pools[0] = MemoryPool() if allocator is None else allocator.__self__


@contextlib.contextmanager
def using_allocator(allocator: Any = None) -> Iterator[None]:
    _pools.append(allocator.__self__)
    try:
        yield
    finally:
        _pools.pop()


def allocate(size: int) -> _Block:
    return _pools[-1].malloc(size)


def borrowed(interface: dict[str, Any], owner: Any) -> Any:
    """An array over another's memory, as from __cuda_array_interface__."""
    from .array import ndarray

    dtype, shape, strides = np.dtype(interface["typestr"]), interface["shape"], interface["strides"]
    address, _ = interface["data"]
    ways = [(n - 1) * s for n, s in zip(shape, strides)] if strides else [int(np.prod(shape)) * dtype.itemsize]
    extent = sum(way for way in ways if way > 0) + (dtype.itemsize if strides else 0) if 0 not in shape else 0
    space = np.frombuffer((ctypes.c_ubyte * extent).from_address(address or ctypes.addressof(_nothing)), np.uint8)
    block = _Block(space, extent, None)
    block.owner = owner  # type: ignore[attr-defined]
    return ndarray._view(np.ndarray(shape, dtype, space, strides=strides), block)


_nothing = (ctypes.c_ubyte * 1)()
