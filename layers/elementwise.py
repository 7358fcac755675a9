"""Activations that work element by element, as layers: each keeps its input for the way back."""

from typing import Any

from .. import kernels
from .module import Module


class Elementwise(Module):
    """The function of kernels of that name, with the layer's own arguments behind x."""

    function: str
    arguments: tuple[str, ...] = ()

    def _values(self) -> list[Any]:
        return [getattr(self, name) for name in self.arguments]

    def __call__(self, x: Any) -> Any:
        return getattr(kernels, self.function)(x, *self._values())

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return getattr(kernels, f"{self.function}_backward")(grad, x, *self._values()) if input_gradient else None

        return self(x), backward

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in zip(self.arguments, self._values()))


class LeakyReLU(Elementwise):
    """x where x > 0, else negative_slope · x."""

    function = "leaky_relu"
    arguments = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = negative_slope


class GELU(Elementwise):
    """x Φ(x), Φ the normal distribution function; `approximate="tanh"` takes the cheaper form."""

    function = "gelu"
    arguments = ("approximate",)

    def __init__(self, approximate: str = "none"):
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate is {approximate!r}, it must be one of 'none', 'tanh'")
        self.approximate = approximate


class ELU(Elementwise):
    """x where x > 0, else alpha · (exp(x) − 1)."""

    function = "elu"
    arguments = ("alpha",)

    def __init__(self, alpha: float = 1.0):
        self.alpha = alpha


class CELU(Elementwise):
    """x where x > 0, else alpha · (exp(x / alpha) − 1)."""

    function = "celu"
    arguments = ("alpha",)

    def __init__(self, alpha: float = 1.0):
        self.alpha = alpha


class SELU(Elementwise):
    """λ · (x where x > 0, else α (exp(x) − 1)), λ and α such that mean 0 and variance 1 are kept."""

    function = "selu"


class SiLU(Elementwise):
    """x σ(x), also called swish."""

    function = "silu"


class Mish(Elementwise):
    """x tanh(log(1 + exp(x)))."""

    function = "mish"


class Softplus(Elementwise):
    """log(1 + exp(beta · x)) / beta; x where beta · x > threshold."""

    function = "softplus"
    arguments = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        self.beta, self.threshold = beta, threshold


class LogSigmoid(Elementwise):
    """−log(1 + exp(−x))."""

    function = "logsigmoid"


class Softsign(Elementwise):
    """x / (1 + |x|)."""

    function = "softsign"


class Tanhshrink(Elementwise):
    """x − tanh(x)."""

    function = "tanhshrink"


class Squareplus(Elementwise):
    """(x + √(x² + b)) / 2: Keras's."""

    function = "squareplus"
    arguments = ("b",)

    def __init__(self, b: float = 4.0):
        self.b = b


class Hardshrink(Elementwise):
    """0 where |x| ≤ lambd, else x."""

    function = "hardshrink"
    arguments = ("lambd",)

    def __init__(self, lambd: float = 0.5):
        self.lambd = lambd


class Softshrink(Elementwise):
    """x − lambd where x > lambd, x + lambd where x < −lambd, else 0."""

    function = "softshrink"
    arguments = ("lambd",)

    def __init__(self, lambd: float = 0.5):
        self.lambd = lambd


class Hardsigmoid(Elementwise):
    """min(max(x + 3, 0), 6) / 6."""

    function = "hardsigmoid"


class Hardswish(Elementwise):
    """x · min(max(x + 3, 0), 6) / 6."""

    function = "hardswish"


class Hardtanh(Elementwise):
    """min(max(x, min_val), max_val)."""

    function = "hardtanh"
    arguments = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        self.min_val, self.max_val = min_val, max_val


class ReLU6(Elementwise):
    """min(max(x, 0), 6)."""

    function = "relu6"


class ReLUSquared(Elementwise):
    """max(x, 0)²."""

    function = "relu_squared"


class SparsePlus(Elementwise):
    """0 where x ≤ −1, (x + 1)² / 4 where x < 1, else x: Keras's."""

    function = "sparse_plus"


class SparseSigmoid(Elementwise):
    """0 where x ≤ −1, (x + 1) / 2 where x < 1, else 1: Keras's."""

    function = "sparse_sigmoid"


class Threshold(Elementwise):
    """x where x > threshold, else value."""

    function = "threshold"
    arguments = ("threshold", "value")

    def __init__(self, threshold: float, value: float):
        self.threshold, self.value = threshold, value

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return kernels.threshold_backward(grad, x, self.threshold) if input_gradient else None

        return self(x), backward


class Exponential(Module):
    """exp(x): Keras's."""

    def __call__(self, x):
        return kernels.exponential(x)

    def forward(self, x):
        y = kernels.exponential(x)

        def backward(grad, input_gradient=True):
            return kernels.exponential_backward(grad, y) if input_gradient else None

        return y, backward
