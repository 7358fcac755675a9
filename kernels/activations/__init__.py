"""Element-wise activations: y = f(x), and their gradients.

Each works on an array of any shape and layout, float32 or float64, and returns a contiguous one; `out` may be `x`
itself. A NaN stays a NaN. All move 8 bytes an element of float32 forward and 12 backward: memory is their
limit, not arithmetic.
"""

from typing import Any

from .. import check
from ..backend import kernel
from ..operation import EDGES, Cost, Draw, Sample, operation


def _activation(formula: str, flops: int, torch, *options: dict, rtol: float = 1e-5):
    """The declaration of an activation; `options` are the keyword arguments to try it with."""

    def samples(draw: Draw):
        for option in options or ({},):
            for size in EDGES:
                yield Sample((draw.normal(size, scale=2),), option, note=f"{size} elements")
            yield Sample((draw.normal(scale=2),), option, note="0-dimensional")
            yield Sample((draw.normal(3, 0, 5),), option, note="an empty axis")
            for layout in draw.LAYOUTS:
                yield Sample((draw.normal(5, 33, scale=2, layout=layout),), option, note=layout)
            yield Sample((draw.extremes(),), option, smooth=False, note="extreme values")

    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, **_: Cost(flops * x.size, 2 * x.nbytes),
        backward_cost=lambda x, **_: Cost(2 * flops * x.size, 3 * x.nbytes),
        # The last of the options: GELU's tanh form, for NumPy has no erf to compare with.
        example=lambda draw, *shape: Sample((draw.normal(*shape),), (options or ({},))[-1]),
        workloads={"16M": (1 << 24,), "64K": (1 << 16,)},
        outputs=("y",),
        differentiable=("x",),
        torch=torch,
        rtol=rtol,
    )


def _forward(name: str, x: Any, out: Any, *parameters: float) -> Any:
    check.real(name, "x", x)
    out = check.output(name, out, x.shape, x.dtype, x, in_place=True)
    kernel(f"activations.{name}")(check.contiguous(x), *parameters, out)
    return out


def _backward(name: str, grad: Any, known: str, x: Any, out: Any, *parameters: float) -> Any:
    """`known` is the name of what the gradient is computed from: the input x or the output y."""
    check.real(f"{name}_backward", known, x)
    check.like(f"{name}_backward", "grad", grad, known, x)
    out = check.output(f"{name}_backward", out, x.shape, x.dtype, grad, x, in_place=True)
    kernel(f"activations.{name}_backward")(check.contiguous(grad), check.contiguous(x), *parameters, out)
    return out


@_activation("max(x, 0)", 1, lambda torch, x: torch.nn.functional.relu(x))
def relu(x, *, out=None):
    """max(x, 0), element by element."""
    return _forward("relu", x, out)


def relu_backward(grad, x, *, out=None):
    """grad where x > 0, else 0. The output of `relu` serves as `x` as well as its input does."""
    return _backward("relu", grad, "x", x, out)


@_activation(
    "x if x > 0 else negative_slope · x",
    2,
    lambda torch, x, negative_slope=0.01: torch.nn.functional.leaky_relu(x, negative_slope),
    {},
    {"negative_slope": 0.3},
)
def leaky_relu(x, negative_slope=0.01, *, out=None):
    """x where x > 0, else negative_slope · x."""
    slope = check.number("leaky_relu", "negative_slope", negative_slope)
    return _forward("leaky_relu", x, out, slope)


def leaky_relu_backward(grad, x, negative_slope=0.01, *, out=None):
    """grad where x > 0, else negative_slope · grad."""
    slope = check.number("leaky_relu_backward", "negative_slope", negative_slope)
    return _backward("leaky_relu", grad, "x", x, out, slope)


@_activation("1 / (1 + exp(−x))", 4, lambda torch, x: torch.sigmoid(x))
def sigmoid(x, *, out=None):
    """1 / (1 + exp(−x))."""
    return _forward("sigmoid", x, out)


def sigmoid_backward(grad, y, *, out=None):
    """grad · y · (1 − y), from the output `y` of `sigmoid`."""
    return _backward("sigmoid", grad, "y", y, out)


@_activation("tanh(x)", 6, lambda torch, x: torch.tanh(x))
def tanh(x, *, out=None):
    """The hyperbolic tangent."""
    return _forward("tanh", x, out)


def tanh_backward(grad, y, *, out=None):
    """grad · (1 − y²), from the output `y` of `tanh`."""
    return _backward("tanh", grad, "y", y, out)


@_activation(
    "x Φ(x), Φ the normal distribution function",
    8,
    lambda torch, x, approximate="none": torch.nn.functional.gelu(x, approximate=approximate),
    {"approximate": "none"},
    {"approximate": "tanh"},
)
def gelu(x, approximate="none", *, out=None):
    """x Φ(x), with Φ(x) = ½ (1 + erf(x / √2)) the standard normal distribution function.

    `approximate="tanh"` takes ½ (1 + tanh(√(2/π) (x + 0.044715 x³))) for Φ instead.
    Source: Hendrycks and Gimpel, Gaussian Error Linear Units, arXiv:1606.08415.
    """
    check.choice("gelu", "approximate", approximate, ("none", "tanh"))
    return _forward("gelu" if approximate == "none" else "gelu_tanh", x, out)


def gelu_backward(grad, x, approximate="none", *, out=None):
    """grad · (Φ(x) + x Φ′(x)), with the Φ that `approximate` names."""
    check.choice("gelu_backward", "approximate", approximate, ("none", "tanh"))
    return _backward("gelu" if approximate == "none" else "gelu_tanh", grad, "x", x, out)
