"""Losses of several predictions at once: which of two is larger, which of three lie together, which way they point."""

import math
from typing import Any

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from ..common import REDUCTIONS, elementwise, elementwise_loss, factor, normal, samples, signs

ROWS = {"4096×128": (4096, 128)}


@elementwise_loss(
    "max(0, margin − t (x₁ − x₂))",
    flops=4,
    arrays=(normal, normal, signs),
    samples=lambda draw: samples(draw, normal, normal, ({}, {"margin": 0.5}), (0,), more=(signs,)),
    differentiable=("input1", "input2"),
    torch=lambda torch, input1, input2, target, margin=0.0, reduction="mean": torch.nn.functional.margin_ranking_loss(
        input1, input2, target, margin, reduction=reduction
    ),
)
def margin_ranking_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """max(0, margin − t (x₁ − x₂)): the first input should be larger where the target t is 1, the second for −1.

    Arrays of one shape; `reduction` as for `mse_loss`.
    """
    return _ranking(input1, input2, target, margin, reduction, -2)[0]


def margin_ranking_loss_with_gradient(input1, input2, target, margin=0.0, reduction="mean"):
    """`margin_ranking_loss`, and its gradients by both inputs: −t and t up to the margin."""
    return _ranking(input1, input2, target, margin, reduction, 2)


def _ranking(input1, input2, target, margin, reduction, gradients: int) -> tuple:
    name = "margin_ranking_loss"
    check.real(name, "input1", input1)
    check.like(name, "input2", input2, "input1", input1)
    check.like(name, "target", target, "input1", input1)
    margin = check.number(name, "margin", margin)
    return elementwise(f"pairs.{name}", (input1, input2, target), reduction, gradients, (margin,))


def _rows(name: str, arrays: dict, gradients: int, reduction: str, *parameters: Any, more: tuple = ()) -> tuple:
    """Run a loss of vectors along the last axis: (loss, its gradients, None where not wanted).

    `arrays` are the inputs by name, `more` further arrays, `gradients` how many there are, negative for none wanted.
    """
    (first, x), *others = arrays.items()
    check.real(name, first, x)
    if x.ndim == 0:
        raise ValueError(f"{name}: {first} is 0-dimensional, it must be (D,), (N, D) or (…, D)")
    for which, y in others:
        check.like(name, which, y, first, x)
    check.choice(name, "reduction", reduction, REDUCTIONS)
    make, outer = current().empty, x.shape[:-1]
    rows, n = math.prod(outer), x.shape[-1]
    scale = factor(reduction, rows)
    flat = [check.contiguous(y).reshape(rows, n) for y in arrays.values()]
    loss, total = make((rows,), x.dtype), make((1,), x.dtype)
    found = [make((rows, n) if gradients > 0 else (0, 0), x.dtype) for _ in range(abs(gradients))]
    kernel(f"losses.pairs.{name}")(*flat, *more, *parameters, scale, loss, *found, total)
    result = loss.reshape(outer) if reduction == "none" else total.reshape(())
    return result, *(g.reshape(x.shape) if gradients > 0 else None for g in found)


def _row_samples(draw: Draw, count: int, variants: tuple, target: bool = False):
    shapes = ((5, 7), "mean"), ((3, 33), "none"), ((2, 300), "sum")
    for k, options in enumerate(variants):
        for shape, reduction in shapes if k == 0 else shapes[:1]:
            arrays = [draw.normal(*shape) for _ in range(count)]
            arrays += [signs(draw, shape[0])] * target
            yield Sample(tuple(arrays), {"reduction": reduction, **options}, note=f"{reduction} of {shape}, {options}")
    for shape, reduction in (((6,), "mean"), ((0, 4), "mean")):
        arrays = [draw.normal(*shape) for _ in range(count)]
        arrays += [signs(draw, *shape[:-1])] * target
        yield Sample(tuple(arrays), {"reduction": reduction}, note=f"{reduction} of {shape}")


def _embedding_samples(draw: Draw):
    yield from _row_samples(draw, 2, ({}, {"margin": -0.3}), target=True)
    x, y = draw.normal(5, 3), draw.normal(5, 3)
    x[0], y[1], y[2], x[3, 1], y[4, 2] = 0, 0, x[2], float("nan"), float("inf")
    for t in (-1, 1):
        target = draw.arrange(draw.uniform(5) * 0 + t, "contiguous")
        yield Sample((x, y, target), {"reduction": "none"}, smooth=False, note=f"extreme values for {t}")


@operation(
    formula="1 − cos(x₁, x₂) or max(0, cos(x₁, x₂) − margin)",
    samples=_embedding_samples,
    cost=lambda input1, *_, **__: Cost(6 * input1.size, 2 * input1.nbytes),
    backward_cost=lambda input1, *_, **__: Cost(12 * input1.size, 4 * input1.nbytes),
    example=lambda draw, rows, n: Sample((draw.normal(rows, n), draw.normal(rows, n), signs(draw, rows))),
    workloads=ROWS,
    differentiable=("input1", "input2"),
    with_gradient=True,
    torch=lambda torch, input1, input2, target, margin=0.0, reduction="mean": torch.nn.functional.cosine_embedding_loss(
        input1, input2, target, margin, reduction=reduction
    ),
    rtol=2e-5,
    atol=5e-6,
    why="sums of up to 300 products; and 1 − cos is a difference of numbers near each other",
)
def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction="mean"):
    """1 − cos(x₁, x₂) for the target 1, max(0, cos(x₁, x₂) − margin) for −1.

    Parameters
    ----------
    input1, input2 : arrays (N, D), (D,) or (…, D)
        The cosine is x₁·x₂ / √((x₁·x₁ + 10⁻¹²) (x₂·x₂ + 10⁻¹²)).
    target : array of their shape without the last axis
        1 or −1; of another target the loss is 0.
    margin : float
    reduction : as for `mse_loss`
    """
    return _embedding(input1, input2, target, margin, reduction, -2)[0]


def cosine_embedding_loss_with_gradient(input1, input2, target, margin=0.0, reduction="mean"):
    """`cosine_embedding_loss`, and its gradients by both inputs."""
    return _embedding(input1, input2, target, margin, reduction, 2)


def _embedding(input1, input2, target, margin, reduction, gradients: int) -> tuple:
    name = "cosine_embedding_loss"
    check.real(name, "input1", input1)
    check.same_dtype(name, "target", target, "input1", input1)
    check.shape(name, "target", target, input1.shape[:-1], "(one number a row of the inputs)")
    margin = check.number(name, "margin", margin)
    arrays, target = {"input1": input1, "input2": input2}, check.contiguous(target).reshape(-1)
    return _rows(name, arrays, gradients, reduction, margin, more=(target,))


def _similarity_samples(draw: Draw):
    yield from _row_samples(draw, 2, ({},))
    arrays = draw.normal(4, 5, 3), draw.normal(4, 5, 3)
    yield Sample(arrays, {"axis": 1, "reduction": "none"}, note="axis 1")
    x = draw.normal(2, 3)
    x[1] = 0
    yield Sample((x, draw.normal(2, 3)), {"reduction": "none"}, smooth=False, note="a vector of zeros")


@operation(
    formula="−cos(x, t)",
    samples=_similarity_samples,
    cost=lambda input, *_, **__: Cost(6 * input.size, 2 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(9 * input.size, 3 * input.nbytes),
    example=lambda draw, rows, n: Sample((draw.normal(rows, n), draw.normal(rows, n))),
    workloads=ROWS,
    with_gradient=True,
    rtol=2e-5,
    atol=5e-6,
    why="sums of up to 300 products",
)
def cosine_similarity_loss(input, target, axis=-1, reduction="mean"):
    """Keras's CosineSimilarity: −cos(x, t) of vectors along an axis, −1 where they point the same way.

    Parameters
    ----------
    input, target : arrays of one shape
        A vector is divided by its length, or by 10⁻⁷ where it is shorter.
    axis : int
    reduction : as for `mse_loss`
    """
    return _similarity(input, target, axis, reduction, -1)[0]


def cosine_similarity_loss_with_gradient(input, target, axis=-1, reduction="mean"):
    """`cosine_similarity_loss`, and its gradient by the input."""
    return _similarity(input, target, axis, reduction, 1)


def _similarity(input, target, axis, reduction, gradients: int) -> tuple:
    name = "cosine_similarity_loss"
    check.real(name, "input", input)
    check.like(name, "target", target, "input", input)
    axis = check.axis(name, axis, input.ndim)
    if input.ndim > 1 and axis != input.ndim - 1:
        order = (*(i for i in range(input.ndim) if i != axis), axis)
        back = sorted(range(input.ndim), key=order.__getitem__)
        input, target = input.transpose(order), target.transpose(order)
        loss, gradient = _rows(name, {"input": input, "target": target}, gradients, reduction)
        return loss, gradient.transpose(back) if gradients > 0 else None
    return _rows(name, {"input": input, "target": target}, gradients, reduction)


def _triplet_samples(draw: Draw):
    yield from _row_samples(draw, 3, ({}, {"margin": 3.0, "swap": True}, {"p": 3.0, "swap": True}, {"p": 1.0}))
    x = draw.normal(2, 3)
    yield Sample((x, x.copy(), x.copy()), {"eps": 0.0}, smooth=False, note="no distance")


@operation(
    formula="max(0, ‖a − p‖ − ‖a − n‖ + margin)",
    samples=_triplet_samples,
    cost=lambda anchor, *_, **__: Cost(8 * anchor.size, 3 * anchor.nbytes),
    backward_cost=lambda anchor, *_, **__: Cost(16 * anchor.size, 6 * anchor.nbytes),
    example=lambda draw, rows, n: Sample((draw.normal(rows, n), draw.normal(rows, n), draw.normal(rows, n))),
    workloads=ROWS,
    differentiable=("anchor", "positive", "negative"),
    with_gradient=True,
    torch=lambda torch, anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean": (
        torch.nn.functional.triplet_margin_loss(
            anchor, positive, negative, margin=margin, p=p, eps=eps, swap=swap, reduction=reduction
        )
    ),
    rtol=2e-5,
    atol=2e-5,
    why="a difference of distances up to 25, whose roundings are some 10⁻⁶, and powers by logarithms",
)
def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    """max(0, ‖a − p‖ − ‖a − n‖ + margin): the anchor should lie nearer to the positive than to the negative.

    Parameters
    ----------
    anchor, positive, negative : arrays (N, D), (D,) or (…, D), of one shape
    margin : float
    p : float, at least 1
        The distance is ‖v‖ = (Σ |v + ε|ᵖ)^(1/p).
    eps : float ε
    swap : bool
        Takes ‖p − n‖ for ‖a − n‖ where it is smaller.
    reduction : as for `mse_loss`

    Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural networks", 2016.
    """
    return _triplet(anchor, positive, negative, margin, p, eps, swap, reduction, -3)[0]


def triplet_margin_loss_with_gradient(
    anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"
):
    """`triplet_margin_loss`, and its gradients by anchor, positive and negative."""
    return _triplet(anchor, positive, negative, margin, p, eps, swap, reduction, 3)


def _triplet(anchor, positive, negative, margin, p, eps, swap, reduction, gradients: int) -> tuple:
    name = "triplet_margin_loss"
    margin = check.number(name, "margin", margin)
    p, eps = check.number(name, "p", p, 1), check.number(name, "eps", eps)
    arrays = {"anchor": anchor, "positive": positive, "negative": negative}
    return _rows(name, arrays, gradients, reduction, margin, p, eps, bool(swap))
