"""Learning rates that change from step to step."""

import math
from typing import Any, NamedTuple

from .optimizers import Optimizer


class Phase(NamedTuple):
    end: float  # its last step
    lr: tuple[float, float]  # from … to …
    momentum: tuple[float, float]


class OneCycleLR:
    """One cycle: the rate rises from max_lr / div_factor to max_lr, then falls to almost nothing.

        rate  ╱╲         momentum  ╲  ╱‾‾
             ╱  ╲___     or β₁      ╲╱

    Call `step()` after each step of the optimizer. Arguments, defaults and values are PyTorch's.
    Source: Smith and Topin, Super-convergence, arXiv:1708.07120.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float
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
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
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
        if cycle_momentum and not {"momentum", "betas"} & set(optimizer.options):
            raise ValueError(f"OneCycleLR: {optimizer!r} has no momentum: set cycle_momentum=False")
        self.optimizer: Any = optimizer
        self.total_steps = total_steps
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        low, high, calm, brisk = max_lr / div_factor, max_lr, base_momentum, max_momentum
        last, rise = low / final_div_factor, pct_start * total_steps - 1
        self.phases = [Phase(rise, (low, high), (brisk, calm))]
        if three_phase:
            self.phases.append(Phase(2 * rise, (high, low), (calm, brisk)))
            self.phases.append(Phase(total_steps - 1, (low, last), (brisk, brisk)))
        else:
            self.phases.append(Phase(total_steps - 1, (high, last), (calm, brisk)))
        self.last_epoch = 0
        self._apply()

    def step(self) -> None:
        if self.last_epoch >= self.total_steps:
            raise ValueError(f"OneCycleLR: the cycle has {self.total_steps} steps, and all were taken")
        self.last_epoch += 1
        self._apply()

    def get_last_lr(self) -> list[float]:
        return [self.optimizer.lr]

    def state_dict(self) -> dict[str, Any]:
        return {"last_epoch": self.last_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.last_epoch = state_dict["last_epoch"]
        self._apply()

    def _apply(self) -> None:
        i = next((i for i, phase in enumerate(self.phases) if self.last_epoch <= phase.end), len(self.phases) - 1)
        begin, end = self.phases[i - 1].end if i else 0.0, self.phases[i].end
        done = (self.last_epoch - begin) / (end - begin) if end != begin else 1.0
        self.optimizer.lr = self._between(*self.phases[i].lr, done)
        if self.cycle_momentum:
            momentum = self._between(*self.phases[i].momentum, done)
            if "betas" in self.optimizer.options:
                self.optimizer.betas = (momentum, *self.optimizer.betas[1:])
            else:
                self.optimizer.momentum = momentum

    def _between(self, start: float, end: float, done: float) -> float:
        """From start (done = 0) to end (done = 1), along half a cosine wave or a line."""
        if self.anneal_strategy == "cos":
            done = (1 - math.cos(math.pi * done)) / 2
        return start + (end - start) * done
