"""Activations of straight (or parabolic) pieces: cheap enough for the smallest processors."""

import math
from typing import Any

from ... import check
from ..common import activation, backward, forward


def _lambd(function: str, lambd: float, low: float) -> float:
    return check.number(function, "lambd", lambd, low=low)


@activation(
    "0 if |x| ≤ lambd else x",
    2,
    lambda torch, x, lambd=0.5: torch.nn.functional.hardshrink(x, lambd),
    {},
    {"lambd": 1.5},
)
def hardshrink(x, lambd=0.5, *, out=None):
    """0 where −lambd ≤ x ≤ lambd, else x."""
    return forward("piecewise.hardshrink", x, out, _lambd("hardshrink", lambd, -math.inf))


def hardshrink_backward(grad, x, lambd=0.5, *, out=None):
    """0 where −lambd ≤ x ≤ lambd, else grad."""
    return backward("piecewise.hardshrink", grad, "x", x, out, _lambd("hardshrink_backward", lambd, -math.inf))


@activation(
    "x − lambd if x > lambd, x + lambd if x < −lambd, else 0",
    3,
    lambda torch, x, lambd=0.5: torch.nn.functional.softshrink(x, lambd),
    {},
    {"lambd": 1.5},
)
def softshrink(x, lambd=0.5, *, out=None):
    """x − lambd where x > lambd, x + lambd where x < −lambd, else 0; lambd is at least 0."""
    return forward("piecewise.softshrink", x, out, _lambd("softshrink", lambd, 0))


def softshrink_backward(grad, x, lambd=0.5, *, out=None):
    """0 where −lambd ≤ x ≤ lambd, else grad."""
    return backward("piecewise.softshrink", grad, "x", x, out, _lambd("softshrink_backward", lambd, 0))


def _torch_hardsigmoid(torch: Any, x: Any) -> Any:
    """PyTorch's, but for the gradient's sixth, which has 8 digits there, in float64 too."""
    functional = torch.nn.functional
    return torch.where(x.isnan(), functional.hardsigmoid(x), functional.relu6(x + 3) / 6)


@activation("min(max(x + 3, 0), 6) / 6", 4, _torch_hardsigmoid)
def hardsigmoid(x, *, out=None):
    """min(max(x + 3, 0), 6) / 6.

    Source: Courbariaux, Bengio and David, BinaryConnect, arXiv:1511.00363.
    """
    return forward("piecewise.hardsigmoid", x, out)


def hardsigmoid_backward(grad, x, *, out=None):
    """grad / 6 where −3 < x < 3, else 0."""
    return backward("piecewise.hardsigmoid", grad, "x", x, out)


@activation("x · min(max(x + 3, 0), 6) / 6", 5, lambda torch, x: torch.nn.functional.hardswish(x))
def hardswish(x, *, out=None):
    """x · min(max(x + 3, 0), 6) / 6. NaN at −∞, as in PyTorch: −∞ · 0.

    Source: Howard et al., Searching for MobileNetV3, arXiv:1905.02244.
    """
    return forward("piecewise.hardswish", x, out)


def hardswish_backward(grad, x, *, out=None):
    """0 where x ≤ −3, grad · (x / 3 + ½) where −3 < x < 3, else grad."""
    return backward("piecewise.hardswish", grad, "x", x, out)


def _limits(function: str, min_val: float, max_val: float) -> tuple[float, float]:
    low = check.number(function, "min_val", min_val)
    high = check.number(function, "max_val", max_val)
    if low > high:
        raise ValueError(f"{function}: min_val is {low:g}, it must be at most max_val, which is {high:g}")
    return low, high


@activation(
    "min(max(x, min_val), max_val)",
    2,
    lambda torch, x, min_val=-1.0, max_val=1.0: torch.nn.functional.hardtanh(x, min_val, max_val),
    {},
    {"min_val": -0.5, "max_val": 2.0},
)
def hardtanh(x, min_val=-1.0, max_val=1.0, *, out=None):
    """min(max(x, min_val), max_val)."""
    return forward("piecewise.hardtanh", x, out, *_limits("hardtanh", min_val, max_val))


def hardtanh_backward(grad, x, min_val=-1.0, max_val=1.0, *, out=None):
    """0 where x ≤ min_val or x ≥ max_val, else grad."""
    return backward("piecewise.hardtanh", grad, "x", x, out, *_limits("hardtanh_backward", min_val, max_val))


@activation("min(max(x, 0), 6)", 2, lambda torch, x: torch.nn.functional.relu6(x))
def relu6(x, *, out=None):
    """min(max(x, 0), 6).

    Source: Howard et al., MobileNets, arXiv:1704.04861.
    """
    return forward("piecewise.hardtanh", x, out, 0.0, 6.0, name="relu6")


def relu6_backward(grad, x, *, out=None):
    """0 where x ≤ 0 or x ≥ 6, else grad."""
    return backward("piecewise.hardtanh", grad, "x", x, out, 0.0, 6.0, name="relu6")


def _threshold(function: str, threshold: float, value: float) -> tuple[float, float]:
    return check.number(function, "threshold", threshold), check.number(function, "value", value)


@activation(
    "x if x > threshold else value",
    1,
    lambda torch, x, threshold, value: torch.nn.functional.threshold(x, threshold, value),
    {"threshold": 0.5, "value": 7.0},
)
def threshold(x, threshold, value, *, out=None):
    """x where x > threshold, else value."""
    return forward("piecewise.threshold", x, out, *_threshold("threshold", threshold, value))


def threshold_backward(grad, x, threshold, *, out=None):
    """grad where x > threshold, else 0."""
    limit = check.number("threshold_backward", "threshold", threshold)
    return backward("piecewise.threshold", grad, "x", x, out, limit)


@activation("max(x, 0)²", 2)
def relu_squared(x, *, out=None):
    """max(x, 0)².

    Source: So et al., Primer: searching for efficient transformers, arXiv:2109.08668.
    """
    return forward("piecewise.relu_squared", x, out)


def relu_squared_backward(grad, x, *, out=None):
    """2 · grad · x where x > 0, else 0."""
    return backward("piecewise.relu_squared", grad, "x", x, out)


@activation("0 if x ≤ −1, (x + 1)² / 4 if x < 1, else x", 4)
def sparse_plus(x, *, out=None):
    """0 where x ≤ −1, (x + 1)² / 4 where −1 < x < 1, else x: Keras's activation of that name."""
    return forward("piecewise.sparse_plus", x, out)


def sparse_plus_backward(grad, x, *, out=None):
    """grad · sparse_sigmoid(x)."""
    return backward("piecewise.sparse_plus", grad, "x", x, out)


@activation("0 if x ≤ −1, (x + 1) / 2 if x < 1, else 1", 3)
def sparse_sigmoid(x, *, out=None):
    """0 where x ≤ −1, (x + 1) / 2 where −1 < x < 1, else 1: Keras's activation of that name."""
    return forward("piecewise.sparse_sigmoid", x, out)


def sparse_sigmoid_backward(grad, x, *, out=None):
    """grad / 2 where −1 < x < 1, else 0."""
    return backward("piecewise.sparse_sigmoid", grad, "x", x, out)
