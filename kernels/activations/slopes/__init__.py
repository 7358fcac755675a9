"""Activations whose slopes below 0 are an array: learned ones, or drawn ones. And their gradients."""

import math
from typing import Any

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from ...reductions import sum as sum_over


def _layout(name: str, x: Any, weight: Any) -> tuple[int, int, int]:
    """x as (outer, n, inner), where weight has n elements."""
    check.real(name, "x", x)
    check.same_dtype(name, "weight", weight, "x", x)
    if weight.ndim > 1:
        raise ValueError(f"{name}: weight has {weight.ndim} axes, it must have one")
    if weight.size == 1:
        return (1, 1, x.size)
    channels = x.shape[1] if x.ndim > 1 else 1
    if weight.size != channels:
        raise ValueError(
            f"{name}: weight has {weight.size} elements, it must have 1, or one for each of axis 1 of x, "
            f"which has the shape {x.shape}"
        )
    return (x.shape[0], channels, math.prod(x.shape[2:]))


def _samples(draw: Draw):
    for shape in ((31,), (257,), (3, 5), (2, 33), (3, 4, 7), (2, 3, 5, 19), (1, 2, 4099)):
        yield Sample((draw.normal(*shape, scale=2), draw.normal(1)), note=f"{shape}, one weight")
        if len(shape) > 1:
            yield Sample((draw.normal(*shape, scale=2), draw.normal(shape[1])), note=f"{shape}, one a channel")
    yield Sample((draw.normal(0, 3), draw.normal(3)), note="empty")
    yield Sample((draw.normal(4, 6, layout="transposed"), draw.normal(6, layout="strided")), note="strided")
    yield Sample((draw.extremes()[:-1].reshape(1, -1), draw.normal(1)), smooth=False, note="extreme values")


@operation(
    formula="x if x > 0 else weight · x",
    samples=_samples,
    cost=lambda x, *_, **__: Cost(2 * x.size, 2 * x.nbytes),
    backward_cost=lambda x, *_, **__: Cost(4 * x.size, 5 * x.nbytes),
    example=lambda draw, rows, channels: Sample((draw.normal(rows, channels), draw.normal(channels))),
    workloads={"1024×1024": (1024, 1024)},
    outputs=("y",),
    differentiable=("x", "weight"),
    torch=lambda torch, x, weight: torch.nn.functional.prelu(x, weight),
    rtol=2e-5,
    atol=2e-5,
    why="the gradient of one weight is a sum of up to 8198 terms, some of them of the other sign",
)
def prelu(x, weight, *, out=None):
    """x where x > 0, else weight · x; weight has one element, or one for each of axis 1 of x (of a vector: one).

    Source: He et al., Delving Deep into Rectifiers, arXiv:1502.01852.
    """
    shape = _layout("prelu", x, weight)
    out = check.output("prelu", out, x.shape, x.dtype, x, weight)
    weight = check.contiguous(weight).reshape(-1)
    kernel("activations.slopes.prelu")(check.contiguous(x).reshape(shape), weight, out.reshape(shape))
    return out


def prelu_backward(grad, x, weight):
    """(grad where x > 0, else weight · grad; the sum of grad · x over all x ≤ 0 that the weight is for)."""
    shape = _layout("prelu_backward", x, weight)
    check.like("prelu_backward", "grad", grad, "x", x)
    grad_x, terms = current().empty(x.shape, x.dtype), current().empty(shape, x.dtype)
    arrays = (check.contiguous(array).reshape(size) for array, size in ((grad, shape), (x, shape), (weight, -1)))
    kernel("activations.slopes.prelu_backward")(*arrays, grad_x.reshape(shape), terms)
    return grad_x, sum_over(terms, (0, 2)).reshape(weight.shape)


def _drawn(draw: Draw):
    for shape in ((0,), (31,), (257,), (5, 33), (2, 3, 19)):
        yield Sample((draw.normal(*shape, scale=2), draw.uniform(*shape, low=0.1, high=0.4)), note=f"{shape}")
    yield Sample((draw.normal(5, 33, layout="transposed"), draw.uniform(5, 33)), note="transposed")
    yield Sample((draw.extremes(), draw.uniform(14)), smooth=False, note="extreme values")


@operation(
    formula="x if x > 0 else slope · x, of slopes drawn at random",
    samples=_drawn,
    cost=lambda x, *_, **__: Cost(2 * x.size, 3 * x.nbytes),
    backward_cost=lambda x, *_, **__: Cost(2 * x.size, 4 * x.nbytes),
    example=lambda draw, *shape: Sample((draw.normal(*shape), draw.uniform(*shape))),
    workloads={"1M": (1 << 20,)},
    outputs=("y",),
    differentiable=("x",),
)
def rrelu(x, slope, *, out=None):
    """x where x > 0, else slope · x, with a slope of its own for each element: an array of x's shape.

    Whoever calls draws them (`layers.RReLU` does): PyTorch's `rrelu` in training, with its draws for an argument.
    Source: Xu et al., Empirical Evaluation of Rectified Activations, arXiv:1505.00853.
    """
    check.real("rrelu", "x", x)
    check.like("rrelu", "slope", slope, "x", x)
    out = check.output("rrelu", out, x.shape, x.dtype, x, slope, in_place=True)
    flat = (1, x.size, 1)
    kernel("activations.slopes.prelu")(
        check.contiguous(x).reshape(flat), check.contiguous(slope).reshape(-1), out.reshape(flat)
    )
    return out


def rrelu_backward(grad, x, slope, *, out=None):
    """grad where x > 0, else slope · grad."""
    check.real("rrelu_backward", "x", x)
    check.like("rrelu_backward", "grad", grad, "x", x)
    check.like("rrelu_backward", "slope", slope, "x", x)
    out = check.output("rrelu_backward", out, x.shape, x.dtype, grad, x, slope, in_place=True)
    flat, none = (1, x.size, 1), current().empty((0, 0, 0), x.dtype)
    arrays = (check.contiguous(array).reshape(size) for array, size in ((grad, flat), (x, flat), (slope, -1)))
    kernel("activations.slopes.prelu_backward")(*arrays, out.reshape(flat), none)
    return out
