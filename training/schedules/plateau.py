"""A rate that falls where training has stopped getting better."""

import math

from ..optimizers import Optimizer
from .base import LRScheduler, refuse


class ReduceLROnPlateau(LRScheduler):
    """The rate is multiplied by `factor` when `metrics` hasn't become better for more than `patience` steps.

    Call `step(metrics)` with the loss of an epoch (mode "min") or the accuracy ("max"). Better is: below
    best · (1 − threshold), or best − threshold with threshold_mode "abs"; above with a plus. For `cooldown` steps after
    a fall nothing counts as bad. No rate falls below `min_lr`, nor by `eps` or less. NaN is never better.
    """

    saved = ("best", "cooldown_counter", "num_bad_epochs")

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0.0,
        eps: float = 1e-8,
    ):
        refuse(self, "factor", factor, factor < 1, "below 1")
        refuse(self, "mode", mode, mode in ("min", "max"), "one of 'min', 'max'")
        refuse(self, "threshold_mode", threshold_mode, threshold_mode in ("rel", "abs"), "one of 'rel', 'abs'")
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown, self.eps = threshold, threshold_mode, cooldown, eps
        self.min_lrs = self.by_group("min_lr", min_lr)
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = 0
        super().__init__(optimizer)

    def rate(self, number, lr, base, initial):
        return lr

    def step(self, metrics: float) -> None:  # type: ignore[override]
        """Set the rates of the next step."""
        current = float(metrics)
        self.last_epoch += 1
        if self._is_better(current):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self.num_bad_epochs > self.patience:
            lower = [max(lr * self.factor, least) for lr, least in zip(rates, self.min_lrs)]
            rates = [new if lr - new > self.eps else lr for lr, new in zip(rates, lower)]
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._set(rates)

    def _is_better(self, current: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        relative = self.threshold_mode == "rel"
        least = self.best * (1 + sign * self.threshold) if relative else self.best + sign * self.threshold
        return current > least if self.mode == "max" else current < least
