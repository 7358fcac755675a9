"""Losses of class predictions: cross-entropy, of class numbers or of probabilities."""

import math
from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from ..common import REDUCTIONS, factor, labels, row_weights


def _cross_entropy(
    input: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
    wants_gradient: bool,
):
    """(loss, gradient or None)."""
    name = "cross_entropy"
    check.real(name, "input", input)
    if input.ndim == 0:
        raise ValueError(f"{name}: input is 0-dimensional, it must be (C,) or (N, C, …)")
    check.choice(name, "reduction", reduction, REDUCTIONS)
    smoothing = check.number(name, "label_smoothing", label_smoothing, 0, 1)
    axis = min(input.ndim - 1, 1)
    if input.shape[axis] == 0:
        raise ValueError(f"{name}: input has the shape {input.shape}, it must have at least one class on axis {axis}")
    classes, rows = input.shape[axis], input.shape[:axis] + input.shape[axis + 1 :]
    outer, inner = math.prod(rows[:1]), math.prod(rows[1:])
    make, dtype = current().empty, input.dtype
    weight = row_weights(name, weight, input, classes)
    logits = check.contiguous(input).reshape(outer, classes, inner)
    loss, total = make((outer, inner), dtype), make((1,), dtype)
    gradient = make((outer, classes, inner) if wants_gradient else (0, 0, 0), dtype)
    check.array(name, "target", target)
    if target.dtype.kind == "f":
        check.like(name, "target", target, "input", input)
        scale = factor(reduction, outer * inner)
        target = check.contiguous(target).reshape(outer, classes, inner)
        arguments = (logits, target, weight, smoothing, scale)
        kernel("losses.classification.cross_entropy_probabilities")(*arguments, loss, gradient, total)
    else:
        target = labels(name, target, classes, rows, ignore_index, " or probabilities").reshape(outer, inner)
        arguments = (logits, target, weight, int(ignore_index), smoothing, reduction == "mean")
        kernel("losses.classification.cross_entropy_indices")(*arguments, loss, gradient, total)
    result = loss.reshape(rows) if reduction == "none" else total.reshape(())
    return result, gradient.reshape(input.shape) if wants_gradient else None


def _cross_entropy_samples(draw: Draw):
    def classes_of(classes: int, *shape: int):
        return np.asarray(draw.rng.integers(0, classes, shape), np.int64)

    def probabilities(classes: int, axis: int, *shape: int):
        p = draw.uniform(*shape, low=0.1)
        return p / p.sum(axis, keepdims=True)

    for n, c in ((1, 1), (1, 2), (5, 7), (3, 31), (4, 32), (33, 33), (2, 257), (3, 1000), (257, 10), (0, 3)):
        for reduction in REDUCTIONS:
            note = f"{reduction} of {n}×{c}"
            yield Sample((draw.normal(n, c, scale=3), classes_of(c, n)), {"reduction": reduction}, note=note)
            mixed = (draw.normal(n, c), probabilities(c, 1, n, c))
            yield Sample(mixed, {"reduction": reduction}, note=f"{note}, probabilities")
    for layout in draw.LAYOUTS:
        yield Sample((draw.normal(6, 5, layout=layout), classes_of(5, 12)[::2]), note=layout)
    for smoothing in (0.0, 0.1, 1.0):
        for reduction in REDUCTIONS:
            for weight in (None, draw.uniform(4, low=0.1)):
                options = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
                t = classes_of(4, 9)
                t[[2, 5]] = -100
                yield Sample((draw.normal(9, 4), t), options, note="classes, some ignored")
                yield Sample((draw.normal(9, 4), probabilities(4, 1, 9, 4)), options, note="probabilities")
                yield Sample((draw.normal(2, 4, 3, 5), classes_of(4, 2, 3, 5)), options, note="pixels")
                mixed = (draw.normal(2, 4, 3), probabilities(4, 1, 2, 4, 3))
                yield Sample(mixed, options, note="pixels, probabilities")
    yield Sample((draw.normal(4), classes_of(4)), note="a single sample")
    yield Sample((draw.normal(4), probabilities(4, 0, 4)), note="a single sample, probabilities")
    yield Sample((draw.normal(6, 4), classes_of(4, 6).astype(np.int32)), note="int32 labels")
    yield Sample((draw.normal(6, 4), classes_of(4, 6).astype(np.uint8)), note="uint8 labels")
    yield Sample((draw.normal(6, 4), np.array([0, 1, 2, 3, 0, 1])), {"ignore_index": 1}, note="class 1 ignored")
    for reduction in REDUCTIONS:
        ignored = np.full(3, -100)
        yield Sample((draw.normal(3, 4), ignored), {"reduction": reduction}, note="all ignored")
    hard = draw.normal(5, 4, scale=1e4)
    hard[0], hard[1, 2], hard[2, 1], hard[3] = 0, np.nan, np.inf, -np.inf
    yield Sample((hard, np.array([0, 1, 1, 2, 3])), {"reduction": "none"}, smooth=False, note="extreme values")
    yield Sample((hard, np.array([0, 1, 1, 2, 3])), smooth=False, note="the mean of extreme values")
    hard[3], hard[4, 3] = 1e4, -np.inf
    weight = np.array([1, 1, 0.5, 0], draw.dtype)
    for smoothing in (0.0, 0.1, 1.0):
        for w in (None, weight):
            options = {"weight": w, "reduction": "none", "label_smoothing": smoothing}
            note = f"extreme values, smoothing {smoothing}, {'some' if w is not None else 'no'} weight 0"
            yield Sample((hard, np.array([0, -100, -100, 2, 3])), options, smooth=False, note=note)
        options = {"weight": weight, "label_smoothing": smoothing}
        some = (draw.normal(4, 4), np.array([3, 3, -100, 3]))
        yield Sample(some, options, smooth=False, note=f"no weight in all, smoothing {smoothing}")


@operation(
    formula="−wₜ log softmax(x)ₜ",
    samples=_cross_entropy_samples,
    cost=lambda input, *_, **__: Cost(5 * input.size, input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(8 * input.size, 2 * input.nbytes),
    example=lambda draw, rows, classes: Sample(
        (draw.normal(rows, classes), np.asarray(draw.rng.integers(0, classes, rows)))
    ),
    workloads={"4096×1000": (4096, 1000), "128×10": (128, 10)},
    with_gradient=True,
    torch=lambda torch, input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0: (
        torch.nn.functional.cross_entropy(
            input,
            target if target.is_floating_point() or target.dtype == torch.uint8 else target.long(),
            weight,
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )
    ),
    rtol=2e-5,
    atol=5e-6,
    why="a sum of up to 1000 exponentials, and its logarithm",
)
def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """−wₜ log softmax(x)ₜ of the class t, or −Σᵢ wᵢ tᵢ log softmax(x)ᵢ for class probabilities t.

    Parameters
    ----------
    input : array (C,), (N, C) or (N, C, d₁, …)
        The logits x of C classes.
    target : integers of the input's shape without C, or an array like the input
        Classes from 0 to C − 1, or probabilities.
    weight : array (C,), optional
        The weight w of each class.
    ignore_index : int
        Samples of this class count for nothing, nor in the mean.
    reduction : "mean", "sum" or "none"
        The mean divides by the summed weights of the samples' classes (for probabilities by their number) and
        is NaN over nothing.
    label_smoothing : float ε, from 0 to 1
        The target becomes (1 − ε) t + ε / C.

    Raises
    ------
    ValueError
        A NumPy target holds a class that there isn't. A GPU's labels are not looked at, which would mean to
        wait for it: there, the loss of such a sample is NaN.
    """
    return _cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing, False)[0]


def cross_entropy_with_gradient(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """`cross_entropy`, and its gradient softmax(x) Σ wᵢ tᵢ − wᵢ tᵢ by the input."""
    return _cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing, True)
