"""Muon: momentum made orthogonal, by matrix products alone."""

import math
from collections.abc import Iterable
from typing import Any

from ... import kernels
from ...kernels import check
from .base import Optimizer, lerp

COEFFICIENTS = (3.4445, -4.775, 2.0315)


def newton_schulz(x: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """Nearly U Vᵀ, where x = U Σ Vᵀ: all singular values about 1.

    X ← x / ‖x‖, then X ← a X + (b G + c G²) X with G = X Xᵀ: the polynomial a σ + b σ³ + c σ⁵ of each singular value σ.
    PyTorch computes it in bfloat16; here it is in x's precision.
    """
    a, b, c = coefficients
    tall = x.shape[0] > x.shape[1]  # G the smaller of the two squares
    x = (x.T if tall else x) / max(float(kernels.vector_norm(x)), eps)
    for _ in range(steps):
        gram = kernels.matmul(x, x.T)
        x = a * x + kernels.matmul(b * gram + c * kernels.matmul(gram, gram), x)
    return x.T if tall else x


class Muon(Optimizer):
    """m ← μ m + (1 − μ) g;  p ← (1 − γ λ) p − γ' orthogonal(u), u = m, or with `nesterov` μ m + (1 − μ) g.

    For matrices only: give other parameters to another optimizer (MultiOptimizer). γ' is γ √max(1, rows / columns),
    or with adjust_lr_fn="match_rms_adamw" γ · 0.2 √max(rows, columns).
    Source: Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024.
    """

    signed = ("ns_coefficients",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ):
        super().__init__(
            params,
            lr=lr,
            weight_decay=weight_decay,
            momentum=momentum,
            nesterov=nesterov,
            ns_coefficients=tuple(ns_coefficients),
            eps=eps,
            ns_steps=ns_steps,
            adjust_lr_fn=adjust_lr_fn,
        )

    def check(self, *, momentum, adjust_lr_fn, **_):
        if momentum > 1:
            raise ValueError(f"Muon: momentum is {momentum}, it must be from 0 to 1")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Muon: adjust_lr_fn is {adjust_lr_fn!r}, it must be one of 'original', 'match_rms_adamw'")

    def check_parameter(self, parameter):
        if len(parameter.shape) != 2:
            raise ValueError(f"Muon: {parameter!r} has {len(parameter.shape)} axes, it must have 2")

    def update(self, group, parameter, grad):
        buffer = group.zeros("momentum_buffer")
        lerp(buffer, grad, 1 - group["momentum"])
        direction = buffer
        if group["nesterov"]:
            direction = grad.copy()
            lerp(direction, buffer, group["momentum"])
        views = group.flat.views
        for p, u in zip(views(parameter), views(direction)):
            rows, columns = p.shape
            if not p.size:
                continue
            step = newton_schulz(u, group["ns_coefficients"], group["ns_steps"], group["eps"])
            if group["adjust_lr_fn"] == "match_rms_adamw":
                factor = 0.2 * math.sqrt(max(rows, columns))
            else:
                factor = math.sqrt(max(1, rows / columns))
            p *= 1 - group["lr"] * group["weight_decay"]
            kernels.sgd_update(p, check.contiguous(step), lr=group["lr"] * factor)
