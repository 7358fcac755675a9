"""Activations as layers. None has parameters; each keeps for its way back the one array that it needs."""

from .. import kernels
from .module import Module


class ReLU(Module):
    """max(x, 0)."""

    def __call__(self, x):
        return kernels.relu(x)

    def forward(self, x):
        y = kernels.relu(x)

        def backward(grad, input_gradient=True):
            return kernels.relu_backward(grad, y) if input_gradient else None

        return y, backward


class LeakyReLU(Module):
    """x where x > 0, else negative_slope · x."""

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = negative_slope

    def __call__(self, x):
        return kernels.leaky_relu(x, self.negative_slope)

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return kernels.leaky_relu_backward(grad, x, self.negative_slope) if input_gradient else None

        return self(x), backward

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class Sigmoid(Module):
    """1 / (1 + exp(−x))."""

    def __call__(self, x):
        return kernels.sigmoid(x)

    def forward(self, x):
        y = kernels.sigmoid(x)

        def backward(grad, input_gradient=True):
            return kernels.sigmoid_backward(grad, y) if input_gradient else None

        return y, backward


class Tanh(Module):
    """The hyperbolic tangent."""

    def __call__(self, x):
        return kernels.tanh(x)

    def forward(self, x):
        y = kernels.tanh(x)

        def backward(grad, input_gradient=True):
            return kernels.tanh_backward(grad, y) if input_gradient else None

        return y, backward


class GELU(Module):
    """x Φ(x), Φ the normal distribution function; `approximate="tanh"` takes the cheaper form."""

    def __init__(self, approximate: str = "none"):
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate is {approximate!r}, it must be one of 'none', 'tanh'")
        self.approximate = approximate

    def __call__(self, x):
        return kernels.gelu(x, self.approximate)

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return kernels.gelu_backward(grad, x, self.approximate) if input_gradient else None

        return self(x), backward

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """exp(xᵢ) / Σⱼ exp(xⱼ) along the axis `dim`."""

    def __init__(self, dim: int = -1):
        self.dim = dim

    def __call__(self, x):
        return kernels.softmax(x, self.dim)

    def forward(self, x):
        y = kernels.softmax(x, self.dim)

        def backward(grad, input_gradient=True):
            return kernels.softmax_backward(grad, y, self.dim) if input_gradient else None

        return y, backward

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """xᵢ − log Σⱼ exp(xⱼ) along the axis `dim`."""

    def __init__(self, dim: int = -1):
        self.dim = dim

    def __call__(self, x):
        return kernels.log_softmax(x, self.dim)

    def forward(self, x):
        y = kernels.log_softmax(x, self.dim)

        def backward(grad, input_gradient=True):
            return kernels.log_softmax_backward(grad, y, self.dim) if input_gradient else None

        return y, backward

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
