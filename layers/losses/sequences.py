"""Losses of sequences."""

from .base import Loss


class CTCLoss(Loss):
    """−log of a target's probability over all its alignments: criterion(log_probs, targets, input_lengths,
    target_lengths), with a gradient by `log_probs`."""

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False):
        super().__init__("ctc_loss", blank=blank, reduction=reduction, zero_infinity=zero_infinity)
