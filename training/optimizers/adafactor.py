"""Adafactor: a matrix of squared gradients kept as its rows' and columns' means."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import kernels
from .base import Group, Optimizer


class Adafactor(Optimizer):
    """p ← p − α u / max(1, RMS(u) / d), u = g / √v̂, α = max(ε₂, RMS(p)) min(γ, 1 / √t).

    Of a matrix v̂ = r cᵀ / mean(r), r and c being running means of g² over columns and over rows, at the rate
    β₂ = 1 − t^`beta2_decay`: the state of n × m numbers is n + m. Of more axes, the last two are the matrix; a vector's
    v̂ is the running mean of g² itself. `eps` are (ε₁, ε₂), ε₁ being the dtype's step if it is None. With
    `weight_decay` λ p ← (1 − γ λ) p first.
    Source: Shazeer and Stern, Adafactor: adaptive learning rates with sublinear memory cost, arXiv:1804.04235.
    """

    signed = ("beta2_decay",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ):
        options = {"beta2_decay": beta2_decay, "eps": tuple(eps), "d": d, "weight_decay": weight_decay}
        super().__init__(params, lr=lr, **options, maximize=maximize)

    def check(self, *, beta2_decay, d, **_):
        if beta2_decay > 0:
            raise ValueError(f"Adafactor: beta2_decay is {beta2_decay}, it must be at most 0")
        if d < 1:
            raise ValueError(f"Adafactor: d is {d}, it must be at least 1")

    def state_size(self, group: Group, name: str) -> int:
        """All means one after the other: of each parameter those of its rows, then of its columns."""
        return sum(math.prod(shape) for p in group.flat.parameters for shape in _shapes(p.shape))

    def update(self, group, parameter, grad):
        if "means" not in group.state:
            means = group.flat.backend.empty((self.state_size(group, "means"),), grad.dtype)
            means.fill(0)
            group.state["means"] = means
        lr, (eps1, eps2), begin = group["lr"], group["eps"], 0
        eps1 = float(np.finfo(grad.dtype).eps) if eps1 is None else eps1
        for p, g in zip(group.flat.views(parameter), group.flat.views(grad)):
            means = []
            for shape in _shapes(p.shape):
                end = begin + math.prod(shape)
                means.append(group.state["means"][begin:end].reshape(shape))
                begin = end
            if not p.size:
                continue
            g = -g if group["maximize"] else g
            rest = group.steps ** group["beta2_decay"]
            alpha = max(eps2, _rms(p)) * min(lr, 1 / math.sqrt(group.steps))
            if group["weight_decay"]:
                p *= 1 - lr * group["weight_decay"]
            for mean, axis in zip(means, (-1, -2)):
                now = kernels.mean(g * g, axis, keepdims=True) if len(means) == 2 else g * g
                mean += rest * (now - mean)
            variance = means[0]
            if len(means) == 2:
                of_rows = kernels.mean(means[0], -2, keepdims=True)
                variance = means[0] * means[1] / of_rows.clip(eps1, None)
            step = g / variance.clip(eps1 * eps1, None) ** 0.5
            kernels.sgd_update(p, step, lr=alpha / max(1.0, _rms(step) / group["d"]))


def _shapes(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Of the means that are kept of a parameter of that shape."""
    return [(*shape[:-1], 1), (*shape[:-2], 1, shape[-1])] if len(shape) > 1 else [shape]


def _rms(x: Any) -> float:
    """The root of the mean square."""
    return float(kernels.vector_norm(x)) / math.sqrt(x.size)
