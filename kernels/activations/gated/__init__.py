"""Gated activations: the first half of an axis, times an activation of the second half, the gate. And their gradients.

    x = (a, b) along the axis, y = a · f(b)

Which half is the gate is PyTorch's choice in its `glu`. Source: Dauphin et al., Language Modeling with Gated
Convolutional Networks, arXiv:1612.08083; the others: Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202.
"""

import math
from typing import Any

import numpy as np

from ... import check
from ...backend import kernel
from ...operation import Cost, Draw, Sample, operation
from ..common import KINKS


def _gated(formula: str, flops: int, torch: Any):
    """The declaration of all."""

    def samples(draw: Draw):
        for shape, axis in (((2, 6), -1), ((3, 66), 1), ((4, 3, 5), 0), ((3, 14, 9), -2), ((1, 2 * 4099), 1)):
            yield Sample((draw.normal(*shape, scale=2), axis), note=f"axis {axis} of {shape}")
        for shape in ((0,), (0, 4), (4, 0)):
            yield Sample((draw.normal(*shape),), note=f"the shape {shape}")
        yield Sample((draw.normal(6, 10, layout="transposed"), 0), note="transposed")
        gate = np.concatenate([draw.extremes(), np.array(KINKS, draw.dtype)])
        yield Sample((np.stack([draw.normal(gate.size), gate]), 0), smooth=False, note="extreme values and kinks")

    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, *_, **__: Cost(flops * x.size / 2, 1.5 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(flops * x.size, 2.5 * x.nbytes),
        example=lambda draw, rows, n: Sample((draw.normal(rows, 2 * n),)),
        workloads={"512×1024": (512, 1024)},
        outputs=("y",),
        differentiable=("x",),
        torch=torch,
        atol=1e-5,
        why="of geglu 1 + erf(b / √2) cancels far below 0, and what is left of it is multiplied by a",
    )


def _halves(name: str, x: Any, axis: Any) -> tuple[tuple[int, ...], tuple[int, int]]:
    """The shape of one half; and how many pairs of halves there are, of which length."""
    check.real(name, "x", x)
    axis = check.axis(name, axis, x.ndim)
    if x.ndim == 0 or x.shape[axis] % 2:
        raise ValueError(f"{name}: x has the shape {x.shape}, its axis {axis} must be of an even size, to be halved")
    half = (*x.shape[:axis], x.shape[axis] // 2, *x.shape[axis + 1 :])
    return half, (math.prod(half[:axis]), math.prod(half[axis:]))


def _forward(name: str, x: Any, axis: Any, out: Any) -> Any:
    half, (outer, n) = _halves(name, x, axis)
    out = check.output(name, out, half, x.dtype, x)
    kernel(f"activations.gated.{name}")(check.contiguous(x).reshape(outer, 2 * n), out.reshape(outer, n))
    return out


def _backward(name: str, grad: Any, x: Any, axis: Any, out: Any) -> Any:
    name = f"{name}_backward"
    half, (outer, n) = _halves(name, x, axis)
    check.same_dtype(name, "grad", grad, "x", x)
    check.shape(name, "grad", grad, half, "as the result")
    out = check.output(name, out, x.shape, x.dtype, grad, x)
    grad, x = check.contiguous(grad).reshape(outer, n), check.contiguous(x).reshape(outer, 2 * n)
    kernel(f"activations.gated.{name}")(grad, x, out.reshape(outer, 2 * n))
    return out


@_gated("a σ(b), where x = (a, b)", 5, lambda torch, x, axis=-1: torch.nn.functional.glu(x, axis))
def glu(x, axis=-1, *, out=None):
    """a σ(b), where a is the first half of x along the axis, b the second, and σ the sigmoid."""
    return _forward("glu", x, axis, out)


def glu_backward(grad, x, axis=-1, *, out=None):
    """(grad · σ(b), grad · a σ′(b))."""
    return _backward("glu", grad, x, axis, out)


def _halved(x, axis, gate):
    a, b = x.chunk(2, axis)
    return a * gate(b)


@_gated(
    "a b σ(b), where x = (a, b)",
    6,
    lambda torch, x, axis=-1: _halved(x, axis, torch.nn.functional.silu),
)
def swiglu(x, axis=-1, *, out=None):
    """a · silu(b), where a is the first half of x along the axis, b the second."""
    return _forward("swiglu", x, axis, out)


def swiglu_backward(grad, x, axis=-1, *, out=None):
    """(grad · silu(b), grad · a silu′(b))."""
    return _backward("swiglu", grad, x, axis, out)


@_gated(
    "a b Φ(b), where x = (a, b)",
    9,
    lambda torch, x, axis=-1: _halved(x, axis, torch.nn.functional.gelu),
)
def geglu(x, axis=-1, *, out=None):
    """a · gelu(b), where a is the first half of x along the axis, b the second."""
    return _forward("geglu", x, axis, out)


def geglu_backward(grad, x, axis=-1, *, out=None):
    """(grad · gelu(b), grad · a gelu′(b))."""
    return _backward("geglu", grad, x, axis, out)


@_gated(
    "a max(b, 0), where x = (a, b)",
    2,
    lambda torch, x, axis=-1: _halved(x, axis, torch.nn.functional.relu),
)
def reglu(x, axis=-1, *, out=None):
    """a · max(b, 0), where a is the first half of x along the axis, b the second."""
    return _forward("reglu", x, axis, out)


def reglu_backward(grad, x, axis=-1, *, out=None):
    """(grad · max(b, 0), grad · a where b > 0, else 0)."""
    return _backward("reglu", grad, x, axis, out)
