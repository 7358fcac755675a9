"""cupy.RawModule and its kernels, run by the simulator."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kernelwright.kernels.simulator import launch, raise_findings

from . import cuda
from .array import ndarray

_made_of: dict[str, tuple] = {}  # the file of a cubin → what it was compiled from


def noting(compile: Callable) -> Callable:
    """The library's compiler, remembering what each cubin came from: the simulator runs PTX."""

    def noted(path, arch, options, kind="cubin"):
        found = compile(path, arch, options, kind)
        _made_of[str(found)] = (compile, path, arch, options)
        return found

    return noted


class RawModule:
    def __init__(self, code: Any = None, *, path: Any = None, options: tuple = (), backend: str = "nvrtc"):
        del options, backend
        assert code is None
        if not Path(path).is_file():
            raise cuda.CUDADriverError("CUDA_ERROR_FILE_NOT_FOUND: file not found")
        compile, source, arch, options = _made_of[path]
        ptx = compile(source, arch, options, "ptx").read_text(encoding="latin-1").rstrip("\0")
        self._text, self._main, self._arch = ptx, str(source), arch

    def get_function(self, name: str) -> "RawKernel":
        return RawKernel(launch.program(self._text, name, self._main), self._arch)


class RawKernel:
    def __init__(self, program: Any, arch: int):
        self._program, self._arch = program, arch
        self.max_dynamic_shared_size_bytes = 49152

    def __call__(self, grid: tuple, block: tuple, args: tuple, *, shared_mem: int = 0) -> None:
        if not (isinstance(grid, tuple) and isinstance(block, tuple)):
            raise TypeError("Expected tuple")
        static = sum(size for _, size in self._program.shared.values())
        if static + shared_mem > max(49152, static + self.max_dynamic_shared_size_bytes) or shared_mem > max(
            49152, self.max_dynamic_shared_size_bytes
        ):
            raise cuda.CUDADriverError("CUDA_ERROR_INVALID_VALUE: invalid argument")
        given = tuple(map(_argument, args))

        def run() -> None:
            raise_findings(
                launch.launch(self._program, grid, block, given, shared_mem, arch=self._arch, trace=False, races=False)
            )

        cuda.enqueue(run)


def _argument(x: Any) -> Any:
    """What CuPy passes: an array's address, a NumPy scalar as it is, None as the null pointer."""
    if x is None or isinstance(x, np.generic):
        return x
    if isinstance(x, ndarray):
        return x._array
    if isinstance(x, np.ndarray) and x.size == 1 and x.dtype.names:  # a structure, passed by value
        return x
    raise TypeError(f"Unsupported type {type(x)}")  # CuPy would take a Python number, of a type that it chooses
