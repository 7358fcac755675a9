"""Steps whose result is an average over the path."""

import math

from ... import check
from ...backend import kernel
from ..common import arrays, betas_of, flat, numbers_of, sign, update


@update(
    "p ← (1 − λ η) p − η g;  a ← a + μ (p − a)",
    1,
    {"eta": 0.1, "mu": 1.0},
    {"eta": 0.1, "mu": 0.25, "lambd": 0.1, "weight_decay": 0.01, "maximize": True},
    in_place=("parameter", "ax"),
)
def asgd_update(parameter, grad, ax, *, eta, mu, lambd=1e-4, weight_decay=0.0, maximize=False):
    """Averaged stochastic gradient descent, in place: p ← (1 − λ η) p − η g, then the average a ← a + μ (p − a).

    η is `eta`, μ `mu` (1: a becomes p), λ `lambd`, a `ax`; g = grad + `weight_decay` · p.
    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, SIAM J. Control 30 (1992).
    """
    arrays("asgd_update", parameter, grad, ax=ax)
    eta, lambd, l2 = numbers_of("asgd_update", eta=eta, lambd=lambd, weight_decay=weight_decay)
    mu = check.number("asgd_update", "mu", mu, 0, 1)
    views = flat(parameter, grad, ax)
    kernel("updates.averaging.asgd")(*views, eta, 1 - lambd * eta, mu, l2, sign(maximize))


@update(
    "v ← β₂ v + (1 − β₂) g²;  d = g / (√v̂ + ε) + λ p;  p ← p + c (z − p) − γ (1 − β₁ (1 − c)) d;  z ← z − γ d",
    2,
    {"lr": 0.1, "step": 3, "weight": 0.5},
    {"lr": 0.1, "step": 1, "weight": 1.0, "betas": (0.8, 0.9), "weight_decay": 0.1, "maximize": True},
    in_place=("parameter", "z", "exp_avg_sq"),
)
def schedule_free_update(
    parameter,
    grad,
    z,
    exp_avg_sq,
    *,
    step,
    weight,
    lr,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    maximize=False,
):
    """Schedule-free AdamW, in place. The parameter is y, where gradients are taken: between z, which makes the
    steps, and their average x, y = (1 − β₁) z + β₁ x.

    v ← β₂ v + (1 − β₂) g², d = g / (√v̂ + ε) + λ y, z ← z − γ d, x ← (1 − c) x + c z, c being `weight`; without x:
    y ← y + c (z − y) − γ (1 − β₁ (1 − c)) d with z as before the step.
    Source: Defazio et al., The road less scheduled, arXiv:2405.15682.
    """
    arrays("schedule_free_update", parameter, grad, z=z, exp_avg_sq=exp_avg_sq)
    lr, eps, decay = numbers_of("schedule_free_update", lr=lr, eps=eps, weight_decay=weight_decay)
    beta1, beta2 = betas_of("schedule_free_update", betas)
    step = check.number("schedule_free_update", "step", step, low=1)
    weight = check.number("schedule_free_update", "weight", weight, 0, 1)
    correction, of_step = 1 / math.sqrt(1 - beta2**step), lr * (1 - beta1 * (1 - weight))
    numbers = lr, of_step, weight, correction, beta2, 1 - beta2, eps, decay, sign(maximize)
    kernel("updates.averaging.schedule_free")(*flat(parameter, grad, z, exp_avg_sq), *numbers)
