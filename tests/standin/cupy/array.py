"""cupy.ndarray: a NumPy array in memory of a pool, that takes no NumPy arrays in and gives none out unasked."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import cuda


class Flags:
    """All that CuPy's have."""

    def __init__(self, of: np.ndarray):
        self.c_contiguous, self.f_contiguous = of.flags.c_contiguous, of.flags.f_contiguous
        self.owndata = of.base is None


class Data:
    """cupy.cuda.MemoryPointer."""

    def __init__(self, array: np.ndarray):
        self._array, self.ptr = array, array.ctypes.data if array.size else 0

    def memset_async(self, value: int, size: int, stream: Any = None) -> None:
        del stream

        def run() -> None:
            self._array.reshape(-1).view(np.uint8)[:size] = value

        cuda.enqueue(run)


class ndarray:
    __array_priority__ = 100

    def __init__(self, shape: Any, dtype: Any = float, memptr: Any = None, strides: Any = None, order: str = "C"):
        assert strides is None
        dtype, shape = np.dtype(dtype), (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        self._memory = cuda.allocate(math.prod(shape) * dtype.itemsize) if memptr is None else memptr
        self._array = self._memory.space[: math.prod(shape) * dtype.itemsize].view(dtype).reshape(shape, order=order)

    @classmethod
    def _view(cls, array: np.ndarray, memory: Any) -> "ndarray":
        self = object.__new__(cls)
        self._array, self._memory = array, memory
        return self

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    itemsize = property(lambda self: self._array.itemsize)
    nbytes = property(lambda self: self._array.nbytes)
    strides = property(lambda self: self._array.strides)
    flags = property(lambda self: Flags(self._array))
    data = property(lambda self: Data(self._array))
    base = property(lambda self: None if self._array.size * self._array.itemsize == self._memory.size else self._memory)

    @property
    def T(self) -> "ndarray":
        return self._view(self._array.T, self._memory)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        address = self._array.ctypes.data if self.size else 0
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (address, False),
            "strides": None if self._array.flags.c_contiguous else self.strides,
            "version": 3,
            "stream": 1,
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0  # a GPU's memory

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        del stream, max_version, dl_device, copy
        return self.__cuda_array_interface__

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True) -> np.ndarray:
        del stream, out, blocking
        cuda.wait("a copy from the GPU")
        return np.array(self._array, order=order)

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        if arr.shape != self.shape or arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} {arr.shape} can't be set into {self.dtype} {self.shape}")
        cuda.outside(stream, "a copy to the GPU")
        self._array[...] = arr

    def item(self) -> Any:
        return self.get().item()

    def tolist(self) -> Any:
        return self.get().tolist()

    def __array__(self, dtype: Any = None, copy: Any = None):
        del dtype, copy
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        import cupy

        function = getattr(cupy, ufunc.__name__)
        assert method == "__call__", method
        if "out" in options:
            (options["out"],) = options["out"]
        return function(*inputs, **options)

    def __array_function__(self, func, types, args, kwargs):
        import cupy

        return getattr(cupy, func.__name__)(*args, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        return apply(np.ndarray.__getitem__, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError("Unsupported type <class 'numpy.ndarray'>")
        index, value = plain(index), plain(value)
        cuda.enqueue(lambda: self._array.__setitem__(index, value))

    def fill(self, value: Any) -> None:
        cuda.enqueue(lambda: self._array.fill(value))

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __index__(self) -> int:
        return self.get().__index__()

    def __bool__(self) -> bool:
        return bool(self.get())

    def __repr__(self) -> str:
        return repr(self.get())

    __hash__ = None  # type: ignore[assignment]


def _method(name: str) -> Callable:
    def method(self, *args, **options):
        return apply(getattr(np.ndarray, name), (self, *args), options)

    return method


def _in_place(name: str) -> Callable:
    def method(self, other):
        other = plain(_checked(other))
        cuda.enqueue(lambda: getattr(self._array, name)(other))
        return self

    return method


_METHODS = """
reshape ravel transpose swapaxes squeeze copy astype sum mean max min any all argmax argmin cumsum clip view argsort
repeat take dot prod std var nonzero
"""
_OPERATORS = "add sub mul truediv floordiv mod pow and or xor matmul"
_OTHERS = "neg pos abs invert lt le gt ge eq ne"
for _name in _METHODS.split():
    setattr(ndarray, _name, _method(_name))
for _name in (*_OPERATORS.split(), *(f"r{x}" for x in _OPERATORS.split()), *_OTHERS.split()):
    setattr(ndarray, f"__{_name}__", _method(f"__{_name}__"))
for _name in _OPERATORS.split():
    setattr(ndarray, f"__i{_name}__", _in_place(f"__i{_name}__"))


def plain(x: Any) -> Any:
    """The NumPy array within, in lists and tuples, too."""
    if isinstance(x, (tuple, list)):
        return type(x)(map(plain, x))
    return x._array if isinstance(x, ndarray) else x


def _checked(x: Any) -> Any:
    """CuPy takes no NumPy array where one of its own is meant."""
    for one in x if isinstance(x, (tuple, list)) else (x,):
        if isinstance(one, np.ndarray) and one.ndim:
            raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    return x


def to_device(array: np.ndarray) -> ndarray:
    cuda.outside(None, "a copy to the GPU")
    made = ndarray(array.shape, array.dtype)
    made._array[...] = array
    return made


def apply(function: Callable, args: tuple, options: dict[str, Any]) -> Any:
    """A function of NumPy on arrays of ours: now, or, on a stream that is capturing, whenever the graph runs."""
    for x in (*args, *options.values()):
        _checked(x)
    given, named = plain(args), {name: plain(value) for name, value in options.items()}
    out = options.get("out")
    if out is not None:
        cuda.enqueue(lambda: function(*given, **named))
        return out
    result = function(*given, **named)
    if isinstance(result, (tuple, list)):
        return type(result)(_wrapped(one, args) for one in result)
    found = _wrapped(result, args)
    if not any(np.may_share_memory(found._array, x) for x in _arrays(given)):
        cuda.again(lambda: found._array.__setitem__(..., function(*given, **named)))
    return found


def _arrays(args: Any) -> list[np.ndarray]:
    found = []
    for x in args:
        found += _arrays(x) if isinstance(x, (tuple, list)) else [x] if isinstance(x, np.ndarray) else []
    return found


def _wrapped(result: Any, args: tuple) -> ndarray:
    """A view keeps its memory; anything else gets some of its own."""
    result = np.asarray(result)
    for x in args:
        if isinstance(x, ndarray) and result.size and np.may_share_memory(result, x._array):
            return ndarray._view(result, x._memory)
    made = ndarray(result.shape, result.dtype)
    if not cuda.get_current_stream().is_capturing():
        made._array[...] = result
    return made
