"""Activations as layers: PyTorch's, then Keras's and those of gated networks.

Each names a function of the kernels; its own attributes are that function's arguments, in their order. It keeps for its
way back the one array that it needs, the input or the output. Those with parameters or draws are in slopes.py.
"""

from typing import Any, ClassVar

from .. import kernels
from .module import Module


class _Activation(Module):
    """y = function(x, …)."""

    function: ClassVar[str]

    def _arguments(self) -> tuple:
        return tuple(vars(self).values())

    def _backward(self, grad: Any, kept: Any) -> Any:
        return getattr(kernels, f"{self.function}_backward")(grad, kept, *self._arguments())

    def __call__(self, x):
        return getattr(kernels, self.function)(x, *self._arguments())

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in vars(self).items())


class _OfInput(_Activation):
    """One whose way back starts from the input."""

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return self._backward(grad, x) if input_gradient else None

        return self(x), backward


class _OfOutput(_Activation):
    """One whose way back starts from the output."""

    def forward(self, x):
        y = self(x)

        def backward(grad, input_gradient=True):
            return self._backward(grad, y) if input_gradient else None

        return y, backward


class ReLU(_OfOutput):
    """max(x, 0)."""

    function = "relu"


class ReLU6(_OfInput):
    """min(max(x, 0), 6)."""

    function = "relu6"


class LeakyReLU(_OfInput):
    """x where x > 0, else negative_slope · x."""

    function = "leaky_relu"

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = negative_slope


class Threshold(_OfInput):
    """x where x > threshold, else value."""

    function = "threshold"

    def __init__(self, threshold: float, value: float):
        self.threshold, self.value = threshold, value

    def _backward(self, grad, kept):
        return kernels.threshold_backward(grad, kept, self.threshold)


class Hardtanh(_OfInput):
    """x, but at least min_val and at most max_val."""

    function = "hardtanh"

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0):
        self.min_val, self.max_val = min_val, max_val


class Hardsigmoid(_OfInput):
    """min(max(x / 6 + ½, 0), 1)."""

    function = "hardsigmoid"


class Hardswish(_OfInput):
    """x · min(max(x / 6 + ½, 0), 1)."""

    function = "hardswish"


class Hardshrink(_OfInput):
    """x where |x| > lambd, else 0."""

    function = "hardshrink"

    def __init__(self, lambd: float = 0.5):
        self.lambd = lambd

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(_OfInput):
    """x, nearer to 0 by lambd, and 0 where |x| ≤ lambd."""

    function = "softshrink"

    def __init__(self, lambd: float = 0.5):
        self.lambd = lambd

    def extra_repr(self) -> str:
        return str(self.lambd)


class Tanhshrink(_OfInput):
    """x − tanh(x)."""

    function = "tanhshrink"


class ELU(_OfInput):
    """x where x > 0, else alpha · (exp(x) − 1)."""

    function = "elu"

    def __init__(self, alpha: float = 1.0):
        self.alpha = alpha


class SELU(_OfInput):
    """An ELU, scaled so that mean 0 and variance 1 are a fixed point."""

    function = "selu"


class CELU(_OfInput):
    """x where x > 0, else alpha · (exp(x / alpha) − 1)."""

    function = "celu"

    def __init__(self, alpha: float = 1.0):
        self.alpha = alpha


class Sigmoid(_OfOutput):
    """1 / (1 + exp(−x))."""

    function = "sigmoid"


class LogSigmoid(_OfInput):
    """−log(1 + exp(−x))."""

    function = "logsigmoid"


class Tanh(_OfOutput):
    """The hyperbolic tangent."""

    function = "tanh"


class GELU(_OfInput):
    """x Φ(x), Φ the normal distribution function; `approximate="tanh"` takes the cheaper form."""

    function = "gelu"

    def __init__(self, approximate: str = "none"):
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate is {approximate!r}, it must be one of 'none', 'tanh'")
        self.approximate = approximate


class SiLU(_OfInput):
    """x / (1 + exp(−x))."""

    function = "silu"


class Mish(_OfInput):
    """x tanh(log(1 + exp(x)))."""

    function = "mish"


class Softplus(_OfInput):
    """log(1 + exp(beta · x)) / beta; x where beta · x > threshold."""

    function = "softplus"

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        self.beta, self.threshold = beta, threshold


class Softsign(_OfInput):
    """x / (1 + |x|)."""

    function = "softsign"


class GLU(_OfInput):
    """a σ(b), a and b the halves of x along the axis `dim`."""

    function = "glu"

    def __init__(self, dim: int = -1):
        self.dim = dim


class Softmax(_OfOutput):
    """exp(xᵢ) / Σⱼ exp(xⱼ) along the axis `dim`."""

    function = "softmax"

    def __init__(self, dim: int = -1):
        self.dim = dim


class Softmax2d(_OfOutput):
    """A softmax over the channels of images (C, H, W) or (N, C, H, W)."""

    function = "softmax"

    def _arguments(self):
        return (-3,)

    def __call__(self, x):
        if x.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: x has {x.ndim} axes, it must have 3 or 4")
        return super().__call__(x)


class Softmin(_OfOutput):
    """exp(−xᵢ) / Σⱼ exp(−xⱼ) along the axis `dim`."""

    function = "softmin"

    def __init__(self, dim: int = -1):
        self.dim = dim


class LogSoftmax(_OfOutput):
    """xᵢ − log Σⱼ exp(xⱼ) along the axis `dim`."""

    function = "log_softmax"

    def __init__(self, dim: int = -1):
        self.dim = dim


# Keras's. Its `linear` is Identity.


class Exponential(_OfOutput):
    """exp(x)."""

    function = "exponential"


class Squareplus(_OfInput):
    """½ (x + √(x² + b))."""

    function = "squareplus"

    def __init__(self, b: float = 4):
        self.b = b


class SparsePlus(_OfInput):
    """0 up to −1, x from 1 on, ¼ (x + 1)² between."""

    function = "sparse_plus"


class SparseSigmoid(_OfInput):
    """min(max(½ (x + 1), 0), 1)."""

    function = "sparse_sigmoid"


class Sparsemax(_OfOutput):
    """max(xᵢ − τ, 0) along the axis `dim`, with the τ for which the sum is 1."""

    function = "sparsemax"

    def __init__(self, dim: int = -1):
        self.dim = dim


# Of gated networks: a and b are the halves of x along the axis `dim`, b is the gate.


class SwiGLU(_OfInput):
    """a · silu(b)."""

    function = "swiglu"

    def __init__(self, dim: int = -1):
        self.dim = dim


class GEGLU(_OfInput):
    """a · gelu(b)."""

    function = "geglu"

    def __init__(self, dim: int = -1):
        self.dim = dim


class ReGLU(_OfInput):
    """a · max(b, 0)."""

    function = "reglu"

    def __init__(self, dim: int = -1):
        self.dim = dim


class ReLUSquared(_OfInput):
    """max(x, 0)²."""

    function = "relu_squared"
