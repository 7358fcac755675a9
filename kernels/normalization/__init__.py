"""Normalisation over the last axes of an array: layer norm and RMS norm, and their gradients.

An array is seen as (rows, n), n being all elements of the normalised axes. The gradients normalise each row again,
while it lies in the cache; layer norm's, which needs two passes for that, may be given what the forward call found.
"""

import math
from typing import Any

import numpy as np

from .. import check
from ..backend import current, kernel
from ..operation import Cost, Draw, Sample, operation
from .common import flat, gradients, output, shaped

# x's shape and how many of its last axes are normalised.
SHAPES = (
    ((3, 1), 1),
    ((5, 2), 1),
    ((4, 7), 1),
    ((33, 31), 1),
    ((2, 32), 1),
    ((31, 33), 1),
    ((3, 255), 1),
    ((65, 257), 1),
    ((2, 1000), 1),
    ((300, 5), 1),
    ((7,), 1),
    ((2, 3, 4, 5), 1),
    ((2, 3, 4, 5), 2),
    ((2, 3, 4), 3),
    ((0, 4), 1),
    ((4, 0), 1),
    ((2, 0, 3), 2),
    ((0, 3, 2), 1),
    ((0,), 1),
    ((3, 1500), 1),
    ((2, 8200), 1),
    ((2, 33000), 1),
)


def _samples(draw: Draw, parameters: int, eps: float):
    """Samples of a function of x, normalized_shape, so many parameters, and eps."""

    def sample(x, axes: int = 1, given: tuple[bool, ...] = (True,) * parameters, eps: float = eps, **more: Any):
        shape = x.shape[-axes:]
        arrays = (draw.normal(*shape) + 1 if wanted else None for wanted in given)
        return Sample((x, shape, *arrays), {"eps": eps}, **more)

    for shape, axes in SHAPES:
        x = draw.normal(*shape, scale=3)
        yield sample(x, axes, note=f"the last {axes} of {shape}")
        yield sample(x, axes, (False,) * parameters, note=f"the last {axes} of {shape}, no parameters")
    for which in range(parameters):
        given = tuple(i == which for i in range(parameters))
        yield sample(draw.normal(9, 70), given=given, note=f"parameter {which} alone")
    for layout in draw.LAYOUTS:
        x, weight = draw.normal(5, 33, layout=layout), draw.normal(1, 33, layout=layout)[0]
        yield Sample((x, 33, weight, *[None] * (parameters - 1)), {"eps": eps}, note=layout)
    if draw.dtype == np.float32:  # the definition's own float64, and PyTorch's, loses 4 digits here; float32 may not
        yield sample(draw.normal(3, 1000) + 1e4, smooth=False, note="a large mean")
    yield sample(draw.normal(3, 40, scale=1e-3), eps=1e-2, note="a large eps")
    equal = np.repeat(np.array([[0.1], [-3e4], [1e-3]], draw.dtype), 41, axis=1)
    yield sample(equal, eps=1e-2, smooth=False, note="equal numbers")
    yield sample(np.zeros((2, 5), draw.dtype), eps=0.0, smooth=False, note="nothing to divide by")
    yield sample(draw.extremes().reshape(2, 7), smooth=False, note="extreme values")
    for value in (np.inf, -np.inf, np.nan):
        x = draw.normal(3, 9)
        x[1, 4] = value
        yield sample(x, smooth=False, note=f"{value} in a row")


def _operation(formula: str, parameters: int, samples, flops: tuple[int, int], torch):
    """The declaration of both; `flops` an element, forward and backward."""
    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, *_, **__: Cost(flops[0] * x.size, 2 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(flops[1] * x.size, 3 * x.nbytes),
        example=lambda draw, rows, n: Sample((draw.normal(rows, n), n, *(draw.normal(n) for _ in range(parameters)))),
        workloads={"4096×1024": (4096, 1024), "128×64": (128, 64), "512×8192": (512, 8192)},
        outputs=("y",),
        differentiable=("x", "weight", "bias")[: 1 + parameters],
        torch=torch,
        rtol=2e-5,
        atol=2e-5,
        why="sums of up to 1000 terms, and over 300 rows; a deviation of 1 beside a mean of 1e4 costs no more",
    )


@_operation(
    "y = (x − mean) / √(variance + eps) · weight + bias",
    2,
    lambda draw: _samples(draw, 2, 1e-5),
    (9, 16),
    lambda torch, x, shape, weight=None, bias=None, eps=1e-5: torch.nn.functional.layer_norm(
        x, shape if isinstance(shape, tuple) else (shape,), weight, bias, eps
    ),
)
def layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5, *, out=None):
    """(x − mean) / √(variance + eps) · weight + bias, with mean and variance over the last axes.

    Parameters
    ----------
    x : array (..., *normalized_shape)
    normalized_shape : int or tuple of them
        The sizes of the axes over which it is normalised, the last ones of x.
    weight, bias : arrays of that shape, optional
    eps : number, at least 0
        Keeps rows of equal numbers from a division by 0.
    out : array like x, optional
        May be `x`.

    The variance is the mean of (x − mean)², computed as such: a large mean takes nothing from its accuracy. A row
    that holds a NaN or an infinity becomes NaN. Ba, Kiros and Hinton, Layer Normalization, arXiv:1607.06450.
    """
    return _layer_norm("layer_norm", x, normalized_shape, weight, bias, eps, out, statistics=False)[0]


def layer_norm_with_statistics(x, normalized_shape, weight=None, bias=None, eps=1e-5, *, out=None):
    """`layer_norm`, and how each row was normalised: an array (rows, 3) that spares `layer_norm_backward` two passes.

    A row of it is (mean, rest, scale): the normalised x is ((x − mean) − rest) · scale. `rest` is what rounding left of
    the mean, and scale is 1 / √(variance + eps).
    """
    return _layer_norm("layer_norm_with_statistics", x, normalized_shape, weight, bias, eps, out, statistics=True)


def _layer_norm(function: str, x, normalized_shape, weight, bias, eps, out, statistics: bool) -> tuple[Any, Any]:
    shape = _check(function, x, normalized_shape, weight, bias)
    eps = check.number(function, "eps", eps, 0)
    given = (weight, bias)
    out = output(function, out, x, given)
    found = current().empty((shape[0] if statistics else 0, 3), x.dtype)
    kernel("normalization.layer_norm")(_rows(x, shape), *flat(x, given), eps, _rows(out, shape), found)
    return out, found


def layer_norm_backward(grad, x, normalized_shape, weight=None, bias=None, eps=1e-5, statistics=None):
    """The gradients of `layer_norm` by x, weight and bias (None without one).

    `statistics` are those of `layer_norm_with_statistics`; without them, they are computed again, with the same result.

    With n = (x − mean) · s, s = 1 / √(variance + eps) and g = grad · weight:
    ∂x = s (g − the mean of g − n · the mean of g n), ∂weight = the sum of grad · n over the rows, ∂bias = that of
    grad. Both sums run in a fixed order: they don't depend on the number of threads.
    """
    name = "layer_norm_backward"
    shape = _check(name, x, normalized_shape, weight, bias)
    check.like(name, "grad", grad, "x", x)
    eps = check.number(name, "eps", eps, 0)
    grad_x, grad_weight, grad_bias = gradients(x, (weight, bias))
    if statistics is None:
        statistics = current().empty((0, 3), x.dtype)
    else:
        check.same_dtype(name, "statistics", statistics, "x", x)
        check.shape(name, "statistics", statistics, (shape[0], 3), "for the rows of x")
    arguments = (_rows(grad, shape), _rows(x, shape), *flat(x, (weight,)), eps, check.contiguous(statistics))
    kernel("normalization.layer_norm_backward")(*arguments, _rows(grad_x, shape), grad_weight, grad_bias)
    return grad_x, shaped(grad_weight, weight), shaped(grad_bias, bias)


def _rms_samples(draw: Draw):
    yield from _samples(draw, 1, 1e-5)
    yield Sample((draw.normal(3, 100), 100, draw.normal(100)), note="eps by default")
    yield Sample((draw.normal(2, 60, 9), (60, 9)), note="eps by default, no weight")


@_operation(
    "y = x / √(mean of x² + eps) · weight",
    1,
    _rms_samples,
    (4, 11),
    lambda torch, x, shape, weight=None, eps=None: torch.nn.functional.rms_norm(
        x, shape if isinstance(shape, tuple) else (shape,), weight, eps
    ),
)
def rms_norm(x, normalized_shape, weight=None, eps=None, *, out=None):
    """x / √(mean of x² + eps) · weight, with the mean over the last axes.

    Parameters
    ----------
    x : array (..., *normalized_shape)
    normalized_shape : int or tuple of them
        The sizes of the axes over which it is normalised, the last ones of x.
    weight : array of that shape, optional
    eps : number, at least 0; by default the step of x's type beside 1 (1.2e-7 for float32)
    out : array like x, optional
        May be `x`.

    Like `layer_norm` without the mean. A row that holds a NaN becomes NaN; of one with an infinity, that element, and
    the finite ones 0. Zhang and Sennrich, Root Mean Square Layer Normalization, arXiv:1910.07467.
    """
    shape = _check("rms_norm", x, normalized_shape, weight)
    eps = _eps("rms_norm", eps, x)
    out = output("rms_norm", out, x, (weight,))
    kernel("normalization.rms_norm")(_rows(x, shape), *flat(x, (weight,)), eps, _rows(out, shape))
    return out


def rms_norm_backward(grad, x, normalized_shape, weight=None, eps=None):
    """The gradients of `rms_norm` by x and weight (None without one).

    With n = x · s, s = 1 / √(mean of x² + eps) and g = grad · weight: ∂x = s (g − n · the mean of g n),
    ∂weight = the sum of grad · n over the rows.
    """
    name = "rms_norm_backward"
    shape = _check(name, x, normalized_shape, weight)
    check.like(name, "grad", grad, "x", x)
    eps = _eps(name, eps, x)
    grad_x, grad_weight = gradients(x, (weight,))
    arguments = (_rows(grad, shape), _rows(x, shape), *flat(x, (weight,)), eps)
    kernel("normalization.rms_norm_backward")(*arguments, _rows(grad_x, shape), grad_weight)
    return grad_x, shaped(grad_weight, weight)


def _check(function: str, x: Any, normalized_shape: Any, weight: Any, bias: Any = None) -> tuple[int, int]:
    """The sizes (rows, n) that x is seen with."""
    check.real(function, "x", x)
    sizes = tuple(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    if not all(isinstance(size, (int, np.integer)) and not isinstance(size, bool) for size in sizes):
        raise TypeError(f"{function}: normalized_shape must be an integer or a tuple of them, not {normalized_shape!r}")
    axis = x.ndim - len(sizes)
    if not sizes or axis < 0 or x.shape[axis:] != sizes:
        raise ValueError(
            f"{function}: normalized_shape is {sizes}, it must be the sizes of the last axes of x, "
            f"which has the shape {x.shape}"
        )
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None:
            check.same_dtype(function, name, parameter, "x", x)
            check.shape(function, name, parameter, sizes, "as normalized_shape")
    return math.prod(x.shape[:axis]), math.prod(sizes)


def _eps(function: str, eps: Any, x: Any) -> float:
    return float(np.finfo(x.dtype).eps) if eps is None else check.number(function, "eps", eps, 0)


def _rows(x: Any, shape: tuple[int, int]) -> Any:
    return check.contiguous(x).reshape(shape)
