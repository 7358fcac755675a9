"""Stochastic gradient descent."""

from collections.abc import Iterable
from typing import Any

from ... import kernels
from .base import Optimizer


class SGD(Optimizer):
    """g = grad + λ p;  b ← μ b + (1 − τ) g, at first g;  p ← p − γ b, or with Nesterov p − γ (g + μ b).

    γ is `lr`, λ `weight_decay`, μ `momentum`, τ `dampening`; with `maximize` g = −grad + λ p.
    """

    capturable = True
    momentum: float
    dampening: float
    weight_decay: float
    nesterov: bool
    maximize: bool

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def check(self, *, nesterov, momentum, dampening, **_):
        if nesterov and (not momentum or dampening):
            raise ValueError("SGD: nesterov needs a momentum and no dampening")

    def update(self, group, parameter, grad):
        first = "momentum_buffer" not in group.state
        buffer = group.zeros("momentum_buffer") if group["momentum"] else None
        kernels.sgd_update(parameter, grad, buffer, step=1 if first else group.steps, **group.pick(*self.options))
