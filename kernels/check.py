"""Argument checks, shared by every family: one wording for one mistake, raised before any kernel runs."""

import math
from typing import Any

import numpy as np

from .backend import current
from .foreign import NotAnArray

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


def array(function: str, name: str, x: Any) -> None:
    """`x` must be an array of the current backend's kind."""
    backend = current()
    if not isinstance(x, backend.array_type):
        kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}".removeprefix("builtins.")
        if kind == "numpy.ndarray":
            fix = f"convert it with kernels.backend({backend.name!r}).from_numpy({name})"
        elif kind == "cupy.ndarray":
            fix = f"convert it with cupy.asnumpy({name}), or call kernels.use('cupy')"
        else:
            fix = f"convert it with numpy.asarray({name}) first"
        module = backend.array_type.__module__.partition(".")[0]
        raise NotAnArray(
            f"{function}: {name} must be a {module} array on the backend {backend.name}, not {kind}: {fix}"
        )


def real(function: str, name: str, x: Any) -> None:
    """`x` must be an array of float32 or float64."""
    if type(x) is current().array_type and (x.dtype is F32 or x.dtype is F64):
        return  # as nearly always; what follows is for subclasses, other byte orders and mistakes
    array(function, name, x)
    dtype = x.dtype
    if dtype is not F32 and dtype is not F64 and not (dtype in (F32, F64) and dtype.isnative):
        raise TypeError(f"{function}: {name} must be float32 or float64, not {dtype}")


def like(function: str, name: str, x: Any, other_name: str, other: Any) -> None:
    """`x` must be an array of `other`'s dtype and shape; `other` has been checked."""
    if type(x) is type(other) and x.dtype is other.dtype and x.shape == other.shape:
        return
    same_dtype(function, name, x, other_name, other)
    shape(function, name, x, other.shape, f"as {other_name}")


def same_dtype(function: str, name: str, x: Any, other_name: str, other: Any) -> None:
    """`x` must be an array of `other`'s dtype; `other` has been checked."""
    if type(x) is type(other) and x.dtype is other.dtype:
        return
    real(function, name, x)
    if x.dtype != other.dtype:
        raise TypeError(f"{function}: {name} is {x.dtype} but {other_name} is {other.dtype}: they must be the same")


def shape(function: str, name: str, x: Any, expected: tuple[int, ...], why: str = "") -> None:
    if x.shape != expected:
        raise ValueError(f"{function}: {name} has the shape {x.shape}, it must be {expected} {why}".rstrip())


def broadcasts(function: str, name: str, x: Any, expected: tuple[int, ...], why: str = "") -> None:
    """`x` must broadcast to the shape `expected`."""
    sizes = zip(reversed(x.shape), reversed(expected))
    if x.ndim > len(expected) or any(size not in (1, wanted) for size, wanted in sizes):
        text = f"{function}: {name} has the shape {x.shape}, it must broadcast to {expected} {why}"
        raise ValueError(text.rstrip())


def axis(function: str, value: Any, ndim: int) -> int:
    """An axis counted from the front; a 0-dimensional array has one axis, as in PyTorch."""
    ndim = max(ndim, 1)
    if type(value) is int and -ndim <= value < ndim:
        return value % ndim
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise TypeError(f"{function}: axis must be an integer, not {value!r}")
    if not -ndim <= value < ndim:
        raise ValueError(f"{function}: axis is {value}, it must be from {-ndim} to {ndim - 1}")
    return int(value) % ndim


def choice(function: str, name: str, value: Any, allowed: tuple) -> None:
    if value not in allowed:
        raise ValueError(f"{function}: {name} is {value!r}, it must be one of {', '.join(map(repr, allowed))}")


def number(function: str, name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite real number from `low` to `high`."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{function}: {name} must be a number, not {value!r}") from None
    if not (low <= result <= high and math.isfinite(result)):
        limits = f"from {low:g} to {high:g}" if high < math.inf else f"at least {low:g}"
        raise ValueError(f"{function}: {name} is {value}, it must be {limits if low > -math.inf else 'finite'}")
    return result


def contiguous(x: Any) -> Any:
    """`x` in row-major order without gaps, each element aligned; a copy only if it isn't already."""
    flags = x.flags
    return x if flags.c_contiguous and getattr(flags, "aligned", True) else x.copy(order="C")


def aligned(x: Any) -> Any:
    """`x` with strides that are multiples of an element's size; a copy only of a field of records and the like."""
    return x if getattr(x.flags, "aligned", True) else x.copy()


def changeable(function: str, name: str, x: Any) -> None:
    """`x` is to be changed in place."""
    flags = x.flags
    if not flags.c_contiguous:
        raise ValueError(f"{function}: {name} must be contiguous (row-major, without gaps)")
    if isinstance(x, np.ndarray) and not flags.writeable:
        raise ValueError(f"{function}: {name} is read-only")
    if isinstance(x, np.ndarray) and not flags.aligned:
        raise ValueError(f"{function}: {name} isn't aligned: its memory begins within an element of its type")


def output(function: str, out: Any, shape: tuple[int, ...], dtype: Any, *inputs: Any, in_place: bool = False) -> Any:
    """The array to fill: `out` if the caller gave a fitting one, else a new one.

    `inputs` are arrays (or None) that the kernel still reads while it writes: `out` may not overlap them; `in_place`
    allows it to be one of them, for kernels that read an element only to write the same one.
    """
    here = current()
    if out is None:
        return here.empty(shape, dtype)
    usual = type(out) is here.array_type is np.ndarray and out.dtype is dtype and out.shape == shape
    if not (usual and out.flags.carray):  # NumPy's word for all that `changeable` asks
        array(function, "out", out)
        if out.dtype != dtype:
            raise TypeError(f"{function}: out is {out.dtype}, it must be {dtype}")
        if out.shape != shape:
            raise ValueError(f"{function}: out has the shape {out.shape}, it must be {shape}")
        changeable(function, "out", out)
    for x in inputs:
        if x is None or (x is not out and x.base is None and out.base is None):  # both own their memory
            continue
        if not here.may_share_memory(out, x):
            continue
        if in_place and (x is out or (here.address(x) == here.address(out) and x.strides == out.strides)):
            continue
        raise ValueError(f"{function}: out overlaps an input, which is still needed while out is written")
    return out
