"""What the contracts of all element-wise activations share: their declaration, and the calls of their kernels."""

from typing import Any

import numpy as np

from .. import check
from ..backend import kernel
from ..operation import EDGES, Cost, Draw, Sample, operation

KINKS = (-6, -3, -1, -0.5, 0, 0.5, 1, 3, 6)  # where one of them changes its formula


def activation(
    formula: str, flops: int, torch: Any = None, *options: dict, rtol: float = 1e-5, atol: float = 1e-6, large=False
):
    """The declaration of an activation; `options` are the keyword arguments to try it with.

    `large` is for the most used ones, which are tried in more sizes and layouts.
    """

    def samples(draw: Draw):
        for option in options or ({},):
            for size in EDGES if large else (0, 1, 33, 257):
                yield Sample((draw.normal(size, scale=2),), option, note=f"{size} elements")
            yield Sample((draw.normal(scale=2),), option, note="0-dimensional")
            yield Sample((draw.normal(3, 0, 5),), option, note="an empty axis")
            for layout in draw.LAYOUTS if large else ("strided", "reversed"):
                yield Sample((draw.normal(5, 33, scale=2, layout=layout),), option, note=layout)
            yield Sample((draw.extremes(),), option, smooth=False, note="extreme values")
            yield Sample((np.array(KINKS, draw.dtype),), option, smooth=False, note="kinks")

    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, *_, **__: Cost(flops * x.size, 2 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(2 * flops * x.size, 3 * x.nbytes),
        # The last of the options: GELU's tanh form, for NumPy has no erf to compare with.
        example=lambda draw, *shape: Sample((draw.normal(*shape),), (options or ({},))[-1]),
        workloads={"16M": (1 << 24,), "64K": (1 << 16,)} if large else {"1M": (1 << 20,)},
        outputs=("y",),
        differentiable=("x",),
        torch=torch,
        rtol=rtol,
        atol=atol,
    )


def forward(key: str, x: Any, out: Any, *parameters: float, name: str = "") -> Any:
    """Run the kernel activations.KEY, for a function of that name or another."""
    name = name or key.rpartition(".")[2]
    check.real(name, "x", x)
    out = check.output(name, out, x.shape, x.dtype, x, in_place=True)
    kernel(f"activations.{key}")(check.contiguous(x), *parameters, out)
    return out


def backward(key: str, grad: Any, known: str, x: Any, out: Any, *parameters: float, name: str = "") -> Any:
    """Run its gradient; `known` is the name of what that is computed from: the input x or the output y."""
    name = f"{name or key.rpartition('.')[2]}_backward"
    check.real(name, known, x)
    check.like(name, "grad", grad, known, x)
    out = check.output(name, out, x.shape, x.dtype, grad, x, in_place=True)
    kernel(f"activations.{key}_backward")(check.contiguous(grad), check.contiguous(x), *parameters, out)
    return out
