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
