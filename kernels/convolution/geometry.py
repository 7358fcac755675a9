"""How a convolution's window moves: strides and the like, one number or one an axis, checked and as kernels take them.

Kernels know three spatial axes, (depth, height, width); one of 1-D or 2-D has sizes of 1 in front.
"""

from typing import Any, NamedTuple

import numpy as np

AXES = 3


class Geometry(NamedTuple):
    """One number a spatial axis, all three of them."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]  # zeros before the first element; how many follow the last one, the sizes tell
    dilation: tuple[int, ...]
    groups: int

    def array(self, size: tuple[int, ...]) -> np.ndarray:
        """For a kernel, with the last three sizes of its result; always NumPy's, for launch code reads it."""
        return np.array((*self.stride, *self.padding, *self.dilation, self.groups, *size), np.int64)


def unpack(array: np.ndarray) -> tuple[Geometry, tuple[int, ...]]:
    """A Geometry and the sizes of the result, from what a kernel was given."""
    numbers = [int(number) for number in array]
    return Geometry(tuple(numbers[:3]), tuple(numbers[3:6]), tuple(numbers[6:9]), numbers[9]), tuple(numbers[10:])


def whole(values: tuple[int, ...], missing: int) -> tuple[int, ...]:
    """Sizes of all three axes: `missing` for those in front that there aren't."""
    return (missing,) * (AXES - len(values)) + values


def each(function: str, name: str, value: Any, axes: int, low: int) -> tuple[int, ...]:
    """One integer an axis, of at least `low`; a single one counts for all."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(values) != axes or not all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in values):
        wanted = "an integer" if axes == 1 else f"an integer or a tuple of {axes}"
        raise TypeError(f"{function}: {name} must be {wanted}, not {value!r}")
    if min(values) < low:
        raise ValueError(f"{function}: {name} is {value}, it must be at least {low}")
    return tuple(int(v) for v in values)


def convolved(function: str, size: tuple[int, ...], kernel: tuple[int, ...], stride, padding, dilation, groups: int):
    """The geometry of a convolution of an input of that size, and the sizes of its result."""
    axes = len(size)
    stride, dilation = each(function, "stride", stride, axes, 1), each(function, "dilation", dilation, axes, 1)
    reach = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel))  # of a window
    if padding == "same":
        if max(stride) > 1:
            raise ValueError(f"{function}: padding 'same' needs a stride of 1, not {stride}")
        before, result = tuple((r - 1) // 2 for r in reach), size
    else:
        if isinstance(padding, str) and padding != "valid":
            raise ValueError(f"{function}: padding is {padding!r}, it must be 'same', 'valid' or numbers")
        before = each(function, "padding", 0 if padding == "valid" else padding, axes, 0)
        padded = tuple(s + 2 * p for s, p in zip(size, before))
        if any(r > s for r, s in zip(reach, padded)):
            raise ValueError(f"{function}: the window {reach} is larger than the padded input {padded}")
        result = tuple((s - r) // step + 1 for s, r, step in zip(padded, reach, stride))
    return Geometry(whole(stride, 1), whole(before, 0), whole(dilation, 1), groups), result


def transposed(function: str, size, kernel, stride, padding, output_padding, dilation, groups: int):
    """The geometry of the convolution whose transpose this is, and the sizes of the result."""
    axes = len(size)
    stride, dilation = each(function, "stride", stride, axes, 1), each(function, "dilation", dilation, axes, 1)
    before = each(function, "padding", padding, axes, 0)
    more = each(function, "output_padding", output_padding, axes, 0)
    if any(m >= max(s, d) for m, s, d in zip(more, stride, dilation)):
        raise ValueError(
            f"{function}: output_padding is {output_padding}, it must be smaller than the stride {stride} "
            f"or the dilation {dilation}"
        )
    every = zip(size, stride, before, dilation, kernel, more)
    result = tuple((n - 1) * s - 2 * p + d * (k - 1) + m + 1 for n, s, p, d, k, m in every)
    if min(result) < 1:
        raise ValueError(f"{function}: the result would have the sizes {result}: the padding takes all of it")
    return Geometry(whole(stride, 1), whole(before, 0), whole(dilation, 1), groups), result
