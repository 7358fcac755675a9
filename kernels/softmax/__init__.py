"""Softmax and its logarithm along one axis, and their gradients.

An array is seen as (outer, n, inner), n being the axis: any axis is reached without copying.
"""

import math
from typing import Any

import numpy as np

from .. import check
from ..backend import kernel
from ..operation import Cost, Draw, Sample, operation


def _samples(draw: Draw):
    for n in (1500, 1, 2, 7, 31, 32, 33, 255, 257, 1000):
        yield Sample((draw.normal(3, n, scale=3),), note=f"rows of {n}")
        yield Sample((draw.normal(n, 5, scale=3), 0), note=f"columns of {n}")
    yield from _long(draw)
    for shape, axis in (((2, 3, 4), 1), ((2, 3, 4), -3), ((3, 1, 2, 5), 2), ((7,), 0), ((), -1), ((2, 70, 65), 1)):
        yield Sample((draw.normal(*shape), axis), note=f"axis {axis} of {shape}")
    for shape, axis in (((0, 4), 1), ((4, 0), 1), ((0,), 0), ((2, 0, 3), 1), ((2, 3, 0), 1)):
        yield Sample((draw.normal(*shape), axis), note=f"axis {axis} of {shape}")
    for layout in draw.LAYOUTS:
        yield Sample((draw.normal(5, 33, layout=layout), -1), note=layout)
        yield Sample((draw.normal(5, 33, layout=layout), 0), note=f"{layout}, columns")
    for axis in (0, 1):
        yield Sample((np.full((2, 2), 1e4, draw.dtype), axis), smooth=False, note=f"large and equal, axis {axis}")
    big = draw.normal(4, 9, scale=1e4)
    big[1], big[2, 3], big[3, 4] = -math.inf, -math.inf, -1e4
    yield Sample((big,), smooth=False, note="far apart, and a row of −∞")
    yield Sample((draw.extremes().reshape(2, 7),), smooth=False, note="extreme values")
    yield Sample((draw.extremes().reshape(2, 7), 0), smooth=False, note="extreme values, columns")


def _few(draw: Draw):
    for shape, axis in (
        ((2, 1500), 1),
        ((3, 5), -1),
        ((2, 33), 1),
        ((2, 257), 1),
        ((9, 5), 0),
        ((2, 40, 19), 1),
        ((7,), 0),
        ((), -1),
    ):
        yield Sample((draw.normal(*shape), axis), note=f"axis {axis} of {shape}")
    yield from _long(draw)
    for shape, axis in (((0, 4), 1), ((4, 0), 1), ((2, 3, 0), 1)):
        yield Sample((draw.normal(*shape), axis), note=f"axis {axis} of {shape}")
    yield Sample((draw.normal(3, 70, layout="transposed"), 1), note="transposed")
    yield Sample((draw.normal(2, 300, scale=0.02), 1), note="all within 1 of the largest")
    big = draw.normal(4, 9, scale=1e4)
    big[1], big[2, 3], big[3, 4] = -math.inf, -math.inf, -1e4
    for axis in (0, 1):
        yield Sample((big, axis), smooth=False, note=f"far apart, and a row of −∞, axis {axis}")
        yield Sample((draw.extremes().reshape(2, 7), axis), smooth=False, note=f"extreme values, axis {axis}")
        yield Sample((np.full((2, 4), 1e4, draw.dtype), axis), smooth=False, note=f"large and equal, axis {axis}")


def _long(draw: Draw):
    """Rows of more than a block holds."""
    big = draw.normal(1, 33000, scale=3)
    big[0, :17000] -= 100  # larger numbers come late
    yield Sample((big,), note="a row of 33000")
    big = draw.normal(2, 33000)
    big[0, 7], big[1] = np.nan, -math.inf
    yield Sample((big,), smooth=False, note="long rows with a NaN and of −∞")


def _softmax(formula: str, torch, samples=_samples):
    """The declaration of all."""
    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, *_, **__: Cost(5 * x.size, 2 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(4 * x.size, 3 * x.nbytes),
        example=lambda draw, *shape: Sample((draw.normal(*shape),)),
        workloads={"4096×1024": (4096, 1024), "128×10": (128, 10), "64×32000": (64, 32000)},
        outputs=("y",),
        differentiable=("x",),
        torch=torch,
        rtol=2e-5,
        atol=5e-6,
        why="a sum of up to 1000 terms, and exp magnifies the rounding of x − max",
    )


def _run(name: str, x: Any, axis: Any, out: Any, x_name: str = "x", grad: Any = None) -> Any:
    """Check the arrays, which are of one shape, and run the kernel on them as (outer, n, inner)."""
    check.real(name, x_name, x)
    if grad is not None:
        check.like(name, "grad", grad, x_name, x)
    axis = check.axis(name, axis, x.ndim)
    inputs = (x,) if grad is None else (grad, x)
    out = check.output(name, out, x.shape, x.dtype, *inputs, in_place=True)
    sizes = x.shape or (1,)
    shape = (math.prod(sizes[:axis]), sizes[axis], math.prod(sizes[axis + 1 :]))
    kernel(f"softmax.{name}")(*[check.contiguous(array).reshape(shape) for array in inputs], out.reshape(shape))
    return out


@_softmax("yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)", lambda torch, x, axis=-1: torch.softmax(x, axis))
def softmax(x, axis=-1, *, out=None):
    """exp(xᵢ) / Σⱼ exp(xⱼ) along an axis.

    The largest x is subtracted first, so nothing overflows. Where a NaN or +∞ is among them, or all are −∞, all become
    NaN. `out` may be `x`.
    """
    return _run("softmax", x, axis, out)


def softmax_backward(grad, y, axis=-1, *, out=None):
    """yᵢ (gᵢ − Σⱼ gⱼ yⱼ), from the output `y` of `softmax`."""
    return _run("softmax_backward", y, axis, out, "y", grad)


@_softmax("yᵢ = xᵢ − log Σⱼ exp(xⱼ)", lambda torch, x, axis=-1: torch.log_softmax(x, axis))
def log_softmax(x, axis=-1, *, out=None):
    """xᵢ − log Σⱼ exp(xⱼ) along an axis; edges as for `softmax`."""
    return _run("log_softmax", x, axis, out)


def log_softmax_backward(grad, y, axis=-1, *, out=None):
    """gᵢ − exp(yᵢ) Σⱼ gⱼ, from the output `y` of `log_softmax`."""
    return _run("log_softmax_backward", y, axis, out, "y", grad)


@_softmax("yᵢ = exp(−xᵢ) / Σⱼ exp(−xⱼ)", lambda torch, x, axis=-1: torch.nn.functional.softmin(x, axis), _few)
def softmin(x, axis=-1, *, out=None):
    """softmax(−x) along an axis."""
    check.real("softmin", "x", x)
    return softmax(_negative(x), check.axis("softmin", axis, x.ndim), out=out)


def softmin_backward(grad, y, axis=-1, *, out=None):
    """−yᵢ (gᵢ − Σⱼ gⱼ yⱼ), from the output `y` of `softmin`."""
    check.real("softmin_backward", "y", y)
    check.like("softmin_backward", "grad", grad, "y", y)
    return softmax_backward(_negative(grad), y, check.axis("softmin_backward", axis, y.ndim), out=out)


def _negative(x: Any) -> Any:
    return (-x.reshape(x.shape or (1,))).reshape(x.shape)  # NumPy's −x of a 0-dimensional array isn't one


@_softmax("yᵢ = max(xᵢ − τ, 0), where τ makes Σⱼ yⱼ = 1", None, _few)
def sparsemax(x, axis=-1, *, out=None):
    """max(xᵢ − τ, 0) along an axis, with the τ for which the sum is 1: the nearest probabilities to x, most of them 0.

    τ is found by Newton's method from max x − 1 on: each step is τ = (Σ x − 1) / k over the k numbers above the last τ,
    never too far, until none of them falls away. Edges as for `softmax`. The name is Keras's. Source: Martins and
    Astudillo, From Softmax to Sparsemax, arXiv:1602.02068. `out` may be `x`.
    """
    return _run("sparsemax", x, axis, out)


def sparsemax_backward(grad, y, axis=-1, *, out=None):
    """gᵢ less the mean of g over all j with yⱼ > 0, where yᵢ > 0, else 0; from the output `y` of `sparsemax`."""
    return _run("sparsemax_backward", y, axis, out, "y", grad)
