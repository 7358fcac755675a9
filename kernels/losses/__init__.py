"""Losses: PyTorch's names, arguments and edges; each also as NAME_with_gradient, the loss and its gradient in one.

    loss                  = cross_entropy(logits, labels)
    loss, gradient        = cross_entropy_with_gradient(logits, labels)

The gradient is that of the loss by the first argument, its reduction included: for the mean over n elements it holds
the factor 1/n. With reduction="none" it is the gradient of each element's (each sample's) own loss.
Sums run in a fixed order, so they don't depend on the number of threads.
"""

import math
from typing import Any

import numpy as np

from .. import check
from ..backend import current, kernel
from ..operation import EDGES, Cost, Draw, Sample, operation

REDUCTIONS = ("none", "mean", "sum")


def _elementwise(name: str, input: Any, target: Any, reduction: str, more: tuple, wants_gradient: bool):
    """Run a loss that takes the elements one by one: (loss, gradient or None)."""
    check.real(name, "input", input)
    check.like(name, "target", target, "input", input)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    make, dtype, size = current().empty, input.dtype, input.size
    # The mean of nothing is NaN, as is 0 · NaN below.
    scale = (1 / size if size else math.nan) if reduction == "mean" else 1.0
    loss = make((size if reduction == "none" else 0,), dtype)
    gradient = make((size if wants_gradient else 0,), dtype)
    total = make((1,), dtype)
    flat = (check.contiguous(x).reshape(-1) for x in (input, target, *more))
    kernel(f"losses.{name}")(*flat, scale, loss, gradient, total)
    result = loss.reshape(input.shape) if reduction == "none" else total.reshape(())
    return result, gradient.reshape(input.shape) if wants_gradient else None


def _elementwise_samples(draw: Draw, more=lambda draw, shape: ({},)):
    """`more` makes further options for a shape."""
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


def _elementwise_example(draw: Draw, *shape: int) -> Sample:
    return Sample((draw.normal(*shape), draw.uniform(*shape)))


_ELEMENTWISE_WORKLOADS = {"1M": (1 << 20,), "64K": (1 << 16,)}


@operation(
    formula="(input − target)²",
    samples=_elementwise_samples,
    cost=lambda input, *_, **__: Cost(3 * input.size, 2 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(5 * input.size, 3 * input.nbytes),
    example=_elementwise_example,
    workloads=_ELEMENTWISE_WORKLOADS,
    with_gradient=True,
    torch=lambda torch, input, target, reduction="mean": torch.nn.functional.mse_loss(
        input, target, reduction=reduction
    ),
)
def mse_loss(input, target, reduction="mean"):
    """The squared error (input − target)², of arrays of one shape.

    `reduction` "mean" or "sum" gives a 0-dimensional array, "none" the error of each element. The mean of nothing is
    NaN.
    """
    return _elementwise("mse_loss", input, target, reduction, (), False)[0]


def mse_loss_with_gradient(input, target, reduction="mean"):
    """`mse_loss`, and its gradient 2 (input − target) by the input."""
    return _elementwise("mse_loss", input, target, reduction, (), True)


def _bce_options(draw: Draw, shape: tuple[int, ...]):
    yield {}
    if len(shape) == 3:
        yield {"weight": draw.uniform(*shape)}
        yield {"pos_weight": draw.uniform(shape[-1], high=3)}
        yield {"weight": draw.uniform(shape[0], 1, 1), "pos_weight": draw.uniform(1, high=3)}


@operation(
    formula="−w (p t log σ(x) + (1 − t) log(1 − σ(x)))",
    samples=lambda draw: _elementwise_samples(draw, _bce_options),
    cost=lambda input, *_, **__: Cost(10 * input.size, 2 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(16 * input.size, 3 * input.nbytes),
    example=_elementwise_example,
    workloads=_ELEMENTWISE_WORKLOADS,
    with_gradient=True,
    torch=lambda torch, input, target, weight=None, reduction="mean", pos_weight=None: (
        torch.nn.functional.binary_cross_entropy_with_logits(
            input, target, weight, reduction=reduction, pos_weight=pos_weight
        )
    ),
)
def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
    """−w (p t log σ(x) + (1 − t) log(1 − σ(x))), x being the input (a logit) and t the target, from 0 to 1.

    Parameters
    ----------
    input, target : arrays of one shape
    weight : array w that broadcasts to the input, optional
    pos_weight : array p that broadcasts to the input, optional
        Counts the positive class: above 1 for more recall.
    reduction : as for `mse_loss`

    Computed as (1 − t) x + (1 + (p − 1) t) log(1 + exp(−x)), with no exponential of a positive number.
    """
    weights = _weights(input, weight, pos_weight)
    return _elementwise("binary_cross_entropy_with_logits", input, target, reduction, weights, False)[0]


def binary_cross_entropy_with_logits_with_gradient(input, target, weight=None, reduction="mean", pos_weight=None):
    """`binary_cross_entropy_with_logits`, and its gradient w ((1 + (p − 1) t) σ(x) − p t) by the input."""
    weights = _weights(input, weight, pos_weight)
    return _elementwise("binary_cross_entropy_with_logits", input, target, reduction, weights, True)


def _weights(input: Any, weight: Any, pos_weight: Any) -> tuple:
    """Both as arrays of the input's shape; an empty one stands for none."""
    name, result = "binary_cross_entropy_with_logits", []
    check.real(name, "input", input)
    for which, x in (("weight", weight), ("pos_weight", pos_weight)):
        if x is None:
            result.append(current().empty((0,), input.dtype))
        else:
            check.same_dtype(name, which, x, "input", input)
            check.broadcasts(name, which, x, input.shape, "as the input")
            result.append(np.broadcast_to(x, input.shape))
    return tuple(result)


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
    if weight is None:
        weight = make((0,), dtype)
    else:
        check.same_dtype(name, "weight", weight, "input", input)
        check.shape(name, "weight", weight, (classes,), "for the classes of the input")
    logits = check.contiguous(input).reshape(outer, classes, inner)
    loss, total = make((outer, inner), dtype), make((1,), dtype)
    gradient = make((outer, classes, inner) if wants_gradient else (0, 0, 0), dtype)
    check.array(name, "target", target)
    if target.dtype.kind == "f":
        check.like(name, "target", target, "input", input)
        count = outer * inner
        scale = (1 / count if count else math.nan) if reduction == "mean" else 1.0
        target = check.contiguous(target).reshape(outer, classes, inner)
        arguments = (logits, target, check.contiguous(weight), smoothing, scale)
        kernel("losses.cross_entropy_probabilities")(*arguments, loss, gradient, total)
    else:
        _check_labels(name, target, classes, rows, ignore_index)
        target = check.contiguous(target.astype(np.int64, copy=False)).reshape(outer, inner)
        arguments = (logits, target, check.contiguous(weight), int(ignore_index), smoothing, reduction == "mean")
        kernel("losses.cross_entropy_indices")(*arguments, loss, gradient, total)
    result = loss.reshape(rows) if reduction == "none" else total.reshape(())
    return result, gradient.reshape(input.shape) if wants_gradient else None


def _check_labels(name: str, target: Any, classes: int, rows: tuple[int, ...], ignore_index: int) -> None:
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name}: target must hold class numbers (integers) or probabilities, not {target.dtype}")
    check.shape(name, "target", target, rows, "(one class a row of the input), or the input's own shape")
    if isinstance(target, np.ndarray) and target.size:  # to look at a GPU's labels would be to wait for it
        wrong = (target < 0) | (target >= classes)
        wrong &= target != ignore_index
        if wrong.any():
            raise ValueError(
                f"{name}: target holds {target[wrong].flat[0]}, it must be a class from 0 to {classes - 1} "
                f"(or ignore_index {ignore_index})"
            )


def _cross_entropy_samples(draw: Draw):
    def labels(classes: int, *shape: int):
        return np.asarray(draw.rng.integers(0, classes, shape), np.int64)

    def probabilities(classes: int, axis: int, *shape: int):
        p = draw.uniform(*shape, low=0.1)
        return p / p.sum(axis, keepdims=True)

    for n, c in ((1, 1), (1, 2), (5, 7), (3, 31), (4, 32), (33, 33), (2, 257), (3, 1000), (257, 10), (0, 3)):
        for reduction in REDUCTIONS:
            note = f"{reduction} of {n}×{c}"
            yield Sample((draw.normal(n, c, scale=3), labels(c, n)), {"reduction": reduction}, note=note)
            mixed = (draw.normal(n, c), probabilities(c, 1, n, c))
            yield Sample(mixed, {"reduction": reduction}, note=f"{note}, probabilities")
    for layout in draw.LAYOUTS:
        yield Sample((draw.normal(6, 5, layout=layout), labels(5, 12)[::2]), note=layout)
    for smoothing in (0.0, 0.1, 1.0):
        for reduction in REDUCTIONS:
            for weight in (None, draw.uniform(4, low=0.1)):
                options = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
                t = labels(4, 9)
                t[[2, 5]] = -100
                yield Sample((draw.normal(9, 4), t), options, note="classes, some ignored")
                yield Sample((draw.normal(9, 4), probabilities(4, 1, 9, 4)), options, note="probabilities")
                yield Sample((draw.normal(2, 4, 3, 5), labels(4, 2, 3, 5)), options, note="pixels")
                mixed = (draw.normal(2, 4, 3), probabilities(4, 1, 2, 4, 3))
                yield Sample(mixed, options, note="pixels, probabilities")
    yield Sample((draw.normal(4), labels(4)), note="a single sample")
    yield Sample((draw.normal(4), probabilities(4, 0, 4)), note="a single sample, probabilities")
    yield Sample((draw.normal(6, 4), labels(4, 6).astype(np.int32)), note="int32 labels")
    yield Sample((draw.normal(6, 4), labels(4, 6).astype(np.uint8)), note="uint8 labels")
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
