"""The fully connected layer."""

import math
from typing import Any

import numpy as np

from .. import kernels
from .affine import data
from .initial import uniform
from .module import Module
from .parameter import Parameter


def linear_back(
    grad: Any,
    x: Any,
    weight: Parameter,
    bias: Parameter | None,
    activation: str | None = None,
    y: Any = None,
    **options: Any,
) -> Any:
    """The way back through y = act(x weightᵀ + bias); options are those of `kernels.linear_backward`."""
    out = None, weight.grad_to_write(), bias and bias.grad_to_write()
    arrays = grad, x, weight.data, data(bias)
    grad_x, grad_weight, grad_bias = kernels.linear_backward(*arrays, activation, y, **options, out=out)
    weight.add_grad(grad_weight)
    if bias is not None:
        bias.add_grad(grad_bias)
    return grad_x


class Linear(Module):
    """y = x Wᵀ + b, over the last axis of x.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool
        Whether there is a b.
    dtype : float32 or float64

    `weight` is (out_features, in_features), `bias` (out_features,). Both begin as even draws from −1/√in_features to
    1/√in_features. An input (..., in_features) becomes (..., out_features).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, dtype: Any = np.float32):
        for name, value in (("in_features", in_features), ("out_features", out_features)):
            if not isinstance(value, (int, np.integer)) or value < 0:
                raise ValueError(f"Linear: {name} is {value!r}, it must be an integer of at least 0")
        self.in_features, self.out_features = int(in_features), int(out_features)
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        self.weight = Parameter(uniform((out_features, in_features), bound, dtype), "weight")
        self.bias = Parameter(uniform((out_features,), bound, dtype), "bias") if bias else None

    fused = ("relu", "sigmoid", "tanh")

    def __call__(self, x, activation=None):
        return kernels.linear(x, self.weight.data, data(self.bias), activation)

    def forward(self, x, activation=None):
        """The way back takes two more options: `walked`, when `grad` is by what went into the activation already, and
        `input_activation`, whose output x is: then the input's gradient is by what went into that.
        """
        y = self(x, activation) if activation else self(x)
        made = y if activation else None

        def backward(grad, input_gradient=True, input_activation=None, walked=False):
            behind = None if walked else activation
            options = {"input_gradient": input_gradient, "input_activation": input_activation}
            return linear_back(grad, x, self.weight, self.bias, behind, made, **options)

        return y, backward

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
