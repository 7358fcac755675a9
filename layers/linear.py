"""The fully connected layer."""

import math
from typing import Any

import numpy as np

from .. import kernels
from .initial import uniform
from .module import Module
from .parameter import Parameter


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

    def __call__(self, x):
        return kernels.linear(x, self.weight.data, self.bias and self.bias.data)

    def forward(self, x):
        def backward(grad, input_gradient=True):
            # ∂x = g W, ∂W = gᵀ x, ∂b = Σ g over the rows
            arrays = x, self.weight.data, self.bias and self.bias.data
            out = None, self.weight.grad_to_write(), self.bias and self.bias.grad_to_write()
            found = kernels.linear_backward(grad, *arrays, input_gradient=input_gradient, out=out)
            self.weight.add_grad(found[1])
            if self.bias:
                self.bias.add_grad(found[2])
            return found[0]

        return self(x), backward

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
