"""Adam and its kin: a running mean of the gradient over the root of one of its square."""

import math
from collections.abc import Iterable
from typing import Any

from ... import kernels
from ...kernels.updates.adaptive import nadam_mu
from .base import Group, Optimizer


class WithBetas(Optimizer):
    """The base of those with two rates `betas` and the states `exp_avg` and, most of them, `exp_avg_sq`."""

    capturable = True
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


class Adamax(WithBetas):
    """m ← β₁ m + (1 − β₁) g;  u ← max(β₂ u, |g| + ε);  p ← p − γ m̂ / u, with g = grad + λ p.

    Source: Kingma and Ba, Adam, arXiv:1412.6980, section 7.1.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ):
        super().__init__(params, lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay, maximize=maximize)

    def update(self, group, parameter, grad):
        states = group.zeros("exp_avg"), group.zeros("exp_inf")
        kernels.adamax_update(parameter, grad, *states, step=group.steps, **group.pick(*self.options))


class NAdam(WithBetas):
    """Adam with Nesterov's momentum: the step looks ahead by the next step's momentum μₜ₊₁ (kernels.nadam_update).

    Source: Dozat, Incorporating Nesterov momentum into Adam, ICLR workshop 2016.
    """

    momentum_decay: float
    decoupled_weight_decay: bool

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(
            params,
            lr=lr,
            betas=tuple(betas),
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    def update(self, group, parameter, grad):
        mu = nadam_mu(group.steps, group["betas"][0], group["momentum_decay"])
        product = group.state["mu_product"] = group.state.get("mu_product", 1.0) * mu
        now = {"step": group.steps, "mu_product": product}
        kernels.nadam_update(parameter, grad, *self.averages(group), **now, **group.pick(*self.options))


class RAdam(WithBetas):
    """Adam whose steps are small while its mean square is one of few gradients (kernels.radam_update).

    Source: Liu et al., On the variance of the adaptive learning rate and beyond, arXiv:1908.03265.
    """

    decoupled_weight_decay: bool

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(
            params,
            lr=lr,
            betas=tuple(betas),
            eps=eps,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    def update(self, group, parameter, grad):
        kernels.radam_update(parameter, grad, *self.averages(group), step=group.steps, **group.pick(*self.options))


class SparseAdam(WithBetas):
    """Adam for embeddings: only the rows whose gradient isn't all zero are updated, their averages too.

    PyTorch's asks for sparse gradients, and updates the rows that these name. Here gradients are dense, so a row named
    with a gradient of zero counts as one that wasn't named. A parameter without axes or with one is a column of rows.
    The rows are copied together, updated by one kernel, and put back.
    """

    capturable = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ):
        super().__init__(params, lr=lr, betas=tuple(betas), eps=eps, maximize=maximize)

    def update(self, group, parameter, grad):
        arrays = [group.flat.views(x) for x in (parameter, grad, *self.averages(group))]
        options = group.pick("lr", "betas", "maximize")
        # PyTorch adds ε to √v here, not to √v̂.
        options["eps"] = group["eps"] / math.sqrt(1 - group["betas"][1] ** group.steps)
        for parts in zip(*arrays):
            if not parts[0].size:
                continue
            rows = [part.reshape(part.shape[0] if part.ndim else 1, -1) for part in parts]
            (named,) = (rows[1] != 0).any(axis=1).nonzero()
            chosen = [x[named] for x in rows]
            kernels.adam_update(*chosen, step=group.steps, **options)
            for x, new in zip((rows[0], *rows[2:]), (chosen[0], *chosen[2:])):
                x[named] = new
