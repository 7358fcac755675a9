"""CUDA C: compile (NVRTC, kept on disk per architecture), launch. The only file that imports CuPy.

Compiling needs neither GPU nor driver, only NVIDIA's NVRTC library, so any machine can check every `.cu` file. We
compile by ourselves rather than through CuPy for that reason, and because CuPy adds -ftz=true, which would
turn denormals into zeros.
"""

import ctypes
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import cache
from .backend import Unavailable

KERNELS = Path(__file__).parent
INSTALL = "pip install 'kernelwright[gpu]'"
REAL = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}


def blocks(size: int, per_block: int) -> int:
    """How many blocks cover `size` items; at least one, for a grid can't be empty."""
    return max(1, -(-size // per_block))


def elementwise(device: Any, source: "Source", name: str, size: int, *args: Any) -> None:
    """Launch a kernel that walks over `size` elements (elementwise.cuh); its last argument is that size."""
    device.launch(source, name, args[0].dtype, elements(size), 256, (*args, np.int64(size)))


def elements(size: int) -> int:
    """Blocks of 256 threads for so many elements: enough to fill the largest GPU; the rest is walked."""
    return min(blocks(size, 256), 132 * 16)


class Source:
    """A `.cu` file: `gpu.cu` beside the given Python file, or the file named; with macros, such as a tile's size."""

    def __init__(self, beside: str, name: str = "gpu.cu", **macros: int):
        self.path = Path(beside).with_name(name)
        self.macros = tuple(sorted(macros.items()))

    def options(self, dtype: Any) -> tuple[str, ...]:
        """For NVRTC: `real` is the dtype's type, each macro its number."""
        macros = (f"-D{name}={value}" for name, value in self.macros)
        return (f"-Dreal={REAL[np.dtype(dtype)]}", *macros, "-std=c++17", "-lineinfo")

    def compile(self, arch: int, dtype: Any, kind: str = "cubin") -> Path:
        """The file of machine code ("cubin") or PTX for an architecture such as 90."""
        return compile(self.path, arch, self.options(dtype), kind)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and (self.path, self.macros) == (other.path, other.macros)

    def __hash__(self) -> int:
        return hash((self.path, self.macros))


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
            from cuda.pathfinder import load_nvidia_dynamic_lib

            location = load_nvidia_dynamic_lib("nvrtc").abs_path
            assert location is not None
            self.library = ctypes.CDLL(location)
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
    if driver() is None:
        return "no NVIDIA driver is found; it needs an NVIDIA GPU and its driver, then " + INSTALL
    try:
        import cupy
    except ImportError as error:
        return f"CuPy can't be imported ({error}): {INSTALL} (CUDA 12: pip install cupy-cuda12x)"
    if not cupy.cuda.is_available():
        return "the driver finds no NVIDIA GPU (nvidia-smi lists those that it sees)"
    try:
        nvrtc()
    except Unavailable as error:
        return str(error)
    return None


class Device:
    """The current GPU, as launch code sees it: `empty` and `launch`. A simulator offers the same two."""

    def __init__(self):
        import cupy

        self.cupy = cupy
        self.arch = int(cupy.cuda.Device().compute_capability)
        self._functions: dict[tuple[Source, str, Any], Any] = {}

    def empty(self, shape, dtype):
        return self.cupy.empty(shape, dtype)

    def launch(self, source: Source, name: str, dtype: Any, grid, block, args: tuple, shared: int = 0) -> None:
        """Run the kernel `name` of a source on the current stream.

        `grid` and `block` are numbers or up to three of them; arguments are arrays of this device and NumPy
        scalars of exactly the kernel's types; `shared` is dynamic shared memory in bytes.
        """
        key = (source, name, dtype)
        function = self._functions.get(key)
        if function is None:
            function = self._functions[key] = self._load(source, dtype).get_function(name)
        grid = grid if isinstance(grid, tuple) else (grid,)
        block = block if isinstance(block, tuple) else (block,)
        function(grid, block, args, shared_mem=shared)

    @functools.cache  # noqa: B019  (there is one instance, for ever)
    def _load(self, source: Source, dtype):
        return self.cupy.RawModule(path=str(source.compile(self.arch, dtype)))

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
