"""Sums, means and extremes over axes of an array, and their gradients.

Neighbouring axes are one: the array is seen as (outer, n, inner), n being what is reduced. Of several groups of axes
that aren't neighbours, such as 0 and 2, the last is reduced first, then the others in what is left of the array.
Nothing is copied but an array that isn't contiguous (and, for the gradient of an extreme over such groups, x).

Sums run in a fixed order, in pieces: they don't depend on the number of threads, and lose little to rounding.
"""

import math
from typing import Any

import numpy as np

from .. import check
from ..backend import current, kernel
from ..operation import EDGES, Cost, Draw, Sample, operation


def _samples(draw: Draw, of_nothing: bool):
    """`of_nothing`: whether the reduction of nothing is defined."""
    for n in EDGES[0 if of_nothing else 1 :]:
        yield Sample((draw.normal(n),), note=f"all of {n}")
        yield Sample((draw.normal(3, n),), {"axis": 1}, note=f"rows of {n}")
        yield Sample((draw.normal(n, 5),), {"axis": 0}, note=f"columns of {n}")
    for shape in ((300, 70), (17, 129), (257, 64), (2, 33, 65), (1000, 3), (5, 1, 7)):
        yield Sample((draw.normal(*shape),), {"axis": -2}, note=f"columns of {shape}")
    yield Sample((draw.normal(20000),), note="a long row")
    yield Sample((draw.normal(700, 2),), {"axis": 0}, note="long columns")
    for axis in (None, 0, 3, -2, (0,), (1, 2), (-1, 0), (0, 2), (1, 3), (0, 1, 3), (0, 1, 2, 3)):
        for keepdims in (False, True):
            options = {"axis": axis, "keepdims": keepdims}
            yield Sample((draw.normal(2, 3, 4, 5),), options, note=f"axis {axis}, keepdims {keepdims}")
    for axis in (None, 0, -1):
        yield Sample((draw.normal(),), {"axis": axis}, note=f"axis {axis} of a 0-dimensional array")
    for shape, axis in (((0, 4), 1), ((4, 0), 0), ((2, 0, 3), (0, 2))):
        yield Sample((draw.normal(*shape),), {"axis": axis}, note=f"nothing left, axis {axis} of {shape}")
    if of_nothing:
        for shape, axis in (((0, 4), 0), ((4, 0), 1), ((2, 0, 3), (1, 2)), ((0, 2, 0, 3), (0, 2)), ((0, 3), None)):
            yield Sample((draw.normal(*shape),), {"axis": axis}, note=f"of nothing, axis {axis} of {shape}")
    for layout in draw.LAYOUTS:
        for axis in (0, 1):
            yield Sample((draw.normal(9, 70, layout=layout),), {"axis": axis}, note=f"{layout}, axis {axis}")
    for axis in (0, 1):
        yield Sample((draw.extremes().reshape(2, 7),), {"axis": axis}, smooth=False, note=f"extremes, axis {axis}")
        for value in (np.nan, np.inf, -np.inf):
            x = draw.normal(70, 70)
            x[3, 5], x[66, 68] = value, value
            yield Sample((x,), {"axis": axis}, smooth=False, note=f"{value} among others, axis {axis}")
    ties = np.asarray(draw.rng.integers(-2, 3, (40, 50)), draw.dtype)
    for axis in (None, 0, 1):
        yield Sample((ties,), {"axis": axis}, smooth=False, note=f"ties, axis {axis}")
    ties = np.asarray(draw.rng.integers(-2, 3, (2, 3, 4, 5)), draw.dtype)
    yield Sample((ties,), {"axis": (1, 3)}, smooth=False, note="ties, axes 1 and 3")


def _operation(formula: str, of_nothing: bool, torch, **more: Any):
    """The declaration of each."""
    return operation(
        formula=formula,
        samples=lambda draw: _samples(draw, of_nothing),
        cost=lambda x, *_, **__: Cost(x.size, x.nbytes),
        example=lambda draw, rows, columns, axis: Sample((draw.normal(rows, columns),), {"axis": axis}),
        workloads={
            "4096×1024, rows": (4096, 1024, 1),
            "4096×1024, columns": (4096, 1024, 0),
            "16M": (1, 1 << 24, 1),
            "128×64, rows": (128, 64, 1),
        },
        outputs=("y",),
        differentiable=("x",),
        torch=torch,
        **more,
    )


_SUMMED: dict[str, Any] = {
    "backward_cost": lambda x, *_, **__: Cost(x.size, x.nbytes),
    "rtol": 1e-5,
    "atol": 4e-5,
    "why": "sums of up to 20000 numbers of order 1 that cancel, in pieces: √20000 · 2e-7",
}
_EXTREME: dict[str, Any] = {
    "backward_cost": lambda x, *_, **__: Cost(3 * x.size, 2 * x.nbytes),
    "rtol": 1e-6,
    "atol": 0,
    "why": "an extreme is one of the numbers, exactly; its gradient is divided once",
}


@_operation(
    "y = Σ x",
    True,
    lambda torch, x, axis=None, keepdims=False: torch.sum(x, axis, keepdims),
    **_SUMMED,
)
def sum(x, axis=None, keepdims=False, *, out=None):
    """The sum over an axis, several, or all of them.

    Parameters
    ----------
    x : array
    axis : None (all), an integer or a tuple of them
    keepdims : bool
        Leave the axes in the result, with size 1.
    out : array of the result's shape, optional

    The sum of nothing is 0.
    """
    return _reduce("sum", x, axis, keepdims, out)


def sum_backward(grad, x, axis=None, keepdims=False):
    """The gradient of `sum`: every x gets its sum's."""
    return _spread("sum_backward", grad, x, axis, keepdims)


@_operation(
    "y = Σ x / n",
    True,
    lambda torch, x, axis=None, keepdims=False: torch.mean(x, axis, keepdims),
    **_SUMMED,
)
def mean(x, axis=None, keepdims=False, *, out=None):
    """The mean over axes; arguments as for `sum`. The mean of nothing is NaN."""
    return _reduce("mean", x, axis, keepdims, out)


def mean_backward(grad, x, axis=None, keepdims=False):
    """The gradient of `mean`: every x gets its mean's, divided by their number."""
    return _spread("mean_backward", grad, x, axis, keepdims)


@_operation(
    "y = max x",
    False,
    lambda torch, x, axis=None, keepdims=False: torch.amax(x, () if axis is None else axis, keepdims),
    **_EXTREME,
)
def amax(x, axis=None, keepdims=False, *, out=None):
    """The largest number over axes; arguments as for `sum`. NaN if any is; of nothing there is none: a ValueError."""
    return _reduce("amax", x, axis, keepdims, out)


def amax_backward(grad, x, y, axis=None, keepdims=False):
    """The gradient of `amax`, `y` being its output: shared evenly among the x that are the largest; NaN where y is."""
    return _to_the_chosen("amax_backward", grad, x, y, axis, keepdims)


@_operation(
    "y = min x",
    False,
    lambda torch, x, axis=None, keepdims=False: torch.amin(x, () if axis is None else axis, keepdims),
    **_EXTREME,
)
def amin(x, axis=None, keepdims=False, *, out=None):
    """The smallest number over axes; arguments as for `sum`. NaN if any is; of nothing there is none: a ValueError."""
    return _reduce("amin", x, axis, keepdims, out)


def amin_backward(grad, x, y, axis=None, keepdims=False):
    """The gradient of `amin`, `y` being its output: shared evenly among the x that are the smallest; NaN where y is."""
    return _to_the_chosen("amin_backward", grad, x, y, axis, keepdims)


def _axes(function: str, axis: Any, x: Any) -> list[int]:
    """The axes to reduce, counted from the front, in their order."""
    if axis is None:
        return list(range(x.ndim))
    axes = [check.axis(function, one, x.ndim) for one in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    if not axes:
        raise ValueError(f"{function}: axis is empty, which could mean all axes or none: None means all")
    if len(set(axes)) < len(axes):
        raise ValueError(f"{function}: axis is {axis}, it must not name an axis twice")
    return sorted(axes) if x.ndim else []


def _shape(x: Any, axes: list[int], keepdims: bool) -> tuple[int, ...]:
    """The shape of the result."""
    kept = enumerate(x.shape)
    return tuple(1 if i in axes else size for i, size in kept if keepdims or i not in axes)


def _count(x: Any, axes: list[int]) -> int:
    """How many numbers become one."""
    return math.prod(x.shape[i] for i in axes)


def _groups(x: Any, axes: list[int]) -> tuple[list[int], list[int]]:
    """The sizes of x's axes, neighbours that are both reduced or both kept being one; and which of them are reduced."""
    sizes, reduced = [1], []
    for i, size in enumerate(x.shape):
        if size == 1:
            continue
        if sizes and (len(sizes) - 1 in reduced) == (i in axes):
            sizes[-1] *= size
        else:
            sizes.append(size)
            if i in axes:
                reduced.append(len(sizes) - 1)
    if not reduced:
        reduced.append(len(sizes))
        sizes.append(1)
    return sizes, reduced


def _around(sizes: list[int], group: int) -> tuple[int, int, int]:
    """(outer, n, inner), n being one of the groups."""
    return math.prod(sizes[:group]), sizes[group], math.prod(sizes[group + 1 :])


def _reduce(function: str, x: Any, axis: Any, keepdims: bool, out: Any) -> Any:
    check.real(function, "x", x)
    axes = _axes(function, axis, x)
    name = "sum" if function == "mean" else function
    divisor = float(_count(x, axes)) if function == "mean" else 1.0
    if name != "sum" and not _count(x, axes):
        raise ValueError(f"{function}: x has the shape {x.shape}, so over axis {axis} there is nothing to choose from")
    out = check.output(function, out, _shape(x, axes, keepdims), x.dtype, x)
    sizes, reduced = _groups(x, axes)
    x = check.contiguous(x)
    while reduced:
        group = reduced.pop()
        outer, n, inner = _around(sizes, group)
        sizes[group] = 1
        result = current().empty((outer, inner), x.dtype) if reduced else out.reshape(outer, inner)
        more = (1.0 if reduced else divisor,) if name == "sum" else ()
        kernel(f"reductions.{name}")(x.reshape(outer, n, inner), *more, result)
        x = result
    return out


def _check_gradient(function: str, x: Any, axis: Any, keepdims: bool, **results: Any) -> list[int]:
    """The axes; `results` are of the reduction's shape."""
    check.real(function, "x", x)
    axes = _axes(function, axis, x)
    for name, array in results.items():
        check.same_dtype(function, name, array, "x", x)
        check.shape(function, name, array, _shape(x, axes, keepdims), "as the result")
    return axes


def _spread(function: str, grad: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    axes = _check_gradient(function, x, axis, keepdims, grad=grad)
    divisor = float(_count(x, axes)) if function == "mean_backward" else 1.0
    sizes, reduced = _groups(x, axes)
    so_far = [1 if group in reduced else size for group, size in enumerate(sizes)]
    grad, grad_x = check.contiguous(grad), current().empty(x.shape, x.dtype)
    for group in reduced:
        outer, _, inner = _around(so_far, group)
        n = so_far[group] = sizes[group]
        last = group == reduced[-1]
        result = grad_x.reshape(outer, n, inner) if last else current().empty((outer, n, inner), x.dtype)
        kernel("reductions.spread")(grad.reshape(outer, inner), n, divisor if last else 1.0, result)
        grad = result
    return grad_x


def _to_the_chosen(function: str, grad: Any, x: Any, y: Any, axis: Any, keepdims: bool) -> Any:
    axes = _check_gradient(function, x, axis, keepdims, grad=grad, y=y)
    sizes, reduced = _groups(x, axes)
    order = list(range(x.ndim))
    if len(reduced) > 1:  # equals are counted over all axes at once: these come last, by a copy
        order = [i for i in order if i not in axes] + axes
        x = x.transpose(order)
        sizes, reduced = [math.prod(x.shape[: -len(axes)]), math.prod(x.shape[-len(axes) :])], [1]
    outer, n, inner = _around(sizes, reduced[0])
    grad_x = current().empty(x.shape, x.dtype)
    columns = (check.contiguous(array).reshape(outer, inner) for array in (grad, y))
    arguments = (*columns, check.contiguous(x).reshape(outer, n, inner))
    kernel("reductions.share_among_equals")(*arguments, grad_x.reshape(outer, n, inner))
    return check.contiguous(grad_x.transpose([order.index(i) for i in range(x.ndim)]))
