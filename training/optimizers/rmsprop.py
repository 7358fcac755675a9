"""RMSprop."""

from collections.abc import Iterable
from typing import Any

from ... import kernels
from .base import Optimizer


class RMSprop(Optimizer):
    """v ← α v + (1 − α) g²;  d = g / (√v + ε);  b ← μ b + d;  p ← p − γ b, with g = grad + λ p.

    `centered` takes the variance v − ḡ² instead of v, ḡ being the running mean of g.
    γ is `lr`, α `alpha`, λ `weight_decay`, μ `momentum`; with `maximize` g = −grad + λ p.
    """

    capturable = True
    alpha: float
    eps: float
    weight_decay: float
    momentum: float
    centered: bool
    maximize: bool

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ):
        options = {"alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, lr=lr, **options, centered=centered, maximize=maximize)

    def update(self, group, parameter, grad):
        kernels.rmsprop_update(
            parameter,
            grad,
            group.zeros("square_avg"),
            group.zeros("momentum_buffer") if group["momentum"] else None,
            group.zeros("grad_avg") if group["centered"] else None,
            **group.pick("lr", "alpha", "eps", "weight_decay", "momentum", "maximize"),
        )
