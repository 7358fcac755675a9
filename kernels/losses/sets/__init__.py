"""Losses of whole sets: how far two masks overlap (Dice, Tversky), and how labels group vectors (circle)."""

import math
from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...matmul import matmul
from ...operation import Cost, Draw, Sample, operation
from ..common import REDUCTIONS, factor

TINY = 1e-7  # Keras's epsilon


def _overlap_samples(draw: Draw, variants: tuple):
    def masks(*shape):
        return draw.uniform(*shape), np.asarray(draw.rng.integers(0, 2, shape), draw.dtype)

    for options in variants:
        yield Sample(masks(3, 33), options, note=f"{options}")
        for reduction in REDUCTIONS:
            more = {"axis": (1, 2), "reduction": reduction, **options}
            yield Sample(masks(3, 5, 7, 2), more, note=f"{more}")
    yield Sample(masks(2, 9000), {"axis": 1, "reduction": "none"}, note="long rows")
    yield Sample(masks(17000), note="a long row")
    yield Sample(masks(), note="0-dimensional")
    yield Sample(masks(0, 3), {"axis": -1}, note="nothing")


def _overlap(name: str, input, target, axis, eps, weights: tuple, reduction, wanted: bool) -> tuple:
    """1 − (factor I + ε) / (both I + of_x Σ x + of_t Σ t + ε) over some axes: (loss, gradient or None)."""
    check.real(name, "input", input)
    check.like(name, "target", target, "input", input)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    axes = range(input.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = [] if input.ndim == 0 else [check.axis(name, one, input.ndim) for one in axes]
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}: axis is {axis}, it must not name an axis twice")
    kept = [one for one in range(input.ndim) if one not in axes]
    order, outer = (*kept, *axes), tuple(input.shape[one] for one in kept)
    rows, n = math.prod(outer), math.prod(input.shape[one] for one in axes)
    make, dtype, scale = current().empty, input.dtype, factor(reduction, rows)
    loss, total = make((rows,), dtype), make((1,), dtype)
    gradient = make((rows, n) if wanted else (0, 0), dtype)
    flat = (check.contiguous(x.transpose(order)).reshape(rows, n) for x in (input, target))
    kernel("losses.sets.overlap")(*flat, *weights, eps, scale, loss, gradient, total)
    result = loss.reshape(outer) if reduction == "none" else total.reshape(())
    if not wanted:
        return result, None
    back = sorted(range(input.ndim), key=order.__getitem__)
    return result, gradient.reshape([input.shape[one] for one in order]).transpose(back)


def _overlap_example(draw: Draw, rows: int, n: int) -> Sample:
    return Sample((draw.uniform(rows, n), np.asarray(draw.rng.integers(0, 2, (rows, n)), draw.dtype)), {"axis": 1})


def _of_overlap(formula: str, samples: Any):
    return operation(
        formula=formula,
        samples=samples,
        cost=lambda input, *_, **__: Cost(4 * input.size, 2 * input.nbytes),
        backward_cost=lambda input, *_, **__: Cost(6 * input.size, 4 * input.nbytes),
        example=_overlap_example,
        workloads={"16×16K": (16, 1 << 14)},
        with_gradient=True,
        rtol=2e-5,
        atol=2e-6,
        why="sums of up to 17000 numbers, and the difference of their ratio from 1",
    )


@_of_overlap("1 − (2 Σ t x + ε) / (Σ t + Σ x + ε)", lambda draw: _overlap_samples(draw, ({},)))
def dice_loss(input, target, axis=None, reduction="mean"):
    """Keras's Dice: 1 − (2 Σ t x + ε) / (Σ t + Σ x + ε), 0 where prediction x and mask t are the same 0s and 1s.

    Parameters
    ----------
    input, target : arrays of one shape
    axis : int or tuple of them, optional
        The axes that a sum goes over; all of them without.
    reduction : "mean", "sum" or "none"
        Of what axes are left.

    ε is 10⁻⁷. Milletari et al., "V-Net", 2016.
    """
    return _overlap("dice_loss", input, target, axis, TINY, (2.0, 0.0, 1.0, 1.0), reduction, False)[0]


def dice_loss_with_gradient(input, target, axis=None, reduction="mean"):
    """`dice_loss`, and its gradient by the input."""
    return _overlap("dice_loss", input, target, axis, TINY, (2.0, 0.0, 1.0, 1.0), reduction, True)


@_of_overlap(
    "1 − (Σ t x + ε) / (Σ t x + α Σ (1 − t) x + β Σ t (1 − x) + ε)",
    lambda draw: _overlap_samples(draw, ({"alpha": 0.3, "beta": 0.9},)),
)
def tversky_loss(input, target, alpha=0.5, beta=0.5, axis=None, reduction="mean"):
    """Keras's Tversky: 1 − (Σ t x + ε) / (Σ t x + α Σ (1 − t) x + β Σ t (1 − x) + ε).

    `alpha` α weighs what was found wrongly, `beta` β what was missed, both from 0 on; with ½ and ½ it is `dice_loss`.
    The rest as there. Salehi et al., "Tversky loss function for image segmentation", 2017.
    """
    return _tversky(input, target, alpha, beta, axis, reduction, False)[0]


def tversky_loss_with_gradient(input, target, alpha=0.5, beta=0.5, axis=None, reduction="mean"):
    """`tversky_loss`, and its gradient by the input."""
    return _tversky(input, target, alpha, beta, axis, reduction, True)


def _tversky(input, target, alpha, beta, axis, reduction, wanted: bool) -> tuple:
    name = "tversky_loss"
    alpha, beta = check.number(name, "alpha", alpha, 0), check.number(name, "beta", beta, 0)
    return _overlap(name, input, target, axis, TINY, (1.0, 1 - alpha - beta, alpha, beta), reduction, wanted)


def _unit(draw: Draw, rows: int, n: int) -> np.ndarray:
    x = draw.normal(rows, n)
    return x / np.sqrt((x**2).sum(1, keepdims=True))


def _circle_samples(draw: Draw):
    def some(rows):
        return np.asarray(draw.rng.integers(0, 3, rows), np.int64)

    for reduction in REDUCTIONS:
        options = {"reduction": reduction, "gamma": 5.0}
        yield Sample((_unit(draw, 9, 4), some(9)), options, note=f"{options}")
    options = {"ref_labels": some(33), "ref_embeddings": _unit(draw, 33, 4), "remove_diagonal": False, "margin": 0.2}
    yield Sample((_unit(draw, 5, 4), some(5)), {"gamma": 8.0, **options}, note="others to compare with")
    yield Sample((_unit(draw, 7, 4), some(7)), note="the usual gamma")
    yield Sample((_unit(draw, 3, 4), np.zeros(3, np.int64)), smooth=False, note="one label alone")
    yield Sample((2 * _unit(draw, 5, 3), some(5)), {"gamma": 2.0}, smooth=False, note="vectors longer than 1")
    yield Sample((_unit(draw, 0, 4), some(0)), note="nothing")


@operation(
    formula="log(1 + Σ exp(γ [1 + m − d]₊ (1 − m − d)) Σ exp(γ (d + m) (d − m)))",
    samples=_circle_samples,
    cost=lambda input, *_, **__: Cost(2 * len(input) * input.size, input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(6 * len(input) * input.size, 2 * input.nbytes),
    example=lambda draw, rows, n: Sample((_unit(draw, rows, n), np.asarray(draw.rng.integers(0, 9, rows)))),
    workloads={"256×64": (256, 64)},
    with_gradient=True,
    rtol=1e-4,
    atol=5e-5,
    why="similarities, rounded to 10⁻⁷, are multiplied by gamma, up to 80, and stand in an exponent",
)
def circle_loss(
    input,
    target,
    ref_labels=None,
    ref_embeddings=None,
    remove_diagonal=True,
    gamma=80.0,
    margin=0.4,
    reduction="mean",
):
    """Keras's Circle: vectors of one label should be alike, those of different ones not.

    For a row, log(1 + Σ exp(γ [1 + m − d]₊ (1 − m − d)) Σ exp(γ (d + m) (d − m))), where d = [1 − x·y]₊ is the distance
    from a vector y: the first sum is over those of other labels, the second over those of the same one. A row that
    lacks either has the loss 0.

    Parameters
    ----------
    input : array (N, D)
        Vectors x, of length 1.
    target : integers (N,)
        Their labels.
    ref_labels, ref_embeddings : integers (M,) and array (M, D), optional
        The vectors y and their labels; else the input's own. They have no gradient.
    remove_diagonal : bool
        A row isn't compared with the y of its own number.
    gamma : float γ, from 0 on
    margin : float m, from 0 to 1
    reduction : as for `mse_loss`

    Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization", 2020.
    """
    options = (ref_labels, ref_embeddings, remove_diagonal, gamma, margin)
    return _circle(input, target, *options, reduction, False)[0]


def circle_loss_with_gradient(
    input,
    target,
    ref_labels=None,
    ref_embeddings=None,
    remove_diagonal=True,
    gamma=80.0,
    margin=0.4,
    reduction="mean",
):
    """`circle_loss`, and its gradient by the input; with reduction="none" that of the losses' sum."""
    options = (ref_labels, ref_embeddings, remove_diagonal, gamma, margin)
    return _circle(input, target, *options, reduction, True)


def _circle(x, target, ref_labels, ref, remove_diagonal, gamma, margin, reduction, wanted: bool) -> tuple:
    name = "circle_loss"
    check.real(name, "input", x)
    if x.ndim != 2:
        raise ValueError(f"{name}: input has the shape {x.shape}, it must be (N, D)")
    if (ref is None) != (ref_labels is None):
        raise ValueError(f"{name}: ref_labels and ref_embeddings must be given together, or neither")
    gamma, margin = check.number(name, "gamma", gamma, 0), check.number(name, "margin", margin, 0, 1)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    labels = of_columns = _labels(name, "target", target, len(x))
    others = x
    if ref is not None:
        check.same_dtype(name, "ref_embeddings", ref, "input", x)
        check.shape(name, "ref_embeddings", ref, (*ref.shape[:1], x.shape[1]), "(as long as those of the input)")
        others, of_columns = ref, _labels(name, "ref_labels", ref_labels, len(ref))
    make, dtype, rows = current().empty, x.dtype, len(x)
    similarity = matmul(x, others.T)
    loss, total = make((rows,), dtype), make((1,), dtype)
    slopes = make(similarity.shape if wanted else (0, 0), dtype)
    parameters = (not remove_diagonal, gamma, margin, factor(reduction, rows))
    kernel("losses.sets.circle")(similarity, labels, of_columns, *parameters, loss, slopes, total)
    result = loss if reduction == "none" else total.reshape(())
    if not wanted:
        return result, None
    gradient = matmul(slopes, others)
    if ref is None:
        gradient += matmul(slopes.T, x)
    return result, gradient


def _labels(name: str, which: str, labels: Any, count: int) -> Any:
    check.array(name, which, labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{name}: {which} must hold labels (integers), not {labels.dtype}")
    check.shape(name, which, labels, (count,), "(one label a row)")
    return check.contiguous(labels.astype(np.int64, copy=False))
