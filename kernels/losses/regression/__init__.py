"""Losses of real predictions: by distance (L1, MSE, Huber, …), and likelihoods of counts, of normal variables, of
distributions."""

import math
from typing import Any

from ... import check
from ...operation import Cost, Sample, operation
from ..common import (
    all_samples,
    elementwise,
    elementwise_loss,
    factor,
    normal,
    pair,
    positive,
    samples,
    uniform,
)

KL_REDUCTIONS = ("none", "mean", "sum", "batchmean")
TINY = 1e-7  # Keras's epsilon


def _loss(name: str, input: Any, target: Any, reduction: str, gradients: int, *parameters: Any) -> tuple:
    return elementwise(f"regression.{name}", pair(name, input, target), reduction, gradients, parameters)


@elementwise_loss(
    "|input − target|",
    flops=2,
    arrays=(normal, normal),
    samples=lambda draw: samples(draw, normal, normal, extremes=(0, math.inf)),
    torch=lambda torch, input, target, reduction="mean": torch.nn.functional.l1_loss(
        input, target, reduction=reduction
    ),
)
def l1_loss(input, target, reduction="mean"):
    """The distance |input − target|, of arrays of one shape; `reduction` as for `mse_loss`."""
    return _loss("l1_loss", input, target, reduction, -1)[0]


def l1_loss_with_gradient(input, target, reduction="mean"):
    """`l1_loss`, and its gradient by the input: the difference's sign, 0 for equal ones."""
    return _loss("l1_loss", input, target, reduction, 1)


@operation(
    formula="(input − target)²",
    samples=all_samples,
    cost=lambda input, *_, **__: Cost(3 * input.size, 2 * input.nbytes),
    backward_cost=lambda input, *_, **__: Cost(5 * input.size, 3 * input.nbytes),
    example=lambda draw, *shape: Sample((draw.normal(*shape), draw.uniform(*shape))),
    workloads={"1M": (1 << 20,), "64K": (1 << 16,)},
    with_gradient=True,
    torch=lambda torch, input, target, reduction="mean": torch.nn.functional.mse_loss(
        input, target, reduction=reduction
    ),
)
def mse_loss(input, target, reduction="mean"):
    """The squared error (input − target)², of arrays of one shape.

    `reduction` "mean" or "sum" gives a 0-dimensional array, "none" the error of each element. The mean of nothing is
    NaN.
    """
    return _loss("mse_loss", input, target, reduction, -1)[0]


def mse_loss_with_gradient(input, target, reduction="mean"):
    """`mse_loss`, and its gradient 2 (input − target) by the input."""
    return _loss("mse_loss", input, target, reduction, 1)


@elementwise_loss(
    "½d² where |d| ≤ δ, else δ (|d| − ½δ), for d = input − target",
    flops=5,
    arrays=(normal, normal),
    samples=lambda draw: samples(draw, normal, normal, ({}, {"delta": 0.7}), extremes=(0, math.inf)),
    torch=lambda torch, input, target, reduction="mean", delta=1.0: torch.nn.functional.huber_loss(
        input, target, reduction=reduction, delta=delta
    ),
)
def huber_loss(input, target, reduction="mean", delta=1.0):
    """½d² where |d| ≤ δ, else δ (|d| − ½δ), for d = input − target: a parabola that goes on as straight lines.

    `delta` δ is above 0; `reduction` as for `mse_loss`. Huber, "Robust Estimation of a Location Parameter", 1964.
    """
    return _loss("huber_loss", input, target, reduction, -1, _above_0("huber_loss", "delta", delta))[0]


def huber_loss_with_gradient(input, target, reduction="mean", delta=1.0):
    """`huber_loss`, and its gradient by the input: d, cut to −δ … δ."""
    return _loss("huber_loss", input, target, reduction, 1, _above_0("huber_loss", "delta", delta))


def _above_0(name: str, which: str, value: Any) -> float:
    found = check.number(name, which, value)
    if found <= 0:
        raise ValueError(f"{name}: {which} is {value}, it must be above 0")
    return found


@elementwise_loss(
    "½d²/β where |d| < β, else |d| − ½β, for d = input − target",
    flops=6,
    arrays=(normal, normal),
    samples=lambda draw: samples(draw, normal, normal, ({}, {"beta": 0.3}, {"beta": 0.0}), extremes=(0, math.inf)),
    torch=lambda torch, input, target, reduction="mean", beta=1.0: torch.nn.functional.smooth_l1_loss(
        input, target, reduction=reduction, beta=beta
    ),
)
def smooth_l1_loss(input, target, reduction="mean", beta=1.0):
    """½d²/β where |d| < β, else |d| − ½β, for d = input − target: `l1_loss` with its kink rounded off.

    `beta` β is at least 0, where it is `l1_loss`; `reduction` as for `mse_loss`. Girshick, "Fast R-CNN", 2015.
    """
    return _smooth_l1(input, target, reduction, beta, -1)[0]


def smooth_l1_loss_with_gradient(input, target, reduction="mean", beta=1.0):
    """`smooth_l1_loss`, and its gradient by the input: d/β, cut to −1 … 1."""
    return _smooth_l1(input, target, reduction, beta, 1)


def _smooth_l1(input: Any, target: Any, reduction: str, beta: Any, gradients: int) -> tuple:
    beta = check.number("smooth_l1_loss", "beta", beta, 0)
    if beta == 0:
        return elementwise("regression.l1_loss", pair("smooth_l1_loss", input, target), reduction, gradients)
    return _loss("smooth_l1_loss", input, target, reduction, gradients, beta)


def _poisson_samples(draw):
    counts = lambda draw, *shape: draw.arrange(draw.rng.integers(0, 5, shape).astype(draw.dtype), "contiguous")  # noqa: E731
    yield from samples(draw, normal, counts, ({}, {"full": True}), extremes=(0, 3))
    yield from samples(draw, positive, counts, ({"log_input": False, "full": True, "eps": 1e-3},))


@elementwise_loss(
    "eˣ − t x for the input x = log λ, else λ − t log λ",
    flops=8,
    arrays=(normal, positive),
    samples=_poisson_samples,
    torch=lambda torch, input, target, log_input=True, full=False, eps=1e-8, reduction="mean": (
        torch.nn.functional.poisson_nll_loss(
            input, target, log_input=log_input, full=full, eps=eps, reduction=reduction
        )
    ),
)
def poisson_nll_loss(input, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """λ − t log λ: how unlikely the count t is in Poisson's distribution of mean λ.

    Parameters
    ----------
    input, target : arrays of one shape
    log_input : bool
        The input is log λ; else it is λ, and ε is added to it in the logarithm.
    full : bool
        Adds log t! for counts above 1, by Stirling's formula t log t − t + ½ log 2πt.
    eps : float ε, at least 0
    reduction : as for `mse_loss`
    """
    return _poisson("poisson_nll_loss", input, target, log_input, full, eps, reduction, -1)[0]


def poisson_nll_loss_with_gradient(input, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """`poisson_nll_loss`, and its gradient by the input: eˣ − t, or 1 − t / (λ + ε)."""
    return _poisson("poisson_nll_loss", input, target, log_input, full, eps, reduction, 1)


def _poisson(name: str, input, target, log_input, full, eps, reduction, gradients: int) -> tuple:
    eps = check.number(name, "eps", eps, 0)
    key, parameters = ("poisson_nll_log", (bool(full),)) if log_input else ("poisson_nll", (bool(full), eps))
    return elementwise(f"regression.{key}", pair(name, input, target), reduction, gradients, parameters)


@elementwise_loss(
    "λ − t log(λ + 10⁻⁷)",
    flops=8,
    arrays=(positive, positive),
    samples=lambda draw: samples(draw, positive, positive),
)
def poisson_loss(input, target, reduction="mean"):
    """Keras's Poisson: λ − t log(λ + 10⁻⁷), of the mean λ (the input, not its logarithm) and the count t.

    `poisson_nll_loss` in other words; `reduction` as for `mse_loss`.
    """
    return _poisson("poisson_loss", input, target, False, False, TINY, reduction, -1)[0]


def poisson_loss_with_gradient(input, target, reduction="mean"):
    """`poisson_loss`, and its gradient 1 − t / (λ + 10⁻⁷) by the input."""
    return _poisson("poisson_loss", input, target, False, False, TINY, reduction, 1)


@elementwise_loss(
    "½ (log v + (input − target)²/v), v = max(var, ε)",
    flops=12,
    arrays=(normal, normal, positive),
    samples=lambda draw: samples(draw, normal, normal, ({}, {"full": True}), more=(positive,)),
    differentiable=("input", "var"),
    torch=lambda torch, input, target, var, full=False, eps=1e-6, reduction="mean": (
        torch.nn.functional.gaussian_nll_loss(input, target, var, full=full, eps=eps, reduction=reduction)
    ),
)
def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """½ (log v + (input − target)²/v): how unlikely the target is in a normal distribution.

    Parameters
    ----------
    input, target, var : arrays of one shape
        The distribution's mean, what was seen, and the distribution's variance v, which counts as ε at least.
    full : bool
        Adds ½ log 2π.
    eps : float ε, above 0
    reduction : as for `mse_loss`

    Nix and Weigend, "Estimating the mean and variance of the target probability distribution", 1994.
    """
    return _gaussian(input, target, var, full, eps, reduction, -2)[0]


def gaussian_nll_loss_with_gradient(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """`gaussian_nll_loss`, and its gradients by the input, (input − target)/v, and by the variance,
    ½ (1 − (input − target)²/v)/v, also where ε stands for it."""
    return _gaussian(input, target, var, full, eps, reduction, 2)


def _gaussian(input, target, var, full, eps, reduction, gradients: int) -> tuple:
    name = "gaussian_nll_loss"
    arrays = (*pair(name, input, target), var)
    check.like(name, "var", var, "input", input)
    parameters = (0.5 * math.log(2 * math.pi) if full else 0.0, _above_0(name, "eps", eps))
    return elementwise(f"regression.{name}", arrays, reduction, gradients, parameters)


def _kl_samples(draw):
    def some(draw, *shape):
        t = draw.uniform(*shape)
        t.reshape(-1)[::5] = 0
        return t

    yield from samples(draw, normal, some, ({}, {"log_target": True}), extremes=(0, 0.25))
    for log_target in (False, True):
        options = {"reduction": "batchmean", "log_target": log_target}
        yield Sample((draw.normal(4, 7), draw.uniform(4, 7)), options, note="batchmean")


@elementwise_loss(
    "t (log t − input)",
    flops=8,
    arrays=(normal, uniform),
    samples=_kl_samples,
    torch=lambda torch, input, target, reduction="mean", log_target=False: torch.nn.functional.kl_div(
        input, target, reduction=reduction, log_target=log_target
    ),
)
def kl_div(input, target, reduction="mean", log_target=False):
    """t (log t − x): what Kullback and Leibler's divergence of the distribution eˣ from t consists of.

    Parameters
    ----------
    input : array x, logarithms of probabilities
    target : array t of the same shape, probabilities; with `log_target`, their logarithms
    reduction : "mean", "sum", "none" or "batchmean"
        "batchmean" divides the sum by the size of the first axis, which makes it the mean of the divergences.
    """
    return _kl(input, target, reduction, log_target, -1)[0]


def kl_div_with_gradient(input, target, reduction="mean", log_target=False):
    """`kl_div`, and its gradient −t by the input."""
    return _kl(input, target, reduction, log_target, 1)


def _kl(input, target, reduction, log_target, gradients: int) -> tuple:
    arrays = pair("kl_div", input, target)
    check.choice("kl_div", "reduction", reduction, KL_REDUCTIONS)
    key, scale = "regression.kl_div_log" if log_target else "regression.kl_div", None
    if reduction == "batchmean":
        reduction, scale = "sum", factor("mean", input.shape[0] if input.ndim else 1)
    return elementwise(key, arrays, reduction, gradients, scale=scale)


@elementwise_loss(
    "log cosh(input − target)",
    flops=10,
    arrays=(normal, normal),
    samples=lambda draw: samples(draw, normal, normal, extremes=(0,)),
)
def log_cosh_loss(input, target, reduction="mean"):
    """Keras's LogCosh: log cosh(input − target), a parabola near 0 that goes on as straight lines.

    Computed as |d| + log(1 + exp(−2|d|)) − log 2, with no exponential of a positive number; `reduction` as for
    `mse_loss`.
    """
    return _loss("log_cosh_loss", input, target, reduction, -1)[0]


def log_cosh_loss_with_gradient(input, target, reduction="mean"):
    """`log_cosh_loss`, and its gradient tanh(input − target) by the input."""
    return _loss("log_cosh_loss", input, target, reduction, 1)


@elementwise_loss(
    "100 |input − target| / max(|target|, 10⁻⁷)",
    flops=5,
    arrays=(normal, positive),
    samples=lambda draw: samples(draw, normal, positive, extremes=(0, 1)),
)
def mean_absolute_percentage_error(input, target, reduction="mean"):
    """Keras's: 100 |input − target| / max(|target|, 10⁻⁷), the error in per cent; `reduction` as for `mse_loss`."""
    return _loss("mean_absolute_percentage_error", input, target, reduction, -1)[0]


def mean_absolute_percentage_error_with_gradient(input, target, reduction="mean"):
    """`mean_absolute_percentage_error`, and its gradient ±100 / max(|target|, 10⁻⁷) by the input."""
    return _loss("mean_absolute_percentage_error", input, target, reduction, 1)


@elementwise_loss(
    "(log(1 + input) − log(1 + target))²",
    flops=12,
    arrays=(positive, positive),
    samples=lambda draw: samples(draw, positive, positive, extremes=(0, 1)),
)
def mean_squared_logarithmic_error(input, target, reduction="mean"):
    """Keras's: (log(1 + input) − log(1 + target))², both counting as 10⁻⁷ at least; `reduction` as for `mse_loss`."""
    return _loss("mean_squared_logarithmic_error", input, target, reduction, -1)[0]


def mean_squared_logarithmic_error_with_gradient(input, target, reduction="mean"):
    """`mean_squared_logarithmic_error`, and its gradient by the input: twice the difference over 1 + input, 0 below
    10⁻⁷."""
    return _loss("mean_squared_logarithmic_error", input, target, reduction, 1)
