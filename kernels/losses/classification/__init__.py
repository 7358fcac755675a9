"""Losses of class predictions: cross-entropy, of class numbers or of probabilities."""

import math
from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...matmul import column_sum, linear, matmul
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
    for c in (1500, 33000):
        yield Sample((draw.normal(2, c, scale=3), classes_of(c, 2)), {"label_smoothing": 0.1}, note=f"{c} classes")
        yield Sample((draw.normal(2, c), probabilities(c, 1, 2, c)), note=f"{c} classes, probabilities")
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
    options = {"weight": draw.uniform(3, low=0.1), "ignore_index": 1}
    yield Sample((draw.normal(1025, 3), classes_of(3, 1025)), options, note="many labels, weights, class 1 ignored")


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


# Logits held at once by linear_cross_entropy; at least LEAST rows, for the sake of its matrix products.
LOGITS, LEAST = 1 << 24, 256


def _linear_samples(draw: Draw):
    def classes_of(n):
        return np.asarray(draw.rng.integers(0, 7, n), np.int64)

    ignored = np.array([1, 3, -100, 6, 2])
    arrays = draw.normal(5, 6), draw.normal(7, 6, scale=0.5)
    more = {"linear_bias": draw.normal(7), "weight": draw.uniform(7, low=0.1), "label_smoothing": 0.1}
    p = draw.uniform(5, 7, low=0.1)
    for reduction, chunk_size in (("mean", None), ("sum", 2), ("none", 4)):
        options = {"reduction": reduction, "chunk_size": chunk_size}
        yield Sample((*arrays, classes_of(5)), options, note=f"{options}")
    for reduction, target in (("mean", ignored), ("mean", p / p.sum(1, keepdims=True)), ("none", ignored)):
        options = {"reduction": reduction, "chunk_size": 2, **more}
        yield Sample((*arrays, target), options, note=f"{reduction}, {target.dtype}, bias, weights, smoothing")
    yield Sample((draw.normal(6), draw.normal(7, 6), classes_of(())), note="a single sample")
    yield Sample((draw.normal(2, 6), draw.normal(7, 6), ignored[2] + 0 * classes_of(2)), note="all ignored")
    yield Sample((draw.normal(0, 6), draw.normal(7, 6), classes_of(0)), note="nothing")


def _linear_torch(
    torch, input, linear_weight, target, linear_bias=None, chunk_size=None, ignore_index=None, **options: Any
):
    del chunk_size
    logits = torch.nn.functional.linear(input, linear_weight, linear_bias)
    ignored = -100 if ignore_index is None else ignore_index
    return torch.nn.functional.cross_entropy(logits, target, ignore_index=ignored, **options)


def _linear_example(draw: Draw, rows: int, features: int, classes: int) -> Sample:
    target = np.asarray(draw.rng.integers(0, classes, rows))
    return Sample((draw.normal(rows, features), draw.normal(classes, features, scale=0.1), target))


@operation(
    formula="−wₜ log softmax(x Vᵀ + b)ₜ",
    samples=_linear_samples,
    cost=lambda input, linear_weight, *_, **__: Cost(
        2 * input.size * len(linear_weight), input.nbytes + linear_weight.nbytes
    ),
    backward_cost=lambda input, linear_weight, *_, **__: Cost(
        6 * input.size * len(linear_weight), 2 * (input.nbytes + linear_weight.nbytes)
    ),
    example=_linear_example,
    workloads={"512×64×1000": (512, 64, 1000)},
    differentiable=("input", "linear_weight", "linear_bias"),
    with_gradient=True,
    torch=_linear_torch,
    rtol=2e-5,
    atol=1e-5,
    why="matrix products and sums of exponentials",
)
def linear_cross_entropy(
    input,
    linear_weight,
    target,
    *,
    linear_bias=None,
    weight=None,
    reduction="mean",
    ignore_index=None,
    label_smoothing=0.0,
    chunk_size=None,
):
    """`cross_entropy` of the logits x Vᵀ + b, of which only some rows are held at a time.

    Parameters
    ----------
    input : array x, (D,) or (N, D)
    linear_weight : array V, (C, D)
    target : integers () or (N,), or an array of probabilities, (C,) or (N, C)
    linear_bias : array b, (C,), optional
    weight, reduction, label_smoothing : as for `cross_entropy`
    ignore_index : int, optional
        −100 if there is none.
    chunk_size : int, optional
        How many rows of logits are held at a time; else as many as 16 million logits have, but 256 at least.

    Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models", 2024, go further: no logit leaves the chip.
    """
    options = (linear_bias, weight, reduction, ignore_index, label_smoothing, chunk_size)
    return _linear_cross_entropy(input, linear_weight, target, *options, False)[0]


def linear_cross_entropy_with_gradient(
    input,
    linear_weight,
    target,
    *,
    linear_bias=None,
    weight=None,
    reduction="mean",
    ignore_index=None,
    label_smoothing=0.0,
    chunk_size=None,
):
    """`linear_cross_entropy`, and its gradients by input, weight and bias (None without one).

    With reduction="none" they are those of the losses' sum.
    """
    options = (linear_bias, weight, reduction, ignore_index, label_smoothing, chunk_size)
    return _linear_cross_entropy(input, linear_weight, target, *options, True)


def _linear_cross_entropy(x, v, target, bias, weight, reduction, ignored, smoothing, chunk, wanted: bool) -> tuple:
    name = "linear_cross_entropy"
    _check_linear(name, x, v, bias, chunk)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    smoothing = check.number(name, "label_smoothing", smoothing, 0, 1)
    rows, (classes, dtype), ignored = x.shape[:-1], (len(v), x.dtype), -100 if ignored is None else int(ignored)
    count, key = math.prod(rows), "losses.classification.cross_entropy_indices"
    weight = row_weights(name, weight, x, classes)
    check.array(name, "target", target)
    if target.dtype.kind == "f":
        check.same_dtype(name, "target", target, "input", x)
        check.shape(name, "target", target, (*rows, classes), "(the probabilities of the classes)")
        target = check.contiguous(target).reshape(count, classes, 1)
        key, options, divisor = "losses.classification.cross_entropy_probabilities", (smoothing, 1.0), count
    else:
        target = labels(name, target, classes, rows, ignored, " or probabilities").reshape(count, 1)
        options, kept = (ignored, smoothing, False), target != ignored
        divisor = ((weight[target * kept] if weight.size else 1) * kept).sum()
    if reduction == "mean":  # by the weights, so that the gradients need no second pass
        weight = _divided(weight, divisor + (divisor == 0), classes, dtype)
    make, matrix = current().empty, x.reshape(count, x.shape[-1])
    chunk = chunk or max(LEAST, LOGITS // classes)
    losses, total, sum_ = make((count, 1), dtype), make((1,), dtype), make((1,), dtype)
    sum_.fill(0)
    gradients: Any = tuple(make(y.shape, dtype) if wanted else None for y in (matrix, v))
    by_bias = make((classes,), dtype) if wanted and bias is not None else None
    for y in (*gradients[1:], by_bias):
        if y is not None:
            y.fill(0)
    for first in range(0, count, chunk):
        part = slice(first, first + chunk)
        logits = linear(matrix[part], v, bias).reshape(-1, classes, 1)
        gradient = make(logits.shape if wanted else (0, 0, 0), dtype)
        kernel(key)(logits, target[part], weight, *options, losses[part], gradient, total)
        sum_ += total
        if wanted:
            gradient = gradient.reshape(-1, classes)
            matmul(gradient, v, out=gradients[0][part])
            gradients[1][...] += matmul(gradient.T, matrix[part])
            if by_bias is not None:
                by_bias += column_sum(gradient)
    if reduction == "mean":
        with np.errstate(invalid="ignore"):
            sum_ /= divisor != 0  # a mean over nothing is NaN
    result = losses.reshape(rows) if reduction == "none" else sum_.reshape(())
    return result, gradients[0].reshape(x.shape) if wanted else None, gradients[1], by_bias


def _check_linear(name: str, x: Any, v: Any, bias: Any, chunk: Any) -> None:
    check.real(name, "input", x)
    if x.ndim not in (1, 2):
        raise ValueError(f"{name}: input has the shape {x.shape}, it must be (D,) or (N, D)")
    check.same_dtype(name, "linear_weight", v, "input", x)
    if v.ndim != 2 or v.shape[1] != x.shape[-1] or v.shape[0] == 0:
        raise ValueError(f"{name}: linear_weight has the shape {v.shape}, it must be (classes, {x.shape[-1]})")
    if bias is not None:
        check.same_dtype(name, "linear_bias", bias, "input", x)
        check.shape(name, "linear_bias", bias, v.shape[:1], "(one number a class)")
    if chunk is not None and (not isinstance(chunk, int) or isinstance(chunk, bool) or chunk < 1):
        raise ValueError(f"{name}: chunk_size is {chunk!r}, it must be an integer from 1 on, or None")


def _divided(weight: Any, divisor: Any, classes: int, dtype: Any) -> Any:
    """The classes' weights, 1 without any, divided by a number."""
    ones = current().empty((classes,), dtype)
    ones.fill(1)
    return ((weight if weight.size else ones) / (divisor + 0 * ones)).astype(dtype, copy=False)
