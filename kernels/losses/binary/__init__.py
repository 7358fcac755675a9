"""Losses of a yes or no: targets 0 and 1 with probabilities or logits, and targets −1 and 1 with margins."""

from typing import Any

from ... import check
from ...operation import Cost, Draw, Sample, operation
from ..common import (
    all_samples,
    elementwise,
    elementwise_loss,
    inside,
    normal,
    optional_like,
    pair,
    samples,
    signs,
    uniform,
)


def _loss(name: str, input: Any, target: Any, reduction: str, gradients: int, *parameters: Any) -> tuple:
    return elementwise(f"binary.{name}", pair(name, input, target), reduction, gradients, parameters)


def _bce_samples(draw: Draw):
    yield from samples(draw, inside, uniform)
    for reduction, weight in (("mean", draw.uniform(4, 1, 5)), ("none", draw.uniform(5))):
        arrays = (inside(draw, 4, 3, 5), draw.uniform(4, 3, 5))
        yield Sample(arrays, {"weight": weight, "reduction": reduction}, note=f"weights, {reduction}")
    sure = draw.arrange(draw.rng.integers(0, 2, (2, 9)).astype(draw.dtype), "contiguous")
    yield Sample((sure[0], sure[1]), {"reduction": "none"}, smooth=False, note="certainties")


@elementwise_loss(
    "−w (t log x + (1 − t) log(1 − x))",
    flops=12,
    arrays=(inside, uniform),
    samples=_bce_samples,
    torch=lambda torch, input, target, weight=None, reduction="mean": torch.nn.functional.binary_cross_entropy(
        input, target, weight, reduction=reduction
    ),
)
def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    """−w (t log x + (1 − t) log(1 − x)), x being the input (a probability) and t the target, from 0 to 1.

    `weight` w is an array that broadcasts to the input; `reduction` as for `mse_loss`. No logarithm counts as less
    than −100. An input that is no probability has the loss NaN. From logits, `binary_cross_entropy_with_logits` is
    more exact.
    """
    return _bce(input, target, weight, reduction, -1)[0]


def binary_cross_entropy_with_gradient(input, target, weight=None, reduction="mean"):
    """`binary_cross_entropy`, and its gradient w (x − t) / (x (1 − x)) by the input; the divisor is 10⁻¹² at least."""
    return _bce(input, target, weight, reduction, 1)


def _bce(input, target, weight, reduction, gradients: int) -> tuple:
    name = "binary_cross_entropy"
    arrays = pair(name, input, target)
    return elementwise(f"binary.{name}", (*arrays, optional_like(name, "weight", weight, input)), reduction, gradients)


def _bce_options(draw: Draw, shape: tuple[int, ...]):
    yield {}
    if len(shape) == 3:
        yield {"weight": draw.uniform(*shape)}
        yield {"pos_weight": draw.uniform(shape[-1], high=3)}
        yield {"weight": draw.uniform(shape[0], 1, 1), "pos_weight": draw.uniform(1, high=3)}


@operation(
    formula="−w (p t log σ(x) + (1 − t) log(1 − σ(x)))",
    samples=lambda draw: all_samples(draw, _bce_options),
    cost=lambda input, *_, **__: Cost(10 * input.size, 2 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(16 * input.size, 3 * input.nbytes),
    example=lambda draw, *shape: Sample((draw.normal(*shape), draw.uniform(*shape))),
    workloads={"1M": (1 << 20,), "64K": (1 << 16,)},
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
    return _with_logits(input, target, weight, reduction, pos_weight, -1)[0]


def binary_cross_entropy_with_logits_with_gradient(input, target, weight=None, reduction="mean", pos_weight=None):
    """`binary_cross_entropy_with_logits`, and its gradient w ((1 + (p − 1) t) σ(x) − p t) by the input."""
    return _with_logits(input, target, weight, reduction, pos_weight, 1)


def _with_logits(input, target, weight, reduction, pos_weight, gradients: int) -> tuple:
    name = "binary_cross_entropy_with_logits"
    arrays = pair(name, input, target)
    weights = (optional_like(name, which, x, input) for which, x in (("weight", weight), ("pos_weight", pos_weight)))
    return elementwise(f"binary.{name}", (*arrays, *weights), reduction, gradients)


@elementwise_loss(
    "log(1 + exp(−t x))",
    flops=10,
    arrays=(normal, signs),
    samples=lambda draw: samples(draw, normal, signs),
    torch=lambda torch, input, target, reduction="mean": torch.nn.functional.soft_margin_loss(
        input, target, reduction=reduction
    ),
)
def soft_margin_loss(input, target, reduction="mean"):
    """log(1 + exp(−t x)), x being the input and t the target, −1 or 1.

    No exponential of a positive number is taken, so that a large x has a finite loss, where PyTorch's is ∞.
    `reduction` as for `mse_loss`.
    """
    return _loss("soft_margin_loss", input, target, reduction, -1)[0]


def soft_margin_loss_with_gradient(input, target, reduction="mean"):
    """`soft_margin_loss`, and its gradient −t σ(−t x) by the input."""
    return _loss("soft_margin_loss", input, target, reduction, 1)


@elementwise_loss(
    "x for the target 1, max(0, margin − x) for −1",
    flops=3,
    arrays=(normal, signs),
    samples=lambda draw: samples(draw, normal, signs, ({}, {"margin": 0.5}), extremes=(-1, 1)),
    torch=lambda torch, input, target, margin=1.0, reduction="mean": torch.nn.functional.hinge_embedding_loss(
        input, target, margin, reduction=reduction
    ),
)
def hinge_embedding_loss(input, target, margin=1.0, reduction="mean"):
    """x for the target 1, max(0, margin − x) for −1, x being the input, a distance; `reduction` as for `mse_loss`.

    A target that is neither has the sum of both.
    """
    margin = check.number("hinge_embedding_loss", "margin", margin)
    return _loss("hinge_embedding_loss", input, target, reduction, -1, margin)[0]


def hinge_embedding_loss_with_gradient(input, target, margin=1.0, reduction="mean"):
    """`hinge_embedding_loss`, and its gradient by the input: 1, or −1 up to the margin."""
    margin = check.number("hinge_embedding_loss", "margin", margin)
    return _loss("hinge_embedding_loss", input, target, reduction, 1, margin)


@elementwise_loss(
    "max(0, 1 − t x)",
    flops=3,
    arrays=(normal, signs),
    samples=lambda draw: samples(draw, normal, signs, extremes=(0, 1)),
)
def hinge_loss(input, target, reduction="mean"):
    """Keras's Hinge: max(0, 1 − t x), x being the input and t the target, −1 or 1; 0 means −1.

    `reduction` as for `mse_loss`.
    """
    return _loss("hinge_loss", input, target, reduction, -1)[0]


def hinge_loss_with_gradient(input, target, reduction="mean"):
    """`hinge_loss`, and its gradient by the input: −t where t x < 1, else 0."""
    return _loss("hinge_loss", input, target, reduction, 1)


@elementwise_loss(
    "max(0, 1 − t x)²",
    flops=4,
    arrays=(normal, signs),
    samples=lambda draw: samples(draw, normal, signs, extremes=(0, 1)),
)
def squared_hinge_loss(input, target, reduction="mean"):
    """Keras's SquaredHinge: max(0, 1 − t x)², else as `hinge_loss`."""
    return _loss("squared_hinge_loss", input, target, reduction, -1)[0]


def squared_hinge_loss_with_gradient(input, target, reduction="mean"):
    """`squared_hinge_loss`, and its gradient −2 t max(0, 1 − t x) by the input."""
    return _loss("squared_hinge_loss", input, target, reduction, 1)


def _focal_samples(draw: Draw):
    balanced = {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5, "label_smoothing": 0.1}
    yield from samples(draw, normal, uniform, ({"from_logits": True}, {"from_logits": True, **balanced}), (0, 1))
    yield from samples(draw, inside, uniform, ({}, {"gamma": 0.5}))


@elementwise_loss(
    "−w mᵞ (t log p + (1 − t) log(1 − p)), m = t (1 − p) + (1 − t) p",
    flops=40,
    arrays=(inside, uniform),
    samples=_focal_samples,
    rtol=2e-5,
    atol=3e-6,
    why="logarithms of probabilities near 1, where a rounding is large beside 1 − p, and a power by a logarithm",
)
def binary_focal_crossentropy(
    input,
    target,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    reduction="mean",
):
    """Keras's: cross-entropy times mᵞ, m = t (1 − p) + (1 − t) p being the probability of what isn't so.

    Parameters
    ----------
    input, target : arrays of one shape
        The probability p (with `from_logits` its logit), and t from 0 to 1.
    apply_class_balancing : bool
        Weights by t α + (1 − t) (1 − α).
    alpha : float α, from 0 to 1
    gamma : float γ, at least 0
        How much less counts what is known already.
    label_smoothing : float ε, from 0 to 1
        The target becomes (1 − ε) t + ½ ε.
    reduction : as for `mse_loss`

    A probability counts as 10⁻⁷ at least in a logarithm. Lin et al., "Focal Loss for Dense Object Detection", 2017.
    """
    options = (apply_class_balancing, alpha, gamma, from_logits, label_smoothing)
    return _focal(input, target, *options, reduction, -1)[0]


def binary_focal_crossentropy_with_gradient(
    input,
    target,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    reduction="mean",
):
    """`binary_focal_crossentropy`, and its gradient by the input."""
    options = (apply_class_balancing, alpha, gamma, from_logits, label_smoothing)
    return _focal(input, target, *options, reduction, 1)


def _focal(input, target, balancing, alpha, gamma, from_logits, smoothing, reduction, gradients: int) -> tuple:
    name = "binary_focal_crossentropy"
    alpha = check.number(name, "alpha", alpha, 0, 1)
    gamma = check.number(name, "gamma", gamma, 0)
    smoothing = check.number(name, "label_smoothing", smoothing, 0, 1)
    weights = (1 - alpha, alpha) if balancing else (1.0, 1.0)
    return _loss(name, input, target, reduction, gradients, gamma, smoothing, *weights, bool(from_logits))
