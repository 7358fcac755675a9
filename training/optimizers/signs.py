"""Rprop and Lion: steps by the gradient's sign."""

from collections.abc import Iterable
from typing import Any

from ... import kernels
from .base import Optimizer


class Rprop(Optimizer):
    """Each number has a step size, at first `lr`: it grows by η₊ while the gradient keeps its sign, else shrinks by η₋.

    `etas` are (η₋, η₊), `step_sizes` the least and the largest (kernels.rprop_update). For gradients of the whole data
    set, not of batches.
    Source: Riedmiller and Braun, A direct adaptive method for faster backpropagation learning, ICNN 1993.
    """

    capturable = True
    etas: tuple[float, float]
    step_sizes: tuple[float, float]
    maximize: bool

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr=lr, etas=tuple(etas), step_sizes=tuple(step_sizes), maximize=maximize)

    def check(self, *, etas, **_):
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"Rprop: etas are {etas}, they must be between 0 and 1, and above 1")

    def update(self, group, parameter, grad):
        states = group.zeros("prev"), group.zeros("step_size", group["lr"])
        kernels.rprop_update(parameter, grad, *states, **group.pick("etas", "step_sizes", "maximize"))


class Lion(Optimizer):
    """p ← (1 − γ λ) p − γ sign(β₁ m + (1 − β₁) g);  m ← β₂ m + (1 − β₂) g.

    Keras's, and so are the arguments' names and defaults; in groups and schedules `learning_rate` is called `lr`.
    Source: Chen et al., Symbolic discovery of optimization algorithms, arXiv:2302.06675.
    """

    capturable = True
    beta_1: float
    beta_2: float
    weight_decay: float

    def __init__(
        self,
        params: Iterable[Any],
        learning_rate: float = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | None = None,
    ):
        super().__init__(params, lr=learning_rate, beta_1=beta_1, beta_2=beta_2, weight_decay=weight_decay or 0.0)

    def check(self, *, beta_1, beta_2, **_):
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"Lion: beta_1 and beta_2 are {beta_1} and {beta_2}, they must be from 0 to below 1")

    def update(self, group, parameter, grad):
        options = group.pick("beta_1", "beta_2", "weight_decay")
        kernels.lion_update(parameter, grad, group.zeros("momentum"), learning_rate=group["lr"], **options)
