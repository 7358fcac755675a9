"""LAMB: Adam's steps, each parameter's as long as the parameter asks for."""

from collections.abc import Iterable
from typing import Any

from ... import kernels
from .base import Optimizer


class Lamb(Optimizer):
    """r = m̂ / (√v̂ + ε);  p ← p − γ (‖p‖ / ‖r‖) r, by parameter; the ratio is 1 where either norm is 0.

    m̂ and v̂ are Adam's; with `weight_decay` λ p ← (1 − γ λ) p first. Keras's, and so are the arguments' names and
    defaults; as an option, in groups and schedules, `learning_rate` is `lr`.
    Source: You et al., Large batch optimization for deep learning, arXiv:1904.00962.
    """

    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float

    def __init__(
        self,
        params: Iterable[Any],
        learning_rate: float = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
    ):
        options = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon, "weight_decay": weight_decay or 0.0}
        super().__init__(params, lr=learning_rate, **options)

    def check(self, *, beta_1, beta_2, **_):
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"Lamb: beta_1 and beta_2 are {beta_1} and {beta_2}, they must be from 0 to below 1")

    def update(self, group, parameter, grad):
        lr, direction = group["lr"], group.flat.zeros()
        betas = group["beta_1"], group["beta_2"]
        states = group.zeros("exp_avg"), group.zeros("exp_avg_sq")
        kernels.adam_update(direction, grad, *states, step=group.steps, lr=1, betas=betas, eps=group["epsilon"])
        if group["weight_decay"]:
            parameter *= 1 - lr * group["weight_decay"]
        norm = kernels.vector_norm
        for p, step in zip(group.flat.views(parameter), group.flat.views(direction)):
            length, step_length = float(norm(p)), float(norm(step))
            ratio = length / step_length if length > 0 and step_length > 0 else 1.0
            kernels.sgd_update(p, step, lr=lr * ratio, maximize=True)  # the direction is downhill already
