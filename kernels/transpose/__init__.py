"""The transpose as an array of its own, not a view: for those that read it along its rows, more than once."""

import math

from .. import check
from ..backend import kernel
from ..operation import Cost, Draw, Sample, operation


def _samples(draw: Draw):
    # Around a vector, a tile of registers, a block; multiples of vectors and not.
    shapes = (1, 1), (5, 1), (1, 7), (16, 16), (33, 65), (64, 128), (68, 36), (130, 30), (3, 20, 12), (2, 3, 4, 5)
    for shape in shapes:
        yield Sample((draw.normal(*shape),), note=f"{shape}")
    for shape in ((0, 5), (5, 0), (0, 2, 3)):
        yield Sample((draw.normal(*shape),), note=f"nothing: {shape}")
    for layout in draw.LAYOUTS:
        yield Sample((draw.normal(2, 20, 36, layout=layout),), note=layout)
    yield Sample((draw.extremes().reshape(7, 2),), smooth=False, note="extreme values")


@operation(
    formula="y[…, j, i] = x[…, i, j]",
    samples=_samples,
    cost=lambda x, **_: Cost(x.size, 2 * x.nbytes),
    backward_cost=lambda x, **_: Cost(x.size, 2 * x.nbytes),
    example=lambda draw, *shape: Sample((draw.normal(*shape),)),
    workloads={"1024×1024": (1024, 1024), "4096×4096": (4096, 4096), "512×64×64": (512, 64, 64)},
    outputs=("y",),
    differentiable=("x",),
    torch=lambda torch, x: x.transpose(-2, -1).contiguous(),
    rtol=0,
    atol=0,
    why="numbers are moved, not changed",
)
def transpose(x, *, out=None):
    """x with its last two axes swapped, contiguous: numbers are copied. `x.swapaxes(-2, -1)` is a view without a copy.

    Parameters
    ----------
    x : array (…, m, n)
    out : array (…, n, m), optional
        It may not overlap x.
    """
    return _transpose("transpose", "x", x, out)


def transpose_backward(grad, *, out=None):
    """The gradient of `transpose`: grad, transposed."""
    return _transpose("transpose_backward", "grad", grad, out)


def _transpose(function, name, x, out):
    check.real(function, name, x)
    if x.ndim < 2:
        raise ValueError(f"{function}: {name} has the shape {x.shape}, it must have at least two axes")
    *stack, rows, columns = x.shape
    out = check.output(function, out, (*stack, columns, rows), x.dtype, x)
    size = math.prod(stack)
    x = check.contiguous(x).reshape(size, rows, columns)
    kernel("transpose.transpose")(x, out.reshape(size, columns, rows))
    return out
