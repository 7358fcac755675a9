"""Layers whose slope below 0 is learned, or drawn."""

from typing import Any

import numpy as np

from .. import kernels
from .initial import uniform
from .module import Module
from .parameter import Parameter


class PReLU(Module):
    """x where x > 0, else weight · x.

    Parameters
    ----------
    num_parameters : int
        1, or the size of axis 1 of x, for a weight of each channel's own.
    init : float
        What `weight`, of the shape (num_parameters,), is at first.
    dtype : float32 or float64
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = np.float32):
        if not isinstance(num_parameters, (int, np.integer)) or num_parameters < 1:
            raise ValueError(f"PReLU: num_parameters is {num_parameters!r}, it must be an integer of at least 1")
        self.num_parameters = int(num_parameters)
        self.weight = Parameter(np.full(num_parameters, init, dtype), "weight")

    def __call__(self, x):
        return kernels.prelu(x, self.weight.data)

    def forward(self, x):
        def backward(grad, input_gradient=True):
            grad_x, grad_weight = kernels.prelu_backward(grad, x, self.weight.data)
            self.weight.add_grad(grad_weight)
            return grad_x if input_gradient else None

        return self(x), backward

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """x where x > 0, else slope · x: in training each element has a slope of its own, drawn evenly from lower to upper;
    in inference all have the mean.

    The draws are Philox's (initial.py), so `manual_seed` makes them repeatable, and they are the same on every backend.
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3):
        if not lower <= upper:
            raise ValueError(f"RReLU: lower is {lower} and upper is {upper}: lower must be at most upper")
        self.lower, self.upper = lower, upper

    def __call__(self, x):
        return kernels.leaky_relu(x, (self.lower + self.upper) / 2)

    def forward(self, x):
        middle, half = (self.lower + self.upper) / 2, (self.upper - self.lower) / 2
        slope = kernels.current().from_numpy((middle + uniform(x.shape, half, np.float64)).astype(x.dtype))

        def backward(grad, input_gradient=True):
            return kernels.rrelu_backward(grad, x, slope) if input_gradient else None

        return kernels.rrelu(x, slope), backward

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}"
