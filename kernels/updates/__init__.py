"""Optimizer steps: one kernel that updates all parameters of a model in place.

Parameters, gradients and the optimizer's state are flat arrays of the same length (see training/flat.py), so a step
is one pass over memory and one launch. The formulas and their order are PyTorch's; with `maximize` the gradient's
sign is turned first. Here are the three that most networks are trained with; more in the folders below.
"""

import math

from .. import check
from ..backend import kernel
from .common import arrays, decay_of, flat, sign, update


@update(
    "b ← μ b + (1 − τ) g;  p ← p − γ b",
    1,
    {"lr": 0.1, "momentum": 0.9, "step": 2},
    {"lr": 0.1, "momentum": 0.9, "step": 1, "weight_decay": 0.01},
    {"lr": 0.1, "momentum": 0.9, "step": 2, "weight_decay": 0.01, "dampening": 0.1},
    {"lr": 0.1, "momentum": 0.9, "step": 2, "nesterov": True},
    {"lr": 0.1, "weight_decay": 0.01},
    {"lr": 0.1, "weight_decay": 0.01, "maximize": True},
    in_place=("parameter", "momentum_buffer"),
    large=True,
)
def sgd_update(
    parameter,
    grad,
    momentum_buffer=None,
    *,
    lr,
    momentum=0.0,
    dampening=0.0,
    weight_decay=0.0,
    nesterov=False,
    step=1,
    maximize=False,
):
    """Stochastic gradient descent, in place: g = grad + λ p, b ← μ b + (1 − τ) g, p ← p − γ b.

    γ is `lr`, λ `weight_decay`, μ `momentum`, τ `dampening`. At step 1 the buffer b becomes g itself. With `nesterov`
    p moves by g + μ b. Without momentum p moves by g and no buffer is needed.
    Source: Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013.
    """
    arrays("sgd_update", parameter, grad, momentum_buffer=momentum_buffer)
    lr = check.number("sgd_update", "lr", lr, low=0)
    momentum = check.number("sgd_update", "momentum", momentum, low=0)
    dampening = check.number("sgd_update", "dampening", dampening)
    weight_decay = check.number("sgd_update", "weight_decay", weight_decay, low=0)
    if momentum and momentum_buffer is None:
        raise TypeError("sgd_update: momentum_buffer is needed with momentum")
    if nesterov and (not momentum or dampening):
        raise ValueError("sgd_update: nesterov needs a momentum and no dampening")
    views = flat(parameter, grad, momentum_buffer if momentum else None)
    first = check.number("sgd_update", "step", step, low=1) == 1
    kernel("updates.sgd")(*views, lr, momentum, 1 - dampening, weight_decay, sign(maximize), bool(nesterov), first)


@update(
    "p ← p − γ m̂ / (√v̂ + ε)",
    3,
    {"step": 3, "lr": 1e-3},
    {"step": 1, "lr": 1e-2, "weight_decay": 0.01, "amsgrad": True, "maximize": True},
    {"step": 1000, "lr": 1e-2, "weight_decay": 0.01, "decoupled": True, "betas": (0.8, 0.95), "eps": 1e-6},
    in_place=("parameter", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"),
    idle=1,
    large=True,
    kernel="adam",
)
def adam_update(
    parameter,
    grad,
    exp_avg,
    exp_avg_sq,
    max_exp_avg_sq=None,
    *,
    step,
    lr,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    decoupled=False,
    amsgrad=False,
    maximize=False,
):
    """Adam, or AdamW if `decoupled`, in place.

    m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  p ← p − γ m̂ / (√v̂ + ε),
    m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), t being `step`, counted from 1. Weight decay λ is added to the gradient, or,
    if decoupled, p ← (1 − γ λ) p first. With `amsgrad` the largest v so far, in `max_exp_avg_sq`, takes v's place.
    Source: Kingma and Ba, arXiv:1412.6980; Loshchilov and Hutter, arXiv:1711.05101; Reddi et al., On the convergence
    of Adam and beyond, arXiv:1904.09237.
    """
    states = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
    arrays("adam_update", parameter, grad, **states, max_exp_avg_sq=max_exp_avg_sq)
    if amsgrad and max_exp_avg_sq is None:
        raise TypeError("adam_update: max_exp_avg_sq is needed with amsgrad")
    beta1, beta2 = (check.number("adam_update", "betas", beta, 0, math.nextafter(1, 0)) for beta in betas)
    lr = check.number("adam_update", "lr", lr, low=0)
    step = check.number("adam_update", "step", step, low=1)
    eps = check.number("adam_update", "eps", eps, low=0)
    decay = check.number("adam_update", "weight_decay", weight_decay, low=0)
    # All that depends on no element is computed here, in double precision: 1 − β₂ in float32 has 4 digits.
    step_size, correction = lr / (1 - beta1**step), 1 / math.sqrt(1 - beta2**step)
    l2, keep = decay_of(lr, decay, decoupled)
    views = flat(parameter, grad, exp_avg, exp_avg_sq, max_exp_avg_sq if amsgrad else None)
    kernel("updates.adam")(*views, step_size, correction, 1 - beta1, beta2, 1 - beta2, eps, l2, keep, sign(maximize))


@update(
    "v ← α v + (1 − α) g²;  p ← p − γ g / (√v + ε)",
    3,
    {"lr": 1e-2, "momentum": 0.9},
    {"lr": 1e-2, "weight_decay": 0.01, "alpha": 0.9, "maximize": True},
    in_place=("parameter", "square_avg", "momentum_buffer", "grad_avg"),
    large=True,
)
def rmsprop_update(
    parameter,
    grad,
    square_avg,
    momentum_buffer=None,
    grad_avg=None,
    *,
    lr,
    alpha=0.99,
    eps=1e-8,
    weight_decay=0.0,
    momentum=0.0,
    maximize=False,
):
    """RMSprop, in place: g = grad + λ p, v ← α v + (1 − α) g², d = g / (√v + ε), p ← p − γ d.

    With `grad_avg` it is centered: ḡ ← α ḡ + (1 − α) g and √(v − ḡ²) for √v. With `momentum` μ: b ← μ b + d and
    p ← p − γ b.
    Source: Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6e, 2012; Graves, arXiv:1308.0850.
    """
    states = {"square_avg": square_avg, "momentum_buffer": momentum_buffer, "grad_avg": grad_avg}
    arrays("rmsprop_update", parameter, grad, **states)
    lr = check.number("rmsprop_update", "lr", lr, low=0)
    alpha = check.number("rmsprop_update", "alpha", alpha, 0, 1)
    eps = check.number("rmsprop_update", "eps", eps, low=0)
    decay = check.number("rmsprop_update", "weight_decay", weight_decay, low=0)
    momentum = check.number("rmsprop_update", "momentum", momentum, low=0)
    if momentum and momentum_buffer is None:
        raise TypeError("rmsprop_update: momentum_buffer is needed with momentum")
    views = flat(parameter, grad, square_avg, momentum_buffer if momentum else None, grad_avg)
    kernel("updates.rmsprop")(*views, lr, alpha, 1 - alpha, eps, decay, momentum, sign(maximize))
