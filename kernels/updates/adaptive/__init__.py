"""Steps that are divided by a size of the gradients so far: each number has a rate of its own."""

import math

from ... import check
from ...backend import kernel
from ..common import arrays, betas_of, decay_of, flat, numbers_of, sign, update


@update(
    "s ← s + g²;  p ← p − γ g / (√s + ε)",
    1,
    {"lr": 0.1, "step": 1},
    {"lr": 0.1, "step": 5, "lr_decay": 0.1, "weight_decay": 0.01, "eps": 1e-3, "maximize": True},
    in_place=("parameter", "sum"),
)
def adagrad_update(parameter, grad, sum, *, step, lr, lr_decay=0.0, weight_decay=0.0, eps=1e-10, maximize=False):
    """Adagrad, in place: g = grad + λ p, s ← s + g², p ← p − γₜ g / (√s + ε), γₜ = γ / (1 + (t − 1) η).

    γ is `lr`, η `lr_decay`, λ `weight_decay`, t `step`, counted from 1.
    Source: Duchi et al., Adaptive subgradient methods, JMLR 12 (2011).
    """
    arrays("adagrad_update", parameter, grad, sum=sum)
    lr, decay, l2, eps = numbers_of("adagrad_update", lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)
    rate = lr / (1 + (check.number("adagrad_update", "step", step, low=1) - 1) * decay)
    kernel("updates.adaptive.adagrad")(*flat(parameter, grad, sum), rate, eps, l2, sign(maximize))


@update(
    "v ← ρ v + (1 − ρ) g²;  d = g √(u + ε) / √(v + ε);  u ← ρ u + (1 − ρ) d²;  p ← p − γ d",
    2,
    {"lr": 1.0},
    {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.01, "maximize": True},
    in_place=("parameter", "square_avg", "acc_delta"),
)
def adadelta_update(
    parameter, grad, square_avg, acc_delta, *, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.0, maximize=False
):
    """Adadelta, in place: steps of the size of those before, v and u being running means of g² and of the steps' d².

    v ← ρ v + (1 − ρ) g², d = g √(u + ε) / √(v + ε), u ← ρ u + (1 − ρ) d², p ← p − γ d, with g = grad + λ p.
    Source: Zeiler, ADADELTA: an adaptive learning rate method, arXiv:1212.5701.
    """
    arrays("adadelta_update", parameter, grad, square_avg=square_avg, acc_delta=acc_delta)
    lr, eps, l2 = numbers_of("adadelta_update", lr=lr, eps=eps, weight_decay=weight_decay)
    rho = check.number("adadelta_update", "rho", rho, 0, 1)
    views = flat(parameter, grad, square_avg, acc_delta)
    kernel("updates.adaptive.adadelta")(*views, lr, rho, 1 - rho, eps, l2, sign(maximize))


@update(
    "m ← β₁ m + (1 − β₁) g;  u ← max(β₂ u, |g| + ε);  p ← p − γ m̂ / u",
    2,
    {"lr": 2e-3, "step": 3},
    {"lr": 0.1, "step": 1, "betas": (0.8, 0.3), "eps": 1e-2, "weight_decay": 0.01, "maximize": True},
    in_place=("parameter", "exp_avg", "exp_inf"),
)
def adamax_update(
    parameter, grad, exp_avg, exp_inf, *, step, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, maximize=False
):
    """Adamax, in place: Adam by the largest gradient instead of the mean square.

    m ← β₁ m + (1 − β₁) g, u ← max(β₂ u, |g| + ε), p ← p − γ m / ((1 − β₁ᵗ) u), with g = grad + λ p.
    Source: Kingma and Ba, Adam, arXiv:1412.6980, section 7.1.
    """
    arrays("adamax_update", parameter, grad, exp_avg=exp_avg, exp_inf=exp_inf)
    lr, eps, l2 = numbers_of("adamax_update", lr=lr, eps=eps, weight_decay=weight_decay)
    beta1, beta2 = betas_of("adamax_update", betas)
    rate = lr / (1 - beta1 ** check.number("adamax_update", "step", step, low=1))
    views = flat(parameter, grad, exp_avg, exp_inf)
    kernel("updates.adaptive.adamax")(*views, rate, 1 - beta1, beta2, eps, l2, sign(maximize))


@update(
    "p ← p − γ ((1 − μₜ) g / (1 − Πμ) + μₜ₊₁ m / (1 − μₜ₊₁ Πμ)) / (√v̂ + ε)",
    2,
    {"lr": 2e-3, "step": 3, "mu_product": 0.3},
    {"lr": 0.1, "step": 1, "mu_product": 0.4, "betas": (0.8, 0.9), "weight_decay": 0.01, "maximize": True},
    {"lr": 0.1, "step": 2, "mu_product": 0.4, "weight_decay": 0.1, "decoupled_weight_decay": True},
    in_place=("parameter", "exp_avg", "exp_avg_sq"),
)
def nadam_update(
    parameter,
    grad,
    exp_avg,
    exp_avg_sq,
    *,
    step,
    mu_product,
    lr,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    momentum_decay=4e-3,
    decoupled_weight_decay=False,
    maximize=False,
):
    """NAdam, Adam with Nesterov's momentum, in place.

    m and v as Adam's, μₜ = β₁ (1 − 0.96^(t ψ) / 2), ψ being `momentum_decay`; Πμ = μ₁ … μₜ is `mu_product`;
    p ← p − γ ((1 − μₜ) g / (1 − Πμ) + μₜ₊₁ m / (1 − μₜ₊₁ Πμ)) / (√v̂ + ε), with g = grad + λ p; or, if decoupled,
    p ← (1 − γ λ) p first.
    Source: Dozat, Incorporating Nesterov momentum into Adam, ICLR workshop 2016.
    """
    arrays("nadam_update", parameter, grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq)
    lr, eps, decay, psi = numbers_of(
        "nadam_update", lr=lr, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay
    )
    beta1, beta2 = betas_of("nadam_update", betas)
    step = check.number("nadam_update", "step", step, low=1)
    product = check.number("nadam_update", "mu_product", mu_product, 0, math.nextafter(1, 0))
    mu, following = nadam_mu(step, beta1, psi), nadam_mu(step + 1, beta1, psi)
    of_grad, of_mean = lr * (1 - mu) / (1 - product), lr * following / (1 - product * following)
    l2, keep = decay_of(lr, decay, decoupled_weight_decay)
    numbers = of_grad, of_mean, 1 / math.sqrt(1 - beta2**step), 1 - beta1, beta2, 1 - beta2, eps, l2, keep
    kernel("updates.adaptive.nadam")(*flat(parameter, grad, exp_avg, exp_avg_sq), *numbers, sign(maximize))


def nadam_mu(step: float, beta1: float, momentum_decay: float) -> float:
    """NAdam's momentum at that step."""
    return beta1 * (1 - 0.5 * 0.96 ** (step * momentum_decay))


@update(
    "p ← p − γ r m̂ / (√v̂ + ε), at first p − γ m̂",
    2,
    {"lr": 1e-3, "step": 30},
    {"lr": 0.1, "step": 3, "weight_decay": 0.01, "maximize": True},
    {"lr": 0.1, "step": 9, "betas": (0.8, 0.95), "weight_decay": 0.1, "decoupled_weight_decay": True},
    in_place=("parameter", "exp_avg", "exp_avg_sq"),
)
def radam_update(
    parameter,
    grad,
    exp_avg,
    exp_avg_sq,
    *,
    step,
    lr,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    decoupled_weight_decay=False,
    maximize=False,
):
    """RAdam, in place: Adam whose steps are small while v is of few gradients.

    ρ∞ = 2 / (1 − β₂) − 1, ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ). If ρ > 5, p ← p − γ r m̂ √(1 − β₂ᵗ) / (√v + ε), where
    r² = (ρ − 4) (ρ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρ); else p ← p − γ m̂. g = grad + λ p; or, if decoupled,
    p ← (1 − γ λ) p first.
    Source: Liu et al., On the variance of the adaptive learning rate and beyond, arXiv:1908.03265.
    """
    arrays("radam_update", parameter, grad, exp_avg=exp_avg, exp_avg_sq=exp_avg_sq)
    lr, eps, decay = numbers_of("radam_update", lr=lr, eps=eps, weight_decay=weight_decay)
    beta1, beta2 = betas_of("radam_update", betas)
    step = check.number("radam_update", "step", step, low=1)
    most, rest = 2 / (1 - beta2) - 1, 1 - beta2**step
    rho, rate = most - 2 * step * beta2**step / rest, lr / (1 - beta1**step)
    rectified = rho > 5
    if rectified:
        rate *= math.sqrt(rest * (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))
    l2, keep = decay_of(lr, decay, decoupled_weight_decay)
    numbers = rate, 1 - beta1, beta2, 1 - beta2, eps, l2, keep, sign(maximize), rectified
    kernel("updates.adaptive.radam")(*flat(parameter, grad, exp_avg, exp_avg_sq), *numbers)


@update(
    "n' = n + g²;  z ← z + g − p (n'^−κ − n^−κ) / γ;  p ← (clip(z, ±λ₁) − z) / (n'^−κ / γ + 2 λ₂)",
    2,
    {"learning_rate": 0.1},
    {"learning_rate": 0.5, "l1": 0.3, "l2": 0.1, "l2_shrinkage": 0.1, "beta": 0.1, "maximize": True},
    {"learning_rate": 0.5, "learning_rate_power": -0.7},
    in_place=("parameter", "accumulator", "linear"),
)
def ftrl_update(
    parameter,
    grad,
    accumulator,
    linear,
    *,
    learning_rate=1e-3,
    learning_rate_power=-0.5,
    l1=0.0,
    l2=0.0,
    l2_shrinkage=0.0,
    beta=0.0,
    maximize=False,
):
    """FTRL (follow the regularized leader), in place; arguments are Keras's.

    n' = n + g², z ← z + g + 2 s p − p (n'^−κ − n^−κ) / γ, p ← (clip(z, −λ₁, λ₁) − z) / (n'^−κ / γ + 2 λ₂ + β / γ),
    n ← n'. γ is `learning_rate`, κ `learning_rate_power`, λ₁ `l1`, λ₂ `l2`, s `l2_shrinkage`, β `beta`; n is
    `accumulator`, above 0, and z `linear`.
    Source: McMahan et al., Ad click prediction: a view from the trenches, KDD 2013.
    """
    arrays("ftrl_update", parameter, grad, accumulator=accumulator, linear=linear)
    lr, l1, l2, shrinkage, beta = numbers_of(
        "ftrl_update", learning_rate=learning_rate, l1=l1, l2=l2, l2_shrinkage=l2_shrinkage, beta=beta
    )
    if not lr:
        raise ValueError("ftrl_update: learning_rate is 0, it must be above 0")
    power = -check.number("ftrl_update", "learning_rate_power", learning_rate_power, high=0)
    views = flat(parameter, grad, accumulator, linear)
    kernel("updates.adaptive.ftrl")(*views, 1 / lr, power, l1, 2 * l2 + beta / lr, 2 * shrinkage, sign(maximize))
