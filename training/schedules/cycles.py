"""Rates that go up and down: PyTorch's names, arguments, defaults and values."""

import math
from collections.abc import Callable

from ..optimizers import Optimizer
from .base import LRScheduler, Momentum, refuse


class CosineAnnealingWarmRestarts(LRScheduler):
    """γ = γ_min + (γ₀ − γ_min) (1 + cos(π t / T)) / 2, t being counted from the last restart, T steps ago at most.

        ╲    ╲        T is at first T_0, then T_mult times as long as before
         ╲_   ╲____

    Source: Loshchilov and Hutter, SGDR, arXiv:1608.03983.
    """

    saved = ("T_cur", "T_i")

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1):
        refuse(self, "T_0", T_0, isinstance(T_0, int) and T_0 >= 1, "an integer, at least 1")
        refuse(self, "T_mult", T_mult, isinstance(T_mult, int) and T_mult >= 1, "an integer, at least 1")
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        self.T_cur: float = last_epoch
        self.T_i = T_0
        super().__init__(optimizer, last_epoch)

    def rate(self, number, lr, base, initial):
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2

    def begin(self) -> None:
        self.step()

    def step(self, epoch: float | None = None) -> None:
        """Set the rates of the next step, or those at `epoch`, which may be between two: epoch + batch / batches."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            self.last_epoch += 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        else:
            refuse(self, "epoch", epoch, epoch >= 0, "at least 0")
            self._go_to(epoch)
            self.last_epoch = math.floor(epoch)
        self._set([self.rate(i, lr, base, False) for i, lr, base in self._groups()])

    def restart(self) -> None:
        self.step(0)

    def _go_to(self, epoch: float) -> None:
        """The cycle that `epoch` is in, and how far."""
        self.T_cur, self.T_i = epoch, self.T_0
        if self.T_mult == 1:
            self.T_cur = epoch % self.T_0
            return
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult


class CyclicLR(LRScheduler):
    """The rate goes from `base_lr` to `max_lr` in `step_size_up` steps, and back in `step_size_down`, again and again.

        ╱╲  ╱╲        triangular; triangular2: each cycle half as high; exp_range: height · gammaᵗ
       ╱  ╲╱  ╲

    `scale_fn` makes another height, of the cycle's number (from 1) or, with scale_mode="iterations", of the step's.
    With `cycle_momentum` the momentum, or Adam's β₁, falls from max_momentum to base_momentum while the rate rises.
    Source: Smith, Cyclical learning rates for training neural networks, arXiv:1506.01186.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ):
        modes = {"triangular": lambda x: 1.0, "triangular2": lambda x: 0.5 ** (x - 1), "exp_range": lambda x: gamma**x}
        self.scale_fn: Callable[[float], float]
        if scale_fn is not None:
            self.scale_fn = scale_fn
        else:
            refuse(self, "mode", mode, mode in modes, f"one of {', '.join(map(repr, modes))}")
            self.scale_fn, scale_mode = modes[mode], "iterations" if mode == "exp_range" else "cycle"
        refuse(self, "scale_mode", scale_mode, scale_mode in ("cycle", "iterations"), "one of 'cycle', 'iterations'")
        refuse(self, "step_size_up", step_size_up, step_size_up > 0, "above 0")
        self.optimizer, self.scale_mode = optimizer, scale_mode
        self.size = step_size_up + (step_size_up if step_size_down is None else step_size_down)
        self.up = step_size_up / self.size
        lows, self.max_lrs = self.by_group("base_lr", base_lr), self.by_group("max_lr", max_lr)
        self.momentum = Momentum(self, optimizer) if cycle_momentum else None
        self.base_momentums = self.by_group("base_momentum", base_momentum)
        self.max_momentums = self.by_group("max_momentum", max_momentum)
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, lows):
                group["lr"] = low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows
        self._set([self.rate(i, lr, base, False) for i, lr, base in self._groups()])

    def rate(self, number, lr, base, initial):
        return base + (self.max_lrs[number] - base) * self._height()

    def _height(self) -> float:
        """Where the rate is now between base_lr (0) and max_lr (1)."""
        cycle = math.floor(1 + self.last_epoch / self.size)
        x = 1 + self.last_epoch / self.size - cycle
        height = x / self.up if x <= self.up else (x - 1) / (self.up - 1)
        return height * self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)

    def _set(self, rates):
        super()._set(rates)
        if self.momentum:
            height, limits = self._height(), zip(self.base_momentums, self.max_momentums)
            self.momentum.set([high - (high - low) * height for low, high in limits])
