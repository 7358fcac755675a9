"""Rates that fall (or rise) by a rule: PyTorch's names, arguments, defaults and values."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable

from ..optimizers import Optimizer
from .base import LRScheduler, refuse

Rule = Callable[[int], float]


class LambdaLR(LRScheduler):
    """γₜ = γ₀ f(t), f being `lr_lambda`, or one of a list for each group."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Rule | list[Rule], last_epoch: int = -1):
        self.optimizer = optimizer
        self.lr_lambdas = self.by_group("lr_lambda", lr_lambda)
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        return base * self.lr_lambdas[number](self.last_epoch)


class MultiplicativeLR(LambdaLR):
    """γₜ = γₜ₋₁ f(t), f being `lr_lambda`, or one of a list for each group."""

    def rate(self, number, lr, base, initial):
        return lr if initial else lr * self.lr_lambdas[number](self.last_epoch)

    def at_zero(self, number, lr, base):
        return self.rate(number, lr, base, False)


class StepLR(LRScheduler):
    """The rate is multiplied by `gamma` every `step_size` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1):
        refuse(self, "step_size", step_size, step_size >= 1, "at least 1")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        return lr * self.gamma if self.last_epoch and self.last_epoch % self.step_size == 0 else lr


class MultiStepLR(LRScheduler):
    """The rate is multiplied by `gamma` at each of the steps `milestones`, twice where one stands there twice."""

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1):
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        return lr * self.gamma ** self.milestones.count(self.last_epoch)

    def at_zero(self, number, lr, base):
        return base * self.gamma ** bisect_right(self.milestones, 0)


class ConstantLR(LRScheduler):
    """The rate is multiplied by `factor` until step `total_iters`."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1):
        refuse(self, "factor", factor, 0 < factor <= 1, "above 0 and at most 1")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        if self.last_epoch == 0:
            return lr * self.factor
        return lr / self.factor if self.last_epoch == self.total_iters else lr


class LinearLR(LRScheduler):
    """The rate's factor goes from `start_factor` to `end_factor` along a line, in `total_iters` steps."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ):
        refuse(self, "start_factor", start_factor, 0 < start_factor <= 1, "above 0 and at most 1")
        refuse(self, "end_factor", end_factor, 0 <= end_factor <= 1, "from 0 to 1")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        if self.last_epoch == 0:
            return lr * self.start_factor
        if initial or self.last_epoch > self.total_iters:
            return lr
        rise = self.end_factor - self.start_factor
        return lr * (1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))


class ExponentialLR(LRScheduler):
    """γₜ = γₜ₋₁ · `gamma`."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        return lr if initial else lr * self.gamma


class PolynomialLR(LRScheduler):
    """γₜ = γ₀ (1 − t / T)^`power`, 0 from T = `total_iters` on."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1):
        refuse(self, "total_iters", total_iters, total_iters >= 1, "at least 1")
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        t, total = self.last_epoch, self.total_iters
        if initial or t > total:
            return lr
        return lr * ((1 - t / total) / (1 - (t - 1) / total)) ** self.power


class CosineAnnealingLR(LRScheduler):
    """γₜ = γ_min + (γ₀ − γ_min) (1 + cos(π t / T)) / 2: down to γ_min = `eta_min` in T = `T_max` steps, up in T more.

    Source: Loshchilov and Hutter, SGDR, arXiv:1608.03983.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1):
        refuse(self, "T_max", T_max, T_max >= 1, "at least 1")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        t, half, least = self.last_epoch, self.T_max, self.eta_min
        if initial:
            return lr
        if (t - 1 - half) % (2 * half) == 0:  # the last rate was γ_min, of which nothing can be made
            return lr + (base - least) * (1 - math.cos(math.pi / half)) / 2
        return (1 + math.cos(math.pi * t / half)) / (1 + math.cos(math.pi * (t - 1) / half)) * (lr - least) + least
