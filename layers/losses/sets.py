"""Losses of whole sets: Keras's."""

from .base import Loss


class _Overlap(Loss):
    """A loss over some axes."""

    def _spread(self, grad, gradient):
        axis = self._options["axis"]
        if not getattr(grad, "ndim", 0):
            return grad
        axes = {one % gradient.ndim for one in (axis if isinstance(axis, tuple) else (axis,))}
        return grad[tuple(None if one in axes else slice(None) for one in range(gradient.ndim))]


class Dice(_Overlap):
    """Keras's 1 − 2 Σ t x / (Σ t + Σ x), for masks t, over the axes `axis`, or over all."""

    def __init__(self, axis: int | tuple[int, ...] | None = None, reduction: str = "mean"):
        super().__init__("dice_loss", axis=axis, reduction=reduction)


class Tversky(_Overlap):
    """Keras's 1 − Σ t x / (Σ t x + alpha Σ (1 − t) x + beta Σ t (1 − x)), for masks t, over the axes `axis`, or all."""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        axis: int | tuple[int, ...] | None = None,
        reduction: str = "mean",
    ):
        super().__init__("tversky_loss", alpha=alpha, beta=beta, axis=axis, reduction=reduction)


class Circle(Loss):
    """Keras's: vectors (of length 1) of one label should be alike, those of different ones not.

    criterion(vectors, labels), or criterion(vectors, labels, ref_labels, ref_embeddings) to compare with others. With
    reduction="none" there is no way back.
    """

    apart = False

    def __init__(self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, reduction: str = "mean"):
        super().__init__(
            "circle_loss", gamma=gamma, margin=margin, remove_diagonal=remove_diagonal, reduction=reduction
        )
