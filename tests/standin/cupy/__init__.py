"""As much of CuPy as Kernelwright calls, on the CPU: see tests/standin/__init__.py."""

from typing import Any

import numpy as np

from kernelwright.kernels import cuda as _kernels

from . import cuda, random
from .array import apply, ndarray, to_device
from .raw import RawModule, noting
from .small import shrink

__version__ = "14.2.0"  # whose behaviour this is
__all__ = [
    "RawModule",
    "asarray",
    "asnumpy",
    "copyto",
    "cuda",
    "empty",
    "empty_like",
    "from_dlpack",
    "get_default_memory_pool",
    "may_share_memory",
    "ndarray",
    "random",
]

_kernels.compile = noting(_kernels.compile)
shrink()

# Functions that do what NumPy's of the same name do.
ALIKE = """
abs absolute add all any argmax argmin argsort arange array bitwise_and bitwise_or bitwise_xor broadcast_to ceil
clip concatenate copy cos cumsum divide equal exp expand_dims flip floor floor_divide full full_like greater
greater_equal invert isfinite isinf isnan less less_equal log logical_and logical_not logical_or matmul maximum mean
minimum moveaxis multiply negative not_equal ones ones_like power ravel remainder repeat reshape sign sin sort split
sqrt square squeeze stack subtract sum swapaxes take tanh tile transpose tril triu true_divide where zeros
zeros_like
"""


def __getattr__(name: str) -> Any:
    if name not in ALIKE.split():
        raise AttributeError(f"module 'cupy' has no attribute {name!r}, or the stand-in doesn't know it")

    def function(*args, **options):
        return apply(getattr(np, name), args, options)

    function.__name__ = name
    return function


def empty(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return ndarray(shape, dtype, order=order)


def empty_like(prototype: ndarray) -> ndarray:
    return ndarray(prototype.shape, prototype.dtype)


def asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, blocking: bool = False) -> ndarray:
    del order, copy, blocking
    if isinstance(a, ndarray):
        return a if dtype is None or a.dtype == dtype else a.astype(dtype)
    interface = getattr(a, "__cuda_array_interface__", None)
    return to_device(np.asarray(a, dtype)) if interface is None else cuda.borrowed(interface, a)


def from_dlpack(array: Any, *, device: Any = None, copy: Any = None) -> ndarray:
    del device, copy
    kind, _ = array.__dlpack_device__()
    if kind == 1:
        raise TypeError("CPU arrays cannot be directly imported to CuPy. Use `cupy.array(numpy.from_dlpack(input))`.")
    return cuda.borrowed(array.__dlpack__(stream=1), array)  # the stand-in's capsule: an interface


def asnumpy(a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True) -> np.ndarray:
    del stream, order, out, blocking
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


def get_default_memory_pool() -> cuda.MemoryPool:
    return cuda._default


def may_share_memory(a: ndarray, b: ndarray, max_work: Any = None) -> bool:
    return np.may_share_memory(a._array, b._array, max_work)


def copyto(dst: ndarray, src: Any, casting: str = "same_kind", where: Any = None) -> None:
    del casting, where
    dst[...] = src
