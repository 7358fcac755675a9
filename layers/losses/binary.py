"""Losses of a yes or no."""

from typing import Any

from .base import Loss


class BCELoss(Loss):
    """−w (t log x + (1 − t) log(1 − x)), for the target t from 0 to 1 of the probability x."""

    def __init__(self, weight: Any = None, reduction: str = "mean"):
        super().__init__("binary_cross_entropy", weight=weight, reduction=reduction)


class BCEWithLogitsLoss(Loss):
    """−w (p t log σ(x) + (1 − t) log(1 − σ(x))), for the target t from 0 to 1 of the logit x.

    `weight` w and `pos_weight` p are arrays that broadcast to the input.
    """

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None):
        super().__init__("binary_cross_entropy_with_logits", weight=weight, reduction=reduction, pos_weight=pos_weight)


class SoftMarginLoss(Loss):
    """log(1 + exp(−t x)), for the target t, −1 or 1."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("soft_margin_loss", reduction=reduction)


class HingeEmbeddingLoss(Loss):
    """The input for the target 1, max(0, margin − input) for −1."""

    def __init__(self, margin: float = 1.0, reduction: str = "mean"):
        super().__init__("hinge_embedding_loss", margin=margin, reduction=reduction)


class Hinge(Loss):
    """Keras's max(0, 1 − t x), for the target t, −1 (or 0) or 1."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("hinge_loss", reduction=reduction)


class SquaredHinge(Loss):
    """Keras's max(0, 1 − t x)², for the target t, −1 (or 0) or 1."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("squared_hinge_loss", reduction=reduction)


class BinaryFocalCrossentropy(Loss):
    """Keras's: cross-entropy in which counts less what is known already."""

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
    ):
        super().__init__(
            "binary_focal_crossentropy",
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            reduction=reduction,
        )
