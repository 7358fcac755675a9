"""The norm of a whole array, as gradients are clipped by."""

import math

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation


def _samples(draw: Draw):
    for ord in (2.0, 1.0, math.inf):
        for size in (0, 1, 33, 257) if ord < math.inf else (1, 33, 257):
            yield Sample((draw.normal(size), ord), note=f"{size} elements")
    yield Sample((draw.normal(3, 70, 41, layout="transposed"),), note="several blocks, transposed")
    yield Sample((draw.extremes(), math.inf), smooth=False, note="extremes")


@operation(
    formula="y = (Σ |xᵢ|ᵖ)^(1/p)",
    samples=_samples,
    cost=lambda x, *_, **__: Cost(2 * x.size, x.nbytes),
    example=lambda draw, size: Sample((draw.normal(size),)),
    workloads={"1M": (1 << 20,), "235K": (235_146,)},
    torch=lambda torch, x, ord=2.0: torch.linalg.vector_norm(x, ord),
    why="a few roundings of float32, whose step is 1.2e-7, by sums in float64 of short runs",
)
def vector_norm(x, ord=2.0):
    """The norm of all elements together, (Σ |xᵢ|ᵖ)^(1/p), p being `ord`: 1, 2 or infinity (the largest |xᵢ|).

    `x` is a float32 or float64 array of any shape; the result is of its dtype and has no axes. It is NaN if an
    element is.

    Raises
    ------
    TypeError
        `x` isn't an array of float32 or float64.
    ValueError
        `ord` is another number; or it is infinity and `x` is empty.
    """
    check.real("vector_norm", "x", x)
    check.choice("vector_norm", "ord", ord, (1, 2, math.inf))
    if ord == math.inf and not x.size:
        raise ValueError(f"vector_norm: x has the shape {x.shape}, so there is nothing to choose the largest from")
    out = current().empty((1,), x.dtype)
    kernel("updates.norm.vector_norm")(check.contiguous(x).reshape(-1), ord, out)
    return out.reshape(())
