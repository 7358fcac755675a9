"""CUDA C: compile (NVRTC, kept on disk per architecture), launch. The only file that imports CuPy.

Compiling needs neither GPU nor driver, only NVIDIA's NVRTC library, so any machine can check every `.cu` file. We
compile by ourselves rather than through CuPy for that reason, and because CuPy adds -ftz=true, which would
turn denormals into zeros.
"""

import contextlib
import ctypes
import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import cache
from .backend import Unavailable

KERNELS = Path(__file__).parent
INSTALL = "pip install 'kernelwright[gpu]'"
PLAIN_SHARED = 48 << 10  # bytes of dynamic shared memory that a kernel may have unasked
REAL = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}


def blocks(size: int, per_block: int) -> int:
    """How many blocks cover `size` items; at least one, for a grid can't be empty."""
    return max(1, -(-size // per_block))


def elementwise(device: Any, source: "Source", name: str, size: int, *args: Any, at_once: int = 1) -> None:
    """Launch a kernel that walks over `size` elements (elementwise.cuh), so many at a time; its last argument is that
    size."""
    device.launch(source, name, args[0].dtype, elements(blocks(size, at_once)), 256, (*args, np.int64(size)))


def elements(size: int) -> int:
    """Blocks of 256 threads for so many elements: enough to fill the largest GPU; the rest is walked."""
    return min(blocks(size, 256), 132 * 16)


class Source:
    """A `.cu` file: `gpu.cu` beside the given Python file, or the file named; with macros, such as a tile's size."""

    def __init__(self, beside: str, name: str = "gpu.cu", **macros: int):
        self.path = Path(beside).with_name(name)
        self.macros = tuple(sorted(macros.items()))
        self._hash = hash((self.path, self.macros))  # every launch looks its kernel up

    def options(self, dtype: Any) -> tuple[str, ...]:
        """For NVRTC: `real` is the dtype's type, each macro its number.

        Functions without a word for it are the GPU's: NVRTC 13.0 takes lambdas with `auto` arguments for the CPU's, and
        refuses them.
        """
        macros = (f"-D{name}={value}" for name, value in self.macros)
        return (f"-Dreal={REAL[np.dtype(dtype)]}", *macros, "-std=c++17", "-lineinfo", "-default-device")

    def compile(self, arch: int, dtype: Any, kind: str = "cubin") -> Path:
        """The file of machine code ("cubin") or PTX for an architecture such as 90."""
        return compile(self.path, arch, self.options(dtype), kind)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and (self.path, self.macros) == (other.path, other.macros)

    def __hash__(self) -> int:
        return self._hash


def target(arch: int, known: tuple[int, ...]) -> tuple[int, str]:
    """What to compile for a GPU of that architecture, of those that NVRTC knows: machine code, or else PTX, which the
    driver translates.

    Raises
    ------
    Unavailable
        The GPU is older than all of them.
    """
    older = [one for one in known if one <= arch]
    if not older:
        raise Unavailable(f"this NVRTC compiles for GPUs from sm_{min(known)} on, and yours is sm_{arch}")
    best = max(older)
    # Machine code runs on later GPUs of the same generation.
    return best, "cubin" if best // 10 == arch // 10 else "ptx"


def compile(path: Path, arch: int, options: tuple[str, ...], kind: str = "cubin") -> Path:
    """Compile a CUDA C file, or find what an earlier call made of the same text; returns the file of the result.

    `#include "family/file.cuh"` finds the headers of this package; there are no others.

    Raises
    ------
    ValueError
        It doesn't compile: the message is NVRTC's log.
    Unavailable
        There is no NVRTC.
    """
    virtual = kind == "ptx"
    options = (f"-arch={'compute' if virtual else 'sm'}_{arch}", f"-I{KERNELS}", *options)
    text = path.read_bytes()
    headers = {str(p.relative_to(KERNELS)): p.read_bytes() for p in sorted(KERNELS.rglob("*.cuh"))}
    # The paths, too, are part of the result: its lines name them.
    parts = [text, *headers.values(), *(x.encode() for x in (str(path), *headers, *options, str(nvrtc().version)))]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()
    directory = cache.directory()
    name = f"{path.parent.name}-{path.stem}-{key[:24]}.{kind}"
    if directory and (directory / name).exists():
        return directory / name
    return cache.write(name, nvrtc().compile(str(path), text, {}, options, kind))


class Translation(NamedTuple):
    """What NVRTC makes of a source."""

    ptx: bytes
    cubin: bytes  # machine code; none for a virtual architecture
    names: dict[str, str]  # of the kernels asked for: as C++ spells them → as PTX does


class _Nvrtc:
    """NVIDIA's run-time compiler, by ctypes: a handful of C functions that take and fill plain buffers."""

    def __init__(self):
        try:
            self.library = _nvrtc_library()
        except (ImportError, RuntimeError, OSError) as error:
            raise Unavailable(
                "CUDA C can't be compiled here, for NVIDIA's compiler library NVRTC isn't found "
                f"({str(error).splitlines()[0]}): pip install 'kernelwright[simulator]' (no GPU needed)"
            ) from None
        major, minor = ctypes.c_int(), ctypes.c_int()
        self.library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        self.version = (major.value, minor.value)
        count = ctypes.c_int()
        self.library.nvrtcGetNumSupportedArchs(ctypes.byref(count))
        known = (ctypes.c_int * count.value)()
        self.library.nvrtcGetSupportedArchs(known)
        self.architectures = tuple(known)  # that it compiles for: 75, 80, …

    def compile(self, name: str, text: bytes, headers: dict[str, bytes], options, kind: str) -> bytes:
        found = self.translate(name, text, headers, options)
        return found.cubin if kind == "cubin" else found.ptx

    def translate(self, name: str, text: bytes, headers: dict[str, bytes], options, kernels=()) -> Translation:
        """Compile; `kernels` are names as C++ spells them, instances of templates such as "f<1>" among them."""
        library = self.library
        strings = ctypes.c_char_p * len(headers)
        program = ctypes.c_void_p()
        self.check(
            library.nvrtcCreateProgram(
                ctypes.byref(program),
                text,
                name.encode(),
                len(headers),
                strings(*headers.values()),
                strings(*(header.encode() for header in headers)),
            )
        )
        try:
            for kernel in kernels:
                self.check(library.nvrtcAddNameExpression(program, kernel.encode()))
            arguments = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
            failed = library.nvrtcCompileProgram(program, len(options), arguments)
            if failed:
                log = self.read(program, "ProgramLog").decode(errors="replace").strip("\0\n")
                raise ValueError(f"{name} doesn't compile with {' '.join(options)}:\n{log}")
            lowered = ctypes.c_char_p()
            names = {}
            for kernel in kernels:
                self.check(library.nvrtcGetLoweredName(program, kernel.encode(), ctypes.byref(lowered)))
                names[kernel] = (lowered.value or b"").decode()
            return Translation(self.read(program, "PTX"), self.read(program, "CUBIN"), names)
        finally:
            library.nvrtcDestroyProgram(ctypes.byref(program))

    def read(self, program, what: str) -> bytes:
        size = ctypes.c_size_t()
        self.check(getattr(self.library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
        buffer = ctypes.create_string_buffer(size.value)
        self.check(getattr(self.library, f"nvrtcGet{what}")(program, buffer))
        return buffer.raw

    def check(self, status: int) -> None:
        if status:
            self.library.nvrtcGetErrorString.restype = ctypes.c_char_p
            raise RuntimeError(f"NVRTC: {self.library.nvrtcGetErrorString(status).decode()}")


def _nvrtc_library() -> ctypes.CDLL:
    """That of a package, or of a toolkit; without cuda-pathfinder, which CuPy 13 doesn't bring, one that the system
    knows."""
    try:
        from cuda.pathfinder import load_nvidia_dynamic_lib
    except ImportError:
        for name in ("libnvrtc.so.13", "libnvrtc.so.12", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll"):
            with contextlib.suppress(OSError):
                return ctypes.CDLL(name)
        raise
    location = load_nvidia_dynamic_lib("nvrtc").abs_path
    assert location is not None
    return ctypes.CDLL(location)


@functools.cache
def nvrtc() -> _Nvrtc:
    return _Nvrtc()


def driver() -> str | None:
    """The newest CUDA version that the installed NVIDIA driver runs, such as "13.0"; None without a driver."""
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        version = ctypes.c_int()
        if library.cuDriverGetVersion(ctypes.byref(version)) == 0:
            return f"{version.value // 1000}.{version.value % 1000 // 10}"
    return None


@functools.cache
def missing() -> str | None:
    """Why CUDA C can't run here and what to install; None if it can."""
    try:
        import cupy
    except ImportError as error:
        if driver() is None:
            return "no NVIDIA driver is found; it needs an NVIDIA GPU and its driver, then " + INSTALL
        return f"CuPy can't be imported ({error}): {INSTALL} (CUDA 12: pip install cupy-cuda12x)"
    why = "it finds none"
    try:
        available = cupy.cuda.is_available()
    except RuntimeError as error:  # CuPy 13: without a driver, or with one that is too old for it
        available, why = False, str(error)
    if not available:
        newest = driver()
        if newest is None:
            return "no NVIDIA driver is found; it needs an NVIDIA GPU and its driver"
        return (
            f"the driver, for CUDA up to {newest}, gives no NVIDIA GPU to CuPy: {why} (nvidia-smi lists those it sees)"
        )
    try:
        target(int(cupy.cuda.Device().compute_capability), nvrtc().architectures)
    except Unavailable as error:
        return str(error)
    return None


class LaunchError(RuntimeError):
    """A kernel that the GPU didn't take, or that failed there: the message names it and how it was launched."""


class Device:
    """The current GPU, as launch code sees it: `empty` and `launch`. A simulator offers the same two.

    A launch returns before the kernel has run. One that breaks there (an address that isn't its own) breaks CUDA for
    the whole process: from then on nothing can be launched, and nothing be read back, so no number of it is ever seen.
    `KERNELWRIGHT_CUDA_SYNC=1` waits after each launch, and so names the kernel.
    """

    def __init__(self):
        import cupy

        self.cupy = cupy
        self.arch = int(cupy.cuda.Device().compute_capability)
        self.waits = os.environ.get("KERNELWRIGHT_CUDA_SYNC") == "1"
        self.errors = cupy.cuda.driver.CUDADriverError, cupy.cuda.runtime.CUDARuntimeError
        self._functions: dict[tuple[Source, str, Any], Any] = {}
        self._shared: dict[Any, int] = {}  # dynamic shared memory that a kernel has been allowed, where it is much

    def empty(self, shape, dtype):
        return self.cupy.empty(shape, dtype)

    def send(self, array: np.ndarray) -> Any:
        """A NumPy array's copy on the GPU."""
        from . import capture

        step = capture.now()
        if step is None:
            return self.cupy.asarray(array)
        return step.upload(array, self._send_aside)

    def _send_aside(self, array: np.ndarray) -> Any:
        """On a stream and in memory that have nothing to do with a graph."""
        cuda = self.cupy.cuda
        with cuda.using_allocator(self.cupy.get_default_memory_pool().malloc), cuda.Stream(non_blocking=True) as stream:
            sent = self.cupy.asarray(array)
            stream.synchronize()
        return sent

    def fetch(self, array: Any) -> np.ndarray:
        """An array's copy on the CPU, once all that was launched before is done.

        Raises
        ------
        LaunchError
            A kernel has broken: there are no numbers.
        """
        from . import capture

        capture.refuse("bringing numbers to the CPU", "return the array, and bring it when the step is done")
        try:
            return self.cupy.asnumpy(array)
        except self.errors as error:
            sentence = f"{error}: a kernel launched before has broken; KERNELWRIGHT_CUDA_SYNC=1 says which"
            raise LaunchError(sentence) from error

    def launch(self, source: Source, name: str, dtype: Any, grid, block, args: tuple, shared: int = 0) -> None:
        """Run the kernel `name` of a source on the current stream.

        `grid` and `block` are numbers or up to three of them; arguments are arrays of this device, NumPy scalars of
        exactly the kernel's types, and None for a null pointer; `shared` is dynamic shared memory in bytes.

        Raises
        ------
        LaunchError
            It can't be launched, or an earlier kernel broke.
        """
        grid = grid if type(grid) is tuple else (grid,)
        block = block if type(block) is tuple else (block,)
        try:
            function = self._functions.get((source, name, dtype))
            if function is None:
                function = self._functions[source, name, dtype] = self._load(source, dtype).get_function(name)
            if shared > PLAIN_SHARED and shared > self._shared.get(function, 0):
                function.max_dynamic_shared_size_bytes = self._shared[function] = shared
            function(grid, block, args, shared_mem=shared)
            if self.waits:
                self._wait()
        except self.errors as error:
            raise LaunchError(self._sentence(source, name, dtype, grid, block, shared, error)) from error

    def _wait(self) -> None:
        if not self.capturing():
            self.cupy.cuda.get_current_stream().synchronize()

    def _sentence(self, source, name, dtype, grid, block, shared, error) -> str:
        place = source.path.relative_to(KERNELS) if source.path.is_relative_to(KERNELS) else source.path
        blame = "" if self.waits else "; if a kernel before it broke, KERNELWRIGHT_CUDA_SYNC=1 says which"
        newest, (major, minor) = driver(), nvrtc().version
        if newest and int(newest.partition(".")[0]) < major:
            blame = f"; the driver runs CUDA up to {newest}, and the compiler NVRTC is {major}.{minor}" + blame
        return (
            f"{place}: the kernel {name} ({np.dtype(dtype)}) failed with grid {grid}, block {block}, "
            f"{shared} bytes of dynamic shared memory: {error}{blame}"
        )

    @functools.cache  # noqa: B019  (there is one instance, for ever)
    def _load(self, source: Source, dtype):
        arch, kind = target(self.arch, nvrtc().architectures)
        return self.cupy.RawModule(path=str(source.compile(arch, dtype, kind)))

    @functools.cached_property
    def card(self) -> str:
        """The GPU's name: of one architecture there are several."""
        return self.cupy.cuda.runtime.getDeviceProperties(self.cupy.cuda.Device().id)["name"].decode()

    def capturing(self) -> bool:
        """Whether launches go into a graph rather than to the GPU: nothing can be waited for."""
        return self.cupy.cuda.get_current_stream().is_capturing()

    def milliseconds(self, run: Callable[[], Any], times: int = 5) -> float:
        """How long the GPU takes for what `run` launches: the least of several times, after one that warms up."""
        run()
        found = []
        for _ in range(times):
            start, end = self.cupy.cuda.Event(), self.cupy.cuda.Event()
            start.record()
            run()
            end.record()
            end.synchronize()
            found.append(self.cupy.cuda.get_elapsed_time(start, end))
        return min(found)
