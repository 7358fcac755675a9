"""Element-wise activations: y = f(x), and their gradients.

Each works on an array of any shape and layout, float32 or float64, and returns a contiguous one; `out` may be `x`
itself. A NaN stays a NaN. All move 8 bytes an element of float32 forward and 12 backward: memory is their
limit, not arithmetic. Here are the oldest; more in the folders beside: smooth ones, and those of straight pieces.
"""

from .. import check
from .common import activation, backward, forward


@activation("max(x, 0)", 1, lambda torch, x: torch.nn.functional.relu(x), large=True)
def relu(x, *, out=None):
    """max(x, 0), element by element."""
    return forward("relu", x, out)


def relu_backward(grad, x, *, out=None):
    """grad where x > 0, else 0. The output of `relu` serves as `x` as well as its input does."""
    return backward("relu", grad, "x", x, out)


@activation(
    "x if x > 0 else negative_slope · x",
    2,
    lambda torch, x, negative_slope=0.01: torch.nn.functional.leaky_relu(x, negative_slope),
    {},
    {"negative_slope": 0.3},
    large=True,
)
def leaky_relu(x, negative_slope=0.01, *, out=None):
    """x where x > 0, else negative_slope · x."""
    slope = check.number("leaky_relu", "negative_slope", negative_slope)
    return forward("leaky_relu", x, out, slope)


def leaky_relu_backward(grad, x, negative_slope=0.01, *, out=None):
    """grad where x > 0, else negative_slope · grad."""
    slope = check.number("leaky_relu_backward", "negative_slope", negative_slope)
    return backward("leaky_relu", grad, "x", x, out, slope)


@activation("1 / (1 + exp(−x))", 4, lambda torch, x: torch.sigmoid(x), large=True)
def sigmoid(x, *, out=None):
    """1 / (1 + exp(−x))."""
    return forward("sigmoid", x, out)


def sigmoid_backward(grad, y, *, out=None):
    """grad · y · (1 − y), from the output `y` of `sigmoid`."""
    return backward("sigmoid", grad, "y", y, out)


@activation("tanh(x)", 6, lambda torch, x: torch.tanh(x), large=True)
def tanh(x, *, out=None):
    """The hyperbolic tangent."""
    return forward("tanh", x, out)


def tanh_backward(grad, y, *, out=None):
    """grad · (1 − y²), from the output `y` of `tanh`."""
    return backward("tanh", grad, "y", y, out)


@activation(
    "x Φ(x), Φ the normal distribution function",
    8,
    lambda torch, x, approximate="none": torch.nn.functional.gelu(x, approximate=approximate),
    {"approximate": "none"},
    {"approximate": "tanh"},
    large=True,
)
def gelu(x, approximate="none", *, out=None):
    """x Φ(x), with Φ(x) = ½ (1 + erf(x / √2)) the standard normal distribution function.

    `approximate="tanh"` takes ½ (1 + tanh(√(2/π) (x + 0.044715 x³))) for Φ instead.
    Source: Hendrycks and Gimpel, Gaussian Error Linear Units, arXiv:1606.08415.
    """
    check.choice("gelu", "approximate", approximate, ("none", "tanh"))
    return forward("gelu" if approximate == "none" else "gelu_tanh", x, out)


def gelu_backward(grad, x, approximate="none", *, out=None):
    """grad · (Φ(x) + x Φ′(x)), with the Φ that `approximate` names."""
    check.choice("gelu_backward", "approximate", approximate, ("none", "tanh"))
    return backward("gelu" if approximate == "none" else "gelu_tanh", grad, "x", x, out)
