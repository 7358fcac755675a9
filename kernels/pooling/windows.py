"""Where windows lie: a table of them for each axis, which kernels read, so that all kinds of windows are alike to them.

    windows   for each place in the result along depth, then height, then width: where its window begins in x, where
              it ends, and the number that a mean divides by along this axis (padding may count)
    covers    for each place in x along the same axes: the first window that may hold it, and one past the last

Windows are cut off at x's edges.
"""

import functools
import math
import operator
from typing import Any, NamedTuple

import numpy as np

from .. import check
from ..backend import current

NAMES = ("depth", "height", "width")
MOST = 1 << 30  # numbers in a plane: places in it are integers of 32 bits beside float32


class Axis(NamedTuple):
    """The windows of one axis."""

    size: int
    out: int
    kernel: int = 0  # 0: adaptive
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    include_padding: bool = False

    def windows(self) -> np.ndarray:
        """(out, 3): begin, end, divisor."""
        o = np.arange(self.out)
        if not self.kernel:
            start, end = o * self.size // self.out, -(-(o + 1) * self.size // self.out)
            return np.stack([start, end, end - start], 1)
        start = o * self.stride - self.padding
        end = np.minimum(start + (self.kernel - 1) * self.dilation + 1, self.size + self.padding)
        padded = end - start
        start = start + np.maximum(-(start // self.dilation), 0) * self.dilation  # the first place not before x
        end = np.minimum(end, self.size)
        return np.stack([start, end, padded if self.include_padding else end - start], 1)

    def has_empty(self) -> bool:
        """Whether a window holds nothing of x: between the numbers of a dilated one there may be room for all of x."""
        return self.dilation > 1 and bool((self.windows()[:, 0] >= self.windows()[:, 1]).any())

    def regular(self) -> tuple[int, int, int]:
        """(stride, how many numbers a window has, padding in front); a stride of 0 where windows differ in length."""
        if self.kernel:
            return self.stride, self.kernel, self.padding
        if self.out and self.size % self.out == 0:
            return self.size // self.out, self.size // self.out, 0
        return 0, 0, 0


class Pooling(NamedTuple):
    """What a kernel is told; the shapes of x and of the result, as volumes too."""

    windows: Any
    covers: Any
    dilation: tuple[int, int, int]
    regular: tuple[int, int, int]
    full: tuple[int, int, int, int]
    pooled: tuple[int, int, int, int]
    shape: tuple[int, ...]  # of the result
    whole: bool  # one window, which is all of x


@functools.lru_cache(maxsize=1024)
def _tables(backend: Any, axes: tuple[Axis, ...], divisor: int | None) -> tuple[Any, Any]:
    """`windows` and `covers` as arrays of the backend."""
    windows, covers = [], []
    for axis in axes:
        table = axis.windows()
        places = np.arange(axis.size)
        first = np.searchsorted(table[:, 1], places, side="right")
        covers.append(np.stack([first, np.searchsorted(table[:, 0], places, side="right")], 1))
        if divisor is not None:
            table[:, 2] = divisor if axis is axes[0] else 1
        windows.append(table)
    made = (np.ascontiguousarray(np.concatenate(tables), np.int64) for tables in (windows, covers))
    return tuple(backend.from_numpy(table) for table in made)  # type: ignore[return-value]


def _pooling(x: Any, axes: list[Axis], divisor: int | None = None) -> Pooling:
    batch = x.shape[: x.ndim - len(axes)]
    shape = (*batch, *(axis.out for axis in axes))
    axes = [Axis(1, 1)] * (3 - len(axes)) + axes
    planes = math.prod(batch)
    dilation = tuple(axis.dilation for axis in axes)
    full, pooled = ((planes, *sizes) for sizes in ((axis.size for axis in axes), (axis.out for axis in axes)))
    tables = _tables(current(), tuple(axes), divisor)
    whole = all(axis.out == 1 and not axis.kernel for axis in axes)
    return Pooling(*tables, dilation, axes[2].regular(), full, pooled, shape, whole)  # type: ignore[arg-type]


def _input(function: str, x: Any, n: int) -> None:
    """`x` must be (N, C, …) or (C, …) with n axes behind, none of the latter empty."""
    check.real(function, "x", x)
    axes = ", ".join(("D", "H", "W")[3 - n :] if n > 1 else ("L",))
    if x.ndim not in (n + 1, n + 2):
        raise ValueError(f"{function}: x has the shape {x.shape}, it must be (N, C, {axes}) or (C, {axes})")
    if 0 in x.shape[x.ndim - n :]:
        raise ValueError(f"{function}: x has the shape {x.shape}, its axes {axes} must not be empty")
    if math.prod(x.shape[x.ndim - n :]) > MOST:
        raise ValueError(f"{function}: x has the shape {x.shape}, a plane of it must have at most {MOST} numbers")


def integers(function: str, name: str, value: Any, n: int, low: int, optional: bool = False) -> tuple:
    """One integer for all axes, or one for each; of at least `low`."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n
    allowed = f"an integer of at least {low}" + (" or None" if optional else "")
    many = f", or {n} of them" if n > 1 else ""
    if len(values) == 1:
        values *= n
    try:
        found = tuple(None if optional and one is None else operator.index(one) for one in values)
    except TypeError:
        raise TypeError(f"{function}: {name} is {value!r}, it must be {allowed}{many}") from None
    if len(found) != n or any(one is not None and one < low for one in found):
        raise ValueError(f"{function}: {name} is {value!r}, it must be {allowed}{many}")
    return found


def sliding(
    function: str, x: Any, n: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool,
    include_padding: bool = False, divisor: Any = None,
) -> Pooling:  # fmt: skip
    """Windows of one size that slide over the last n axes of x."""
    _input(function, x, n)
    sizes = integers(function, "kernel_size", kernel_size, n, 1)
    strides = sizes if stride is None else integers(function, "stride", stride, n, 1)
    paddings = integers(function, "padding", padding, n, 0)
    dilations = integers(function, "dilation", dilation, n, 1)
    axes = []
    for i, (kernel, step, pad, dilated) in enumerate(zip(sizes, strides, paddings, dilations)):
        size, reach = x.shape[x.ndim - n + i], (kernel - 1) * dilated + 1
        if pad > reach // 2:
            raise ValueError(f"{function}: padding is {pad}, it must be at most half of the window's size, {reach}")
        room = size + 2 * pad - reach
        out = (room + step - 1 if ceil_mode else room) // step + 1
        if ceil_mode and (out - 1) * step >= size + pad:  # the last window must begin in x or before it
            out -= 1
        axis = Axis(size, out, kernel, step, pad, dilated, include_padding)
        if out < 1 or axis.has_empty():
            raise ValueError(f"{function}: x has the shape {x.shape}, too small for windows of {reach} numbers")
        axes.append(axis)
    if divisor is not None:
        (divisor,) = integers(function, "divisor_override", divisor, 1, -MOST)
        if divisor == 0:
            raise ValueError(f"{function}: divisor_override is 0, it must be another integer, or None")
    return _pooling(x, axes, divisor)


def adaptive(function: str, x: Any, n: int, output_size: Any) -> Pooling:
    """As many windows along each axis as asked for; None: one for each place in x."""
    _input(function, x, n)
    outs = integers(function, "output_size", output_size, n, 0, optional=True)
    sizes = x.shape[x.ndim - n :]
    return _pooling(x, [Axis(size, size if out is None else out) for size, out in zip(sizes, outs)])
