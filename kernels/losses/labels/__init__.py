"""Losses of class labels besides cross-entropy: of logarithms of probabilities, by margins, and Keras's of
probabilities."""

import math
from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from ...reductions import mean
from ..common import REDUCTIONS, elementwise, factor, labels, optional_like, pair, row_weights

ROWS = {"4096×128": (4096, 128)}


def _drawn(draw: Draw, classes: int, *shape: int) -> np.ndarray:
    return np.asarray(draw.rng.integers(0, classes, shape), np.int64)


def _probabilities(draw: Draw, axis: int, *shape: int) -> np.ndarray:
    p = draw.uniform(*shape, low=0.1)
    return p / p.sum(axis, keepdims=True)


def _rows_of_classes(name: str, input: Any) -> tuple[int, int]:
    """How many rows an input (C,) or (N, C) has, and how many classes."""
    check.real(name, "input", input)
    if input.ndim not in (1, 2) or input.shape[-1] == 0:
        raise ValueError(f"{name}: input has the shape {input.shape}, it must be (C,) or (N, C), of at least one class")
    return math.prod(input.shape[:-1]), input.shape[-1]


def _run(key: str, arguments: tuple, input: Any, shape: tuple, rows: tuple, scale: Any, reduction: str, wanted: bool):
    """Call a kernel of the input as `shape` that gives a loss for each of `rows`: (loss, gradient or None)."""
    make, dtype = current().empty, input.dtype
    size = math.prod(rows)
    like = (shape[0], *shape[2:])
    loss, total = make(like, dtype), make((1,), dtype)
    gradient = make(shape if wanted else (0,) * len(shape), dtype)
    last = (factor(reduction, size) if scale is None else scale,)
    kernel(f"losses.labels.{key}")(check.contiguous(input).reshape(shape), *arguments, *last, loss, gradient, total)
    result = loss.reshape(rows) if reduction == "none" else total.reshape(())
    return result, gradient.reshape(input.shape) if wanted else None


def _nll_samples(draw: Draw):
    for options in ({}, {"weight": draw.uniform(4, low=0.1), "ignore_index": 1}):
        for reduction in REDUCTIONS:
            yield Sample((draw.normal(9, 4), _drawn(draw, 4, 9)), {**options, "reduction": reduction}, note=reduction)
        yield Sample((draw.normal(2, 4, 3, 5), _drawn(draw, 4, 2, 3, 5)), options, note="pixels")
    yield Sample((draw.normal(257, 3), _drawn(draw, 3, 257)), note="257 rows")
    yield Sample((draw.normal(4), _drawn(draw, 4)), note="a single sample")
    yield Sample((draw.normal(0, 4), _drawn(draw, 4, 0)), note="nothing")
    yield Sample((draw.normal(3, 4), np.full(3, -100)), {"reduction": "sum"}, note="all ignored")
    x = draw.extremes()[:12].reshape(4, 3)
    yield Sample((x, _drawn(draw, 3, 4)), {"reduction": "none"}, smooth=False, note="extreme values")
    options = {"weight": draw.uniform(9, low=0.1), "ignore_index": 1}
    yield Sample((draw.normal(257, 9), _drawn(draw, 9, 257)), options, note="257 rows of 9, weights")


@operation(
    formula="−wₜ xₜ",
    samples=_nll_samples,
    cost=lambda input, target, *_, **__: Cost(target.size, target.nbytes + target.size * input.itemsize),
    backward_cost=lambda input, target, *_, **__: Cost(target.size, target.nbytes + input.nbytes),
    example=lambda draw, rows, n: Sample((draw.normal(rows, n), _drawn(draw, n, rows))),
    workloads=ROWS,
    with_gradient=True,
    torch=lambda torch, input, target, weight=None, ignore_index=-100, reduction="mean": torch.nn.functional.nll_loss(
        input, target, weight, ignore_index=ignore_index, reduction=reduction
    ),
)
def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    """−wₜ xₜ of the class t, x being logarithms of probabilities (of `log_softmax`).

    Parameters
    ----------
    input : array (C,), (N, C) or (N, C, d₁, …)
    target : integers of the input's shape without C
        Classes from 0 to C − 1.
    weight, ignore_index, reduction : as for `cross_entropy`
    """
    return _nll(input, target, weight, ignore_index, reduction, False)[0]


def nll_loss_with_gradient(input, target, weight=None, ignore_index=-100, reduction="mean"):
    """`nll_loss`, and its gradient by the input: −wₜ at the class t, else 0."""
    return _nll(input, target, weight, ignore_index, reduction, True)


def _nll(input, target, weight, ignore_index, reduction, wanted: bool) -> tuple:
    name = "nll_loss"
    check.real(name, "input", input)
    if input.ndim == 0 or input.shape[min(input.ndim - 1, 1)] == 0:
        text = "it must be (C,) or (N, C, …), of at least one class"
        raise ValueError(f"{name}: input has the shape {input.shape}, {text}")
    check.choice(name, "reduction", reduction, REDUCTIONS)
    axis = min(input.ndim - 1, 1)
    classes, rows = input.shape[axis], input.shape[:axis] + input.shape[axis + 1 :]
    shape = (math.prod(rows[:1]), classes, math.prod(rows[1:]))
    target = labels(name, target, classes, rows, ignore_index, "").reshape(shape[0], shape[2])
    arguments = (target, row_weights(name, weight, input, classes), int(ignore_index))
    return _run(name, arguments, input, shape, rows, reduction == "mean", reduction, wanted)


def _multi_margin_samples(draw: Draw):
    for options in ({}, {"p": 2, "margin": 0.5, "weight": draw.uniform(33, low=0.1)}):
        for reduction in REDUCTIONS:
            arrays = (draw.normal(3, 33), _drawn(draw, 33, 3))
            yield Sample(arrays, {**options, "reduction": reduction}, note=f"{reduction}, {options}")
    for rows, n in ((2, 300), (1, 1), (0, 3)):
        yield Sample((draw.normal(rows, n), _drawn(draw, n, rows)), note=f"{rows}×{n}")
    yield Sample((draw.normal(4), _drawn(draw, 4)), note="a single sample")


@operation(
    formula="Σ wₜ max(0, margin − xₜ + xᵢ)ᵖ / C, i ≠ t",
    samples=_multi_margin_samples,
    cost=lambda input, *_, **__: Cost(4 * input.size, input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(6 * input.size, 2 * input.nbytes),
    example=lambda draw, rows, n: Sample((draw.normal(rows, n), _drawn(draw, n, rows))),
    workloads=ROWS,
    with_gradient=True,
    torch=lambda torch, input, target, p=1, margin=1.0, weight=None, reduction="mean": (
        torch.nn.functional.multi_margin_loss(input, target, p, margin, weight, reduction=reduction)
        if input.numel()
        else input.mean()  # of nothing, PyTorch's is what its memory held before
    ),
    atol=5e-6,
    why="sums of up to 300 numbers",
)
def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, reduction="mean"):
    """Σ wₜ max(0, margin − xₜ + xᵢ)ᵖ / C over the classes i other than t: each should be less likely by a margin.

    Parameters
    ----------
    input : array (C,) or (N, C)
    target : integers () or (N,)
        The classes t, from 0 to C − 1.
    p : 1 or 2
    margin : float
    weight : array (C,), optional
        The weight w of each class.
    reduction : as for `mse_loss`

    Crammer and Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", 2001.
    """
    return _multi_margin(input, target, p, margin, weight, reduction, False)[0]


def multi_margin_loss_with_gradient(input, target, p=1, margin=1.0, weight=None, reduction="mean"):
    """`multi_margin_loss`, and its gradient by the input."""
    return _multi_margin(input, target, p, margin, weight, reduction, True)


def _multi_margin(input, target, p, margin, weight, reduction, wanted: bool) -> tuple:
    name = "multi_margin_loss"
    shape = _rows_of_classes(name, input)
    check.choice(name, "p", p, (1, 2))
    check.choice(name, "reduction", reduction, REDUCTIONS)
    margin, rows = check.number(name, "margin", margin), input.shape[:-1]
    target = labels(name, target, shape[1], rows, None, "").reshape(-1)
    arguments = (target, row_weights(name, weight, input, shape[1]), int(p), margin)
    return _run(name, arguments, input, shape, rows, None, reduction, wanted)


def _label_lists(draw: Draw, rows: int, n: int) -> np.ndarray:
    """The labels of each row, −1 after them; in the last row there is no −1."""
    lists = np.stack([draw.rng.permutation(n) for _ in range(rows)]) if rows else np.zeros((0, n), np.int64)
    for row in range(rows - 1):
        lists[row, draw.rng.integers(0, n) :] = -1
    return lists.astype(np.int64)


def _multilabel_margin_samples(draw: Draw):
    for reduction in REDUCTIONS:
        arrays = (draw.normal(4, 33), _label_lists(draw, 4, 33))
        yield Sample(arrays, {"reduction": reduction}, note=reduction)
    for rows, n in ((3, 70), (2, 1), (0, 3), (9, 5)):
        yield Sample((draw.normal(rows, n), _label_lists(draw, rows, n)), note=f"{rows}×{n}")
    yield Sample((draw.normal(4), np.array([3, 0, -1, 1])), note="a single sample")
    yield Sample((draw.normal(1, 4), np.array([[2, 2, -1, 7]])), note="a label twice, and anything after −1")


@operation(
    formula="Σ max(0, 1 − xⱼ + xᵢ) / C, j a label and i none",
    samples=_multilabel_margin_samples,
    cost=lambda input, *_, **__: Cost(4 * input.size, 3 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(6 * input.size, 4 * input.nbytes),
    example=lambda draw, rows, n: Sample((draw.normal(rows, n), _few_labels(draw, rows, n))),
    workloads=ROWS,
    with_gradient=True,
    torch=lambda torch, input, target, reduction="mean": (
        torch.nn.functional.multilabel_margin_loss(
            input, torch.where((target < 0).cumsum(-1) > 0, -1, target), reduction=reduction
        )
        if input.numel()
        else input.mean()  # of nothing, PyTorch's is what its memory held before
    ),
    atol=5e-6,
    why="sums of up to 1000 numbers",
)
def multilabel_margin_loss(input, target, reduction="mean"):
    """Σ max(0, 1 − xⱼ + xᵢ) / C, over the labels j of a sample and the classes i that are none of them.

    Parameters
    ----------
    input : array (C,) or (N, C)
    target : integers of the input's shape
        The labels of each sample, then −1; what follows isn't looked at.
    reduction : as for `mse_loss`
    """
    return _multilabel_margin(input, target, reduction, False)[0]


def multilabel_margin_loss_with_gradient(input, target, reduction="mean"):
    """`multilabel_margin_loss`, and its gradient by the input."""
    return _multilabel_margin(input, target, reduction, True)


def _few_labels(draw: Draw, rows: int, n: int) -> np.ndarray:
    lists = np.full((rows, n), -1)
    lists[:, :3] = draw.rng.integers(0, n, (rows, 3))
    return lists


def _multilabel_margin(input, target, reduction, wanted: bool) -> tuple:
    name = "multilabel_margin_loss"
    shape = _rows_of_classes(name, input)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    check.array(name, "target", target)
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name}: target must hold class numbers (integers), not {target.dtype}")
    check.shape(name, "target", target, input.shape, "as the input")
    target = check.contiguous(target.astype(np.int64, copy=False)).reshape(shape)
    if isinstance(target, np.ndarray) and target.size:
        looked_at = np.logical_and.accumulate(target >= 0, axis=1)
        if target[looked_at].size and target[looked_at].max() >= shape[1]:
            raise ValueError(
                f"{name}: target holds {target[looked_at].max()}, it must be a class from 0 to {shape[1] - 1}, or −1"
            )
    return _run(name, (target,), input, shape, input.shape[:-1], None, reduction, wanted)


def _multilabel_soft_samples(draw: Draw):
    for weight in (None, draw.uniform(7)):
        for reduction in REDUCTIONS:
            arrays = (draw.normal(5, 7), draw.uniform(5, 7))
            yield Sample(arrays, {"weight": weight, "reduction": reduction}, note=reduction)
    yield Sample((draw.normal(4), draw.uniform(4)), note="a single sample")
    yield Sample((draw.normal(2, 3, 4), draw.uniform(2, 3, 4)), {"reduction": "none"}, note="three axes")


@operation(
    formula="−Σ w (t log σ(x) + (1 − t) log(1 − σ(x))) / C",
    samples=_multilabel_soft_samples,
    cost=lambda input, *_, **__: Cost(10 * input.size, 2 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(16 * input.size, 3 * input.nbytes),
    example=lambda draw, rows, n: Sample((draw.normal(rows, n), draw.uniform(rows, n))),
    workloads=ROWS,
    with_gradient=True,
    torch=lambda torch, input, target, weight=None, reduction="mean": torch.nn.functional.multilabel_soft_margin_loss(
        input, target, weight, reduction=reduction
    ),
)
def multilabel_soft_margin_loss(input, target, weight=None, reduction="mean"):
    """The mean of `binary_cross_entropy_with_logits` over the classes, which are the last axis.

    Parameters
    ----------
    input, target : arrays of one shape, (C,), (N, C) or (…, C)
    weight : array that broadcasts to the input, optional
    reduction : "mean", "sum" or "none"
        Of the samples.
    """
    return _multilabel_soft(input, target, weight, reduction, False)[0]


def multilabel_soft_margin_loss_with_gradient(input, target, weight=None, reduction="mean"):
    """`multilabel_soft_margin_loss`, and its gradient w (σ(x) − t) / C by the input."""
    return _multilabel_soft(input, target, weight, reduction, True)


def _multilabel_soft(input, target, weight, reduction, wanted: bool) -> tuple:
    name = "multilabel_soft_margin_loss"
    arrays = pair(name, input, target)
    if input.ndim == 0 or input.shape[-1] == 0:
        raise ValueError(f"{name}: input has the shape {input.shape}, it must have at least one class on its last axis")
    weights = optional_like(name, "weight", weight, input), current().nothing(input.dtype)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    # The mean over samples and classes is that over all elements.
    scale = None if reduction == "mean" else 1 / input.shape[-1]
    key = "binary.binary_cross_entropy_with_logits"
    loss, gradient = elementwise(key, (*arrays, *weights), reduction, 1 if wanted else -1, scale=scale)
    return (mean(loss, -1) if reduction == "none" else loss), gradient


def _hinge_samples(draw: Draw):
    def one_hot(rows, n):
        return np.eye(n, dtype=draw.dtype)[draw.rng.integers(0, n, rows)]

    for reduction in REDUCTIONS:
        arrays = (draw.normal(5, 33), one_hot(5, 33))
        yield Sample(arrays, {"reduction": reduction}, note=reduction)
    for rows, n in ((3, 300), (2, 1), (0, 3)):
        yield Sample((draw.normal(rows, n), one_hot(rows, n)), note=f"{rows}×{n}")
    yield Sample((draw.normal(3, 4), _probabilities(draw, 1, 3, 4)), note="probabilities")
    yield Sample((np.ones((2, 70), draw.dtype), one_hot(2, 70)), smooth=False, note="ties")


@operation(
    formula="max(0, 1 + max((1 − t) x) − Σ t x)",
    samples=_hinge_samples,
    cost=lambda input, *_, **__: Cost(5 * input.size, 2 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(10 * input.size, 3 * input.nbytes),
    example=lambda draw, rows, n: Sample((draw.normal(rows, n), _probabilities(draw, 1, rows, n))),
    workloads=ROWS,
    with_gradient=True,
    atol=5e-6,
    why="sums of up to 300 numbers",
)
def categorical_hinge_loss(input, target, reduction="mean"):
    """Keras's CategoricalHinge: max(0, 1 + max((1 − t) x) − Σ t x) along the last axis.

    Parameters
    ----------
    input, target : arrays (C,) or (N, C)
        Scores x, and t: 1 for the class, 0 for the others.
    reduction : as for `mse_loss`

    Where several are the largest, they share the gradient.
    """
    return _hinge(input, target, reduction, False)[0]


def categorical_hinge_loss_with_gradient(input, target, reduction="mean"):
    """`categorical_hinge_loss`, and its gradient by the input."""
    return _hinge(input, target, reduction, True)


def _hinge(input, target, reduction, wanted: bool) -> tuple:
    name = "categorical_hinge_loss"
    shape = _rows_of_classes(name, input)
    check.like(name, "target", target, "input", input)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    target = check.contiguous(target).reshape(shape)
    return _run(name, (target,), input, shape, input.shape[:-1], None, reduction, wanted)


def _focal_samples(draw: Draw):
    options = {"from_logits": True, "gamma": 1.5, "alpha": 0.5, "label_smoothing": 0.1}
    for reduction in REDUCTIONS:
        arrays = (_probabilities(draw, 1, 5, 7), _probabilities(draw, 1, 5, 7))
        yield Sample(arrays, {"reduction": reduction}, note=f"{reduction}, probabilities")
        arrays = (draw.normal(3, 33), _probabilities(draw, 1, 3, 33))
        yield Sample(arrays, {"reduction": reduction, **options}, note=f"{reduction}, logits")
    arrays = (draw.uniform(2, 70, 3, low=0.2), _probabilities(draw, 1, 2, 70, 3))
    yield Sample(arrays, {"axis": 1}, note="axis 1, of numbers whose sum isn't 1")
    yield Sample((draw.normal(2, 5, 3), _probabilities(draw, 1, 2, 5, 3)), {"axis": 1, **options}, note="pixels")
    yield Sample((draw.normal(0, 3), draw.normal(0, 3)), {"from_logits": True}, note="nothing")
    sure = np.eye(4, dtype=draw.dtype)
    yield Sample((sure, sure[::-1].copy()), {"reduction": "none"}, smooth=False, note="certainties, all wrong")


@operation(
    formula="−α Σ t (1 − p)ᵞ log p",
    samples=_focal_samples,
    cost=lambda input, *_, **__: Cost(30 * input.size, 2 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(40 * input.size, 3 * input.nbytes),
    example=lambda draw, rows, n: Sample((_probabilities(draw, 1, rows, n), _probabilities(draw, 1, rows, n))),
    workloads=ROWS,
    with_gradient=True,
    rtol=2e-5,
    atol=5e-6,
    why="sums of up to 70 numbers, and powers by logarithms",
)
def categorical_focal_crossentropy(
    input, target, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1, reduction="mean"
):
    """Keras's: −α Σ t (1 − p)ᵞ log p, cross-entropy in which counts less what is known already.

    Parameters
    ----------
    input, target : arrays of one shape
        Probabilities p, which are divided by their sum (with `from_logits` logits, whose softmax is p), and
        probabilities t.
    alpha : float α
    gamma : float γ, at least 0
    label_smoothing : float ε, from 0 to 1
        The target becomes (1 − ε) t + ε / C.
    axis : int
        That of the classes.
    reduction : as for `mse_loss`

    p and 1 − p count as 10⁻⁷ at least, a number that has no gradient. Lin et al., "Focal Loss for Dense
    Object Detection", 2017.
    """
    return _focal(input, target, alpha, gamma, from_logits, label_smoothing, axis, reduction, False)[0]


def categorical_focal_crossentropy_with_gradient(
    input, target, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1, reduction="mean"
):
    """`categorical_focal_crossentropy`, and its gradient by the input."""
    return _focal(input, target, alpha, gamma, from_logits, label_smoothing, axis, reduction, True)


def _focal(input, target, alpha, gamma, from_logits, smoothing, axis, reduction, wanted: bool) -> tuple:
    name = "categorical_focal_crossentropy"
    check.real(name, "input", input)
    check.like(name, "target", target, "input", input)
    axis = check.axis(name, axis, input.ndim)
    alpha, gamma = check.number(name, "alpha", alpha), check.number(name, "gamma", gamma, 0)
    smoothing = check.number(name, "label_smoothing", smoothing, 0, 1)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    if input.ndim == 0 or input.shape[axis] == 0:
        raise ValueError(f"{name}: input has the shape {input.shape}, it must have at least one class on axis {axis}")
    outer, inner = input.shape[:axis], input.shape[axis + 1 :]
    shape = (math.prod(outer), input.shape[axis], math.prod(inner))
    arguments = (check.contiguous(target).reshape(shape), alpha, gamma, bool(from_logits), smoothing)
    return _run(name, arguments, input, shape, outer + inner, None, reduction, wanted)


def _generalized_samples(draw: Draw):
    for options in ({}, {"q": 0.9}):
        for reduction in REDUCTIONS:
            arrays = (_probabilities(draw, 1, 35, 3), _drawn(draw, 3, 35))
            yield Sample(arrays, {"reduction": reduction, **options}, note=f"{reduction}, {options}")
    yield Sample((draw.uniform(4), _drawn(draw, 4)), note="a single sample")
    yield Sample((draw.uniform(0, 4), _drawn(draw, 4, 0)), note="nothing")
    yield Sample(
        (np.eye(4, dtype=draw.dtype), np.array([0, 1, 0, 1])), {"reduction": "none"}, smooth=False, note="0 and 1"
    )


@operation(
    formula="(1 − xₜ^q) / q",
    samples=_generalized_samples,
    cost=lambda input, target, *_, **__: Cost(8 * target.size, target.nbytes + target.size * input.itemsize),
    backward_cost=lambda input, target, *_, **__: Cost(16 * target.size, target.nbytes + input.nbytes),
    example=lambda draw, rows, n: Sample((_probabilities(draw, 1, rows, n), _drawn(draw, n, rows))),
    workloads=ROWS,
    with_gradient=True,
    rtol=2e-5,
    atol=2e-6,
    why="a power by a logarithm, and its difference from 1",
)
def categorical_generalized_cross_entropy(input, target, q=0.5, reduction="mean"):
    """Keras's: (1 − xₜ^q) / q of the class t, between cross-entropy (q → 0) and the absolute error (q = 1).

    Parameters
    ----------
    input : array (C,) or (N, C)
        Probabilities x.
    target : integers () or (N,)
        The classes t, from 0 to C − 1.
    q : float, between 0 and 1
    reduction : as for `mse_loss`

    Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", 2018.
    """
    return _generalized(input, target, q, reduction, False)[0]


def categorical_generalized_cross_entropy_with_gradient(input, target, q=0.5, reduction="mean"):
    """`categorical_generalized_cross_entropy`, and its gradient −xₜ^(q − 1) at the class t, else 0."""
    return _generalized(input, target, q, reduction, True)


def _generalized(input, target, q, reduction, wanted: bool) -> tuple:
    name = "categorical_generalized_cross_entropy"
    shape = _rows_of_classes(name, input)
    q = check.number(name, "q", q)
    if not 0 < q < 1:
        raise ValueError(f"{name}: q is {q}, it must be between 0 and 1")
    check.choice(name, "reduction", reduction, REDUCTIONS)
    target = labels(name, target, shape[1], input.shape[:-1], None, "").reshape(-1)
    return _run(name, (target, q), input, shape, input.shape[:-1], None, reduction, wanted)
