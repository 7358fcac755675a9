"""Losses of several predictions: backward returns a gradient for each."""

from typing import Any

from .base import Loss, RowLoss


class MarginRankingLoss(Loss):
    """max(0, margin − t (x₁ − x₂)): criterion(input1, input2, target)."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean"):
        super().__init__("margin_ranking_loss", margin=margin, reduction=reduction)


class CosineEmbeddingLoss(RowLoss):
    """1 − cos(x₁, x₂) for the target 1, max(0, cos(x₁, x₂) − margin) for −1: criterion(input1, input2, target)."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean"):
        super().__init__("cosine_embedding_loss", margin=margin, reduction=reduction)


class CosineSimilarityLoss(RowLoss):
    """Keras's CosineSimilarity (in PyTorch that is no loss): −cos(input, target), with a gradient by the input."""

    def __init__(self, axis: int = -1, reduction: str = "mean"):
        super().__init__("cosine_similarity_loss", axis=axis, reduction=reduction)
        self.axis = axis


class TripletMarginLoss(RowLoss):
    """max(0, ‖a − p‖ − ‖a − n‖ + margin): criterion(anchor, positive, negative)."""

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, reduction: str = "mean"
    ):
        super().__init__("triplet_margin_loss", margin=margin, p=p, eps=eps, swap=swap, reduction=reduction)


class TripletMarginWithDistanceLoss(Loss):
    """max(0, d(a, p) − d(a, n) + margin): criterion(anchor, positive, negative), for a distance d of your own.

    `distance_function.forward(x, y)` gives the distances and their way back, `backward(grad)` → the gradients by x and
    by y; without one, d is Euclid's distance, as in `TripletMarginLoss`. With `swap`, d(p, n) stands for d(a, n) where
    it is smaller.
    """

    def __init__(
        self, *, distance_function: Any = None, margin: float = 1.0, swap: bool = False, reduction: str = "mean"
    ):
        super().__init__("margin_ranking_loss", margin=margin, reduction=reduction)
        self._distance, self._swap = distance_function, swap
        self._euclid = TripletMarginLoss(margin, swap=swap, reduction=reduction)

    def __call__(self, *inputs: Any) -> Any:
        return self.forward(*inputs)[0]

    def forward(self, *inputs: Any) -> tuple[Any, Any]:
        """The loss and its way back, to the gradients by anchor, positive and negative."""
        if self._distance is None:
            return self._euclid.forward(*inputs)
        anchor, positive, negative = inputs
        near, near_back = self._distance.forward(anchor, positive)
        far, far_back = self._distance.forward(anchor, negative)
        swapped, other_back = 0 * far, None
        if self._swap:
            other, other_back = self._distance.forward(positive, negative)
            swapped = (other < far).astype(far.dtype)
            far = swapped * other + (1 - swapped) * far
        # max(0, margin − t (near − far)) for the target t = −1.
        loss, back = super().forward(near, far, 0 * near - 1)

        def backward(grad: Any = None) -> tuple[Any, Any, Any]:
            by_near, by_far = back(grad)
            by_anchor, by_positive = near_back(by_near)
            more, by_negative = far_back(by_far * (1 - swapped))
            by_anchor = by_anchor + more
            if other_back is not None:
                more, another = other_back(by_far * swapped)
                by_positive, by_negative = by_positive + more, by_negative + another
            return by_anchor, by_positive, by_negative

        return loss, backward
