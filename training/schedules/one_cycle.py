"""One cycle of the learning rate."""

import math
from typing import NamedTuple

from ..optimizers import Optimizer
from .base import LRScheduler, Momentum


class Phase(NamedTuple):
    end: float  # its last step
    lr: tuple[float, float]  # from … to …
    momentum: tuple[float, float]


class OneCycleLR(LRScheduler):
    """One cycle: the rate rises from max_lr / div_factor to max_lr, then falls to almost nothing.

        rate  ╱╲         momentum  ╲  ╱‾‾
             ╱  ╲___     or β₁      ╲╱

    Call `step()` after each step of the optimizer. Arguments, defaults and values are PyTorch's.
    Source: Smith and Topin, Super-convergence, arXiv:1708.07120.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float, or a list of one for each group; as base_momentum and max_momentum
    total_steps : int, or epochs and steps_per_epoch
    pct_start : float
        The part of the cycle in which the rate rises.
    anneal_strategy : "cos" or "linear"
    cycle_momentum : bool
        Let the momentum, or Adam's β₁, fall from max_momentum to base_momentum while the rate rises, and rise again.
    div_factor, final_div_factor : float
        The first rate is max_lr / div_factor, the last the first / final_div_factor.
    three_phase : bool
        Fall as long as the rise lasted, back to the first rate; then fall to the last one.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ):
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: total_steps is needed, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if total_steps < 1:
            raise ValueError(f"OneCycleLR: total_steps is {total_steps}, it must be at least 1")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start is {pct_start}, it must be from 0 to 1")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy is {anneal_strategy!r}, it must be one of 'cos', 'linear'")
        self.momentum = Momentum(self, optimizer) if cycle_momentum else None
        self.optimizer, self.total_steps, self.anneal_strategy = optimizer, total_steps, anneal_strategy
        self.phases = []  # of each group
        limits = zip(
            self.by_group("max_lr", max_lr),
            self.by_group("base_momentum", base_momentum),
            self.by_group("max_momentum", max_momentum),
        )
        for group, (high, calm, brisk) in zip(optimizer.param_groups, limits):
            low = high / div_factor
            last, rise = low / final_div_factor, pct_start * total_steps - 1
            phases = [Phase(rise, (low, high), (brisk, calm))]
            if three_phase:
                phases.append(Phase(2 * rise, (high, low), (calm, brisk)))
                phases.append(Phase(total_steps - 1, (low, last), (brisk, brisk)))
            else:
                phases.append(Phase(total_steps - 1, (high, last), (calm, brisk)))
            self.phases.append(phases)
            if last_epoch == -1:
                group["initial_lr"] = low
        super().__init__(optimizer, last_epoch)

    def step(self) -> None:
        if self.last_epoch >= self.total_steps:
            raise ValueError(f"OneCycleLR: the cycle has {self.total_steps} steps, and all were taken")
        super().step()

    def rate(self, number, lr, base, initial):
        phase, done = self._now(self.phases[number])
        return self._between(*phase.lr, done)

    def _set(self, rates):
        super()._set(rates)
        if self.momentum:
            now = map(self._now, self.phases)
            self.momentum.set([self._between(*phase.momentum, done) for phase, done in now])

    def _now(self, phases: list[Phase]) -> tuple[Phase, float]:
        """The phase of this step, and how much of it is done."""
        i = next((i for i, phase in enumerate(phases) if self.last_epoch <= phase.end), len(phases) - 1)
        begin, end = phases[i - 1].end if i else 0.0, phases[i].end
        return phases[i], (self.last_epoch - begin) / (end - begin) if end != begin else 1.0

    def _between(self, start: float, end: float, done: float) -> float:
        """From start (done = 0) to end (done = 1), along half a cosine wave or a line."""
        if self.anneal_strategy == "cos":
            done = (1 - math.cos(math.pi * done)) / 2
        return start + (end - start) * done
