"""Smooth activations: exponentials below zero, gates that are functions of the same number, roots."""

import math

from ... import check
from ..common import activation, backward, forward


def _alpha(function: str, alpha: float) -> float:
    return check.number(function, "alpha", alpha)


@activation(
    "x if x > 0 else alpha · (exp(x) − 1)",
    4,
    lambda torch, x, alpha=1.0: torch.nn.functional.elu(x, alpha),
    {},
    {"alpha": 0.3},
)
def elu(x, alpha=1.0, *, out=None):
    """x where x > 0, else alpha · (exp(x) − 1).

    Source: Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by exponential linear units,
    arXiv:1511.07289.
    """
    return forward("smooth.elu", x, out, _alpha("elu", alpha))


def elu_backward(grad, x, alpha=1.0, *, out=None):
    """grad where x > 0, else grad · alpha · exp(x)."""
    return backward("smooth.elu", grad, "x", x, out, _alpha("elu_backward", alpha))


def _celu_alpha(function: str, alpha: float) -> float:
    alpha = _alpha(function, alpha)
    if alpha == 0:
        raise ValueError(f"{function}: alpha is 0, it must be another number, for x is divided by it")
    return alpha


@activation(
    "x if x > 0 else alpha · (exp(x / alpha) − 1)",
    5,
    lambda torch, x, alpha=1.0: torch.nn.functional.celu(x, alpha),
    {},
    {"alpha": 0.5},  # of which PyTorch, which takes 1 / alpha in float32, has an exact one
)
def celu(x, alpha=1.0, *, out=None):
    """x where x > 0, else alpha · (exp(x / alpha) − 1): the ELU whose slope has no step, whatever alpha is.

    Source: Barron, Continuously differentiable exponential linear units, arXiv:1704.07483.
    """
    return forward("smooth.celu", x, out, _celu_alpha("celu", alpha))


def celu_backward(grad, x, alpha=1.0, *, out=None):
    """grad where x > 0, else grad · exp(x / alpha)."""
    return backward("smooth.celu", grad, "x", x, out, _celu_alpha("celu_backward", alpha))


@activation("λ x if x > 0 else λ α (exp(x) − 1)", 5, lambda torch, x: torch.nn.functional.selu(x))
def selu(x, *, out=None):
    """λ · elu(x, α), with λ = 1.0507… and α = 1.6732…: numbers of mean 0 and variance 1 keep them, about.

    Source: Klambauer et al., Self-normalizing neural networks, arXiv:1706.02515.
    """
    return forward("smooth.selu", x, out)


def selu_backward(grad, x, *, out=None):
    """grad · λ where x > 0, else grad · λ α exp(x)."""
    return backward("smooth.selu", grad, "x", x, out)


@activation("x σ(x)", 5, lambda torch, x: torch.nn.functional.silu(x))
def silu(x, *, out=None):
    """x σ(x), with σ the sigmoid; also called swish. NaN at −∞, as in PyTorch: −∞ · 0.

    Source: Elfwing, Uchibe and Doya, Sigmoid-weighted linear units, arXiv:1702.03118.
    """
    return forward("smooth.silu", x, out)


def silu_backward(grad, x, *, out=None):
    """grad · σ(x) (1 + x (1 − σ(x))); NaN at both infinities, as in PyTorch."""
    return backward("smooth.silu", grad, "x", x, out)


@activation("x tanh(log(1 + exp(x)))", 9, lambda torch, x: torch.nn.functional.mish(x))
def mish(x, *, out=None):
    """x tanh(log(1 + exp(x))). NaN at −∞, as in PyTorch: −∞ · 0.

    Source: Misra, Mish: a self regularized non-monotonic activation function, arXiv:1908.08681.
    """
    return forward("smooth.mish", x, out)


def mish_backward(grad, x, *, out=None):
    """grad · (t + x (1 − t²) σ(x)), with t = tanh(log(1 + exp(x))); NaN at both infinities, as in PyTorch."""
    return backward("smooth.mish", grad, "x", x, out)


def _softplus(function: str, beta: float, threshold: float) -> tuple[float, float]:
    beta = check.number(function, "beta", beta)
    if beta == 0:
        raise ValueError(f"{function}: beta is 0, it must be another number, for the result is divided by it")
    return beta, check.number(function, "threshold", threshold)


@activation(
    "log(1 + exp(beta · x)) / beta",
    8,
    lambda torch, x, beta=1.0, threshold=20.0: torch.nn.functional.softplus(x, beta, threshold),
    {},
    {"beta": 2.5, "threshold": 4.0},
)
def softplus(x, beta=1.0, threshold=20.0, *, out=None):
    """log(1 + exp(beta · x)) / beta; x itself where beta · x > threshold.

    Source: Dugas et al., Incorporating second-order functional knowledge for better option pricing, NIPS 2000.
    """
    return forward("smooth.softplus", x, out, *_softplus("softplus", beta, threshold))


def softplus_backward(grad, x, beta=1.0, threshold=20.0, *, out=None):
    """grad · σ(beta · x); grad itself where beta · x > threshold."""
    return backward("smooth.softplus", grad, "x", x, out, *_softplus("softplus_backward", beta, threshold))


@activation("−log(1 + exp(−x))", 8, lambda torch, x: torch.nn.functional.logsigmoid(x))
def logsigmoid(x, *, out=None):
    """log σ(x) = −log(1 + exp(−x)), without overflow."""
    return forward("smooth.logsigmoid", x, out)


def logsigmoid_backward(grad, x, *, out=None):
    """grad · σ(−x)."""
    return backward("smooth.logsigmoid", grad, "x", x, out)


@activation("x / (1 + |x|)", 3, lambda torch, x: torch.nn.functional.softsign(x))
def softsign(x, *, out=None):
    """x / (1 + |x|). NaN at ±∞, as in PyTorch: ∞ / ∞."""
    return forward("smooth.softsign", x, out)


def softsign_backward(grad, x, *, out=None):
    """grad / (1 + |x|)²; NaN at ±∞, as in PyTorch."""
    return backward("smooth.softsign", grad, "x", x, out)


@activation("x − tanh(x)", 7, lambda torch, x: torch.nn.functional.tanhshrink(x))
def tanhshrink(x, *, out=None):
    """x − tanh(x)."""
    return forward("smooth.tanhshrink", x, out)


def tanhshrink_backward(grad, x, *, out=None):
    """grad · tanh(x)²."""
    return backward("smooth.tanhshrink", grad, "x", x, out)


@activation("exp(x)", 3, lambda torch, x: torch.exp(x), rtol=2e-5)
def exponential(x, *, out=None):
    """exp(x): Keras's activation of that name."""
    return forward("smooth.exponential", x, out)


def exponential_backward(grad, y, *, out=None):
    """grad · y, from the output `y` of `exponential`."""
    return backward("smooth.exponential", grad, "y", y, out)


def _b(function: str, b: float) -> float:
    return check.number(function, "b", b, low=math.nextafter(0, 1))


@activation("(x + √(x² + b)) / 2", 6, None, {}, {"b": 0.5})
def squareplus(x, b=4.0, *, out=None):
    """(x + √(x² + b)) / 2: Keras's activation of that name, a softplus without exponentials.

    Source: Barron, Squareplus: a softplus-like algebraic rectifier, arXiv:2112.11687.
    """
    return forward("smooth.squareplus", x, out, _b("squareplus", b))


def squareplus_backward(grad, x, b=4.0, *, out=None):
    """grad · (1 + x / √(x² + b)) / 2."""
    return backward("smooth.squareplus", grad, "x", x, out, _b("squareplus_backward", b))
