"""ASGD and schedule-free AdamW: the result is an average over the path."""

from collections.abc import Iterable
from typing import Any

from ... import kernels
from .adam import WithBetas
from .base import Optimizer


class ASGD(Optimizer):
    """p ← (1 − λ η) p − η g;  a ← a + μ (p − a), with g = grad + `weight_decay` · p.

    η = γ / (1 + λ γ t)^α, of the step before; μ = 1 / max(1, t − t₀). γ is `lr`, λ `lambd`, α `alpha`. The average a is
    the state "ax".
    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, SIAM J. Control 30 (1992).
    """

    capturable = True
    lambd: float
    alpha: float
    t0: float
    weight_decay: float
    maximize: bool

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ):
        options = {"lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        super().__init__(params, lr=lr, **options, maximize=maximize)

    def update(self, group, parameter, grad):
        state, t, lr = group.state, group.steps, group["lr"]
        now = {"eta": state.get("eta", float(lr)), "mu": state.get("mu", 1.0)}
        options = group.pick("lambd", "weight_decay", "maximize")
        kernels.asgd_update(parameter, grad, group.zeros("ax"), **now, **options)
        state["eta"] = lr / (1 + group["lambd"] * lr * t) ** group["alpha"]
        state["mu"] = 1 / max(1.0, t - group["t0"])


class AdamWScheduleFree(WithBetas):
    """AdamW that needs no schedule: gradients are taken at y, between z, which makes the steps, and their average x.

    The parameters hold y while training. Call `eval()` before they are used or saved: they hold x then; and `train()`
    before the next step. Only y is saved with the state: save a checkpoint to resume from in training.

    Step t weighs tʳ γ_max^k in the average, r being `r`, k `weight_lr_power`; over the first `warmup_steps` the rate
    rises from 0. The arguments are those of its authors (kernels.schedule_free_update has the formulas).
    Source: Defazio et al., The road less scheduled, arXiv:2405.15682.
    """

    warmup_steps: int
    r: float
    weight_lr_power: float

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2.5e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
    ):
        self.training = True
        super().__init__(
            params,
            lr=lr,
            betas=tuple(betas),
            eps=eps,
            weight_decay=weight_decay,
            warmup_steps=warmup_steps,
            r=r,
            weight_lr_power=weight_lr_power,
        )

    def check(self, *, betas, **_):
        super().check(betas=betas)
        if not betas[0]:
            raise ValueError(f"AdamWScheduleFree: betas are {betas}, the first must be above 0")

    def step(self, closure=None):
        if not self.training:
            raise RuntimeError("AdamWScheduleFree: the parameters hold the average: call train() before a step")
        return super().step(closure)

    def update(self, group, parameter, grad):
        state, warmup = group.state, group["warmup_steps"]
        if "z" not in state:
            group.zeros("z")[...] = parameter
        lr = group["lr"] * min(1.0, group.steps / warmup if warmup else 1.0)
        most = state["lr_max"] = max(lr, state.get("lr_max", 0.0))
        weight = group.steps ** group["r"] * most ** group["weight_lr_power"]
        total = state["weight_sum"] = state.get("weight_sum", 0.0) + weight
        kernels.schedule_free_update(
            parameter,
            grad,
            state["z"],
            group.zeros("exp_avg_sq"),
            step=group.steps,
            weight=weight / total if total else 0.0,
            lr=lr,
            **group.pick("betas", "eps", "weight_decay"),
        )

    def eval(self) -> None:
        """Let the parameters hold the average x = y + (1 − 1/β₁) (z − y)."""
        if self.training:
            self._move(lambda beta: 1 - 1 / beta)
        self.training = False

    def train(self) -> None:
        """Let the parameters hold y = x + (1 − β₁) (z − x) again."""
        if not self.training:
            self._move(lambda beta: 1 - beta)
        self.training = True

    def _move(self, share):
        for group in self.param_groups:
            group.flat.check()
            if "z" in group.state:
                data = group.flat.data
                data += share(group["betas"][0]) * (group.state["z"] - data)

    def state_dict(self):
        if not self.training:
            raise RuntimeError("AdamWScheduleFree: the parameters hold the average: call train() before saving")
        return super().state_dict()
