"""What the contracts of all losses share: reductions, labels, and losses that take the elements one by one."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import check
from ..backend import current, kernel
from ..operation import EDGES, Cost, Draw, Sample, operation

REDUCTIONS = ("none", "mean", "sum")


def factor(reduction: str, count: int) -> float:
    """By what the sum of so many losses is multiplied. The mean of nothing is NaN, as is 0 · NaN."""
    return (1 / count if count else math.nan) if reduction == "mean" else 1.0


def elementwise(
    key: str, arrays: tuple, reduction: str, gradients: int, parameters: tuple = (), scale: float | None = None
) -> tuple:
    """Run a loss that takes the elements of checked arrays one by one: (loss, its gradients, None where not wanted).

    `key` names the kernel, `gradients` how many there are, negative for none of them wanted; `scale` stands for the
    reduction's own factor.
    """
    name = key.rpartition(".")[2]
    check.choice(name, "reduction", reduction, REDUCTIONS)
    input = arrays[0]
    make, dtype, size = current().empty, input.dtype, input.size
    scale = factor(reduction, size) if scale is None else scale
    loss, total = make((size if reduction == "none" else 0,), dtype), make((1,), dtype)
    found = [make((size if gradients > 0 else 0,), dtype) for _ in range(abs(gradients))]
    flat = (check.contiguous(x).reshape(-1) for x in arrays)
    kernel(f"losses.{key}")(*flat, *parameters, scale, loss, *found, total)
    result = loss.reshape(input.shape) if reduction == "none" else total.reshape(())
    return result, *(x.reshape(input.shape) if gradients > 0 else None for x in found)


def pair(name: str, input: Any, target: Any, second: str = "target") -> tuple:
    """Both, checked: arrays of one shape and dtype."""
    check.real(name, "input", input)
    check.like(name, second, target, "input", input)
    return input, target


def optional_like(name: str, which: str, x: Any, input: Any) -> Any:
    """An optional array that broadcasts to the (checked) input, of its shape; an empty one stands for none."""
    if x is None:
        return current().nothing(input.dtype)
    check.same_dtype(name, which, x, "input", input)
    check.broadcasts(name, which, x, input.shape, "as the input")
    return np.broadcast_to(x, input.shape)


def labels(name: str, target: Any, classes: int, shape: tuple[int, ...], ignored: int | None, what: str) -> Any:
    """Class numbers as int64, each from 0 to classes − 1 or `ignored`; a GPU's are not looked at."""
    check.array(name, "target", target)
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name}: target must hold class numbers (integers){what}, not {target.dtype}")
    check.shape(
        name, "target", target, shape, f"(one class a row of the input){what and ', or the shape of the input'}"
    )
    if isinstance(target, np.ndarray) and target.size:  # to look at a GPU's labels would be to wait for it
        wrong = (target < 0) | (target >= classes)
        if ignored is not None:
            wrong &= target != ignored
        if wrong.any():
            but = "" if ignored is None else f" (or ignore_index {ignored})"
            raise ValueError(
                f"{name}: target holds {target[wrong].flat[0]}, it must be a class from 0 to {classes - 1}{but}"
            )
    return check.contiguous(target.astype(np.int64, copy=False))


def row_weights(name: str, weight: Any, input: Any, classes: int) -> Any:
    """One weight a class; an empty array stands for none."""
    if weight is None:
        return current().nothing(input.dtype)
    check.same_dtype(name, "weight", weight, "input", input)
    check.shape(name, "weight", weight, (classes,), "for the classes of the input")
    return check.contiguous(weight)


Drawn = Callable[..., np.ndarray]  # an array, of a Draw and a shape


def samples(
    draw: Draw, input: Drawn, target: Drawn, variants: tuple = ({},), extremes: Any = (), more: tuple[Drawn, ...] = ()
) -> Iterator[Sample]:
    """Few: the walk over the elements is one for all losses, and mse_loss and its like try its edges.

    Each of `variants` is tried under every reduction; `extremes` are targets for extreme inputs.
    """
    shapes = ((257,), (3, 5), (4,))
    for options in variants:
        for reduction, shape in zip(("mean", "none", "sum"), shapes):
            arrays = [one(draw, *shape) for one in (input, target, *more)]
            yield Sample(tuple(arrays), {"reduction": reduction, **options}, note=f"{reduction} of {shape}, {options}")
    for shape, reduction in (((), "mean"), ((2, 1, 7), "sum"), ((0,), "mean"), ((33,), "none")):
        arrays = [one(draw, *shape) for one in (input, target, *more)]
        yield Sample(tuple(arrays), {"reduction": reduction, **variants[0]}, note=f"{reduction} of {shape}")
    for value in extremes:
        x = draw.extremes()
        arrays = [x, np.full_like(x, value), *(one(draw, *x.shape) for one in more)]
        for options in variants:
            yield Sample(
                tuple(arrays), {"reduction": "none", **options}, smooth=False, note=f"extremes for {value}, {options}"
            )


def all_samples(draw: Draw, more=lambda draw, shape: ({},)) -> Iterator[Sample]:
    """Many, for the losses that stand for all: every edge of the walk, and every layout. `more` makes further options
    for a shape."""
    shapes = [(n,) for n in EDGES] + [(), (3, 0, 2), (2, 3, 5), (5000,), (9, 1000)]
    for shape in shapes:
        for reduction in REDUCTIONS:
            for options in more(draw, shape):
                arrays = (draw.normal(*shape, scale=2), draw.uniform(*shape))
                yield Sample(arrays, {"reduction": reduction, **options}, note=f"{reduction} of {shape}")
    for layout in draw.LAYOUTS:
        arrays = (draw.normal(5, 33, layout=layout), draw.arrange(draw.uniform(5, 33), layout))
        yield Sample(arrays, note=layout)
    extremes = draw.extremes()
    for target in (0, 0.25, 1):
        arrays = (extremes, np.full_like(extremes, target))
        yield Sample(arrays, {"reduction": "none"}, smooth=False, note=f"extreme values for the target {target}")


def normal(draw: Draw, *shape: int) -> np.ndarray:
    return draw.normal(*shape, scale=2)


def uniform(draw: Draw, *shape: int) -> np.ndarray:
    return draw.uniform(*shape)


def inside(draw: Draw, *shape: int) -> np.ndarray:
    """Between 0 and 1, and not so near to them that a difference would leave."""
    return draw.uniform(*shape, low=0.01, high=0.99)


def positive(draw: Draw, *shape: int) -> np.ndarray:
    return draw.uniform(*shape, low=0.1, high=4.0)


def signs(draw: Draw, *shape: int) -> np.ndarray:
    return np.asarray(draw.rng.integers(0, 2, shape) * 2 - 1, draw.dtype)


WORKLOADS = {"256K": (1 << 18,)}


def elementwise_loss(formula: str, flops: int, arrays: tuple[Drawn, ...], samples: Any, **more: Any):
    """The declaration of a loss of elements; `arrays` draw its arguments."""
    count = len(arrays)
    gradients = len(more.get("differentiable", "1"))
    options = {
        "cost": lambda input, *_, **__: Cost(flops * input.size, count * input.nbytes),
        "backward_cost": lambda input, *_, **__: Cost(2 * flops * input.size, (count + gradients) * input.nbytes),
        "example": lambda draw, *shape: Sample(tuple(one(draw, *shape) for one in arrays)),
        "workloads": WORKLOADS,
        **more,
    }
    return operation(formula=formula, samples=samples, with_gradient=True, **options)
