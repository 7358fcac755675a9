"""Adam and its kin: a running mean of the gradient over the root of one of its square."""

from collections.abc import Iterable
from typing import Any

from ... import kernels
from .base import Group, Optimizer


class WithBetas(Optimizer):
    """The base of those with two rates `betas` and the states `exp_avg` and, most of them, `exp_avg_sq`."""

    betas: tuple[float, float]
    eps: float
    weight_decay: float
    maximize: bool

    def check(self, *, betas, **_):
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"{type(self).__name__}: betas are {betas}, they must be from 0 to below 1")

    @staticmethod
    def averages(group: Group) -> tuple[Any, Any]:
        return group.zeros("exp_avg"), group.zeros("exp_avg_sq")


class Adam(WithBetas):
    """m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  p ← p − γ m̂ / (√v̂ + ε), with g = grad + λ p.

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) at step t. γ is `lr`, λ `weight_decay`. With `amsgrad` the largest v so
    far takes v's place; with `maximize` g = −grad + λ p.
    Source: Kingma and Ba, Adam, arXiv:1412.6980; Reddi et al., arXiv:1904.09237.
    """

    amsgrad: bool
    decoupled = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        options = {"betas": tuple(betas), "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, lr=lr, **options, maximize=maximize)

    def update(self, group, parameter, grad):
        largest = group.zeros("max_exp_avg_sq") if group["amsgrad"] else None
        states = (*self.averages(group), largest)
        options = group.pick(*self.options)
        kernels.adam_update(parameter, grad, *states, step=group.steps, decoupled=self.decoupled, **options)


class AdamW(Adam):
    """Adam with the weight decay apart from the gradient: p ← (1 − γ λ) p first, and g = grad.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization, arXiv:1711.05101.
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
