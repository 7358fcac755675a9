"""Adagrad and Adadelta: rates by the sum, or the running mean, of squared gradients."""

from collections.abc import Iterable
from typing import Any

from ... import kernels
from .base import Optimizer


class Adagrad(Optimizer):
    """s ← s + g²;  p ← p − γₜ g / (√s + ε), γₜ = γ / (1 + (t − 1) η), with g = grad + λ p.

    γ is `lr`, η `lr_decay`, λ `weight_decay`; s begins as `initial_accumulator_value`.
    Source: Duchi et al., Adaptive subgradient methods, JMLR 12 (2011).
    """

    capturable = True
    lr_decay: float
    weight_decay: float
    initial_accumulator_value: float
    eps: float
    maximize: bool

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ):
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def update(self, group, parameter, grad):
        total = group.zeros("sum", group["initial_accumulator_value"])
        options = group.pick("lr", "lr_decay", "weight_decay", "eps", "maximize")
        kernels.adagrad_update(parameter, grad, total, step=group.steps, **options)


class Adadelta(Optimizer):
    """v ← ρ v + (1 − ρ) g²;  d = g √(u + ε) / √(v + ε);  u ← ρ u + (1 − ρ) d²;  p ← p − γ d, with g = grad + λ p.

    Source: Zeiler, ADADELTA: an adaptive learning rate method, arXiv:1212.5701.
    """

    capturable = True
    rho: float
    eps: float
    weight_decay: float
    maximize: bool

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize)

    def check(self, *, rho, **_):
        if rho > 1:
            raise ValueError(f"Adadelta: rho is {rho}, it must be from 0 to 1")

    def update(self, group, parameter, grad):
        states = group.zeros("square_avg"), group.zeros("acc_delta")
        kernels.adadelta_update(parameter, grad, *states, **group.pick(*self.options))
