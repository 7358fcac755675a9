"""Losses of class predictions."""

from typing import Any

from .base import Loss, RowLoss


class CrossEntropyLoss(Loss):
    """−log softmax(x)ₜ for the class t, or −Σ tᵢ log softmax(x)ᵢ for probabilities t; classes are on axis 1.

    `weight` has one number a class; samples of the class `ignore_index` count for nothing; `label_smoothing` ε mixes
    ε of the even distribution into the target.
    """

    def __init__(
        self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ):
        super().__init__(
            "cross_entropy",
            weight=weight,
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )


class NLLLoss(Loss):
    """−wₜ xₜ for the class t, x being logarithms of probabilities; classes are on axis 1."""

    def __init__(self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__("nll_loss", weight=weight, ignore_index=ignore_index, reduction=reduction)


class MultiMarginLoss(RowLoss):
    """Σ wₜ max(0, margin − xₜ + xᵢ)ᵖ / C for the class t."""

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"):
        super().__init__("multi_margin_loss", p=p, margin=margin, weight=weight, reduction=reduction)


class MultiLabelMarginLoss(RowLoss):
    """Σ max(0, 1 − xⱼ + xᵢ) / C over the labels j, which a target lists before a −1, and the other classes i."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("multilabel_margin_loss", reduction=reduction)


class MultiLabelSoftMarginLoss(RowLoss):
    """The mean of binary cross-entropy over the classes, which are the last axis."""

    def __init__(self, weight: Any = None, reduction: str = "mean"):
        super().__init__("multilabel_soft_margin_loss", weight=weight, reduction=reduction)


class CategoricalHinge(RowLoss):
    """Keras's max(0, 1 + max((1 − t) x) − Σ t x)."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("categorical_hinge_loss", reduction=reduction)


class CategoricalFocalCrossentropy(RowLoss):
    """Keras's −α Σ t (1 − p)ᵞ log p."""

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "mean",
    ):
        super().__init__(
            "categorical_focal_crossentropy",
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            reduction=reduction,
        )
        self.axis = axis


class CategoricalGeneralizedCrossEntropy(RowLoss):
    """Keras's (1 − xₜ^q) / q for the class t, x being probabilities."""

    def __init__(self, q: float = 0.5, reduction: str = "mean"):
        super().__init__("categorical_generalized_cross_entropy", q=q, reduction=reduction)
