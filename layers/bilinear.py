"""The layer of two inputs."""

import math
from typing import Any

import numpy as np

from .. import kernels
from .initial import uniform
from .module import Module
from .parameter import Parameter


class Bilinear(Module):
    """yₒ = x₁ᵀ Wₒ x₂ + bₒ, over the last axes of two inputs whose other axes are the same.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
    bias : bool
        Whether there is a b.
    dtype : float32 or float64

    `weight` is (out_features, in1_features, in2_features), `bias` (out_features,). Both begin as even draws from
    −1/√in1_features to 1/√in1_features. The way back returns the gradients of both inputs, a pair.
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, *, dtype: Any = np.float32
    ):
        sizes = {"in1_features": in1_features, "in2_features": in2_features, "out_features": out_features}
        for name, value in sizes.items():
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"Bilinear: {name} is {value!r}, it must be an integer of at least 1")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        bound = 1 / math.sqrt(in1_features)
        self.weight = Parameter(uniform((out_features, in1_features, in2_features), bound, dtype), "weight")
        self.bias = Parameter(uniform((out_features,), bound, dtype), "bias") if bias else None

    def __call__(self, x1, x2):  # type: ignore[override]
        return self._output(x1, x2)[0]

    def _output(self, x1: Any, x2: Any) -> tuple[Any, Any]:
        """The output, and x₁ᵀ Wₒ for every o, (rows, out, in2)."""
        wanted = ((*x1.shape[:-1], self.in1_features), (*x1.shape[:-1], self.in2_features))
        if (x1.shape, x2.shape) != wanted:
            raise ValueError(
                f"Bilinear: x1 and x2 have the shapes {x1.shape} and {x2.shape}, "
                f"they must be (…, {self.in1_features}) and (…, {self.in2_features}), alike in front"
            )
        half = kernels.matmul(self._rows(x1), self._flat_weight())
        half = half.reshape(half.shape[0], self.out_features, self.in2_features)
        y = kernels.matmul(half, self._rows(x2)[:, :, None]).reshape(*x1.shape[:-1], self.out_features)
        return (y if self.bias is None else y + self.bias.data), half

    def _flat_weight(self) -> Any:
        """The weight as a matrix (in1, out · in2)."""
        return self.weight.data.transpose(1, 0, 2).reshape(self.in1_features, -1)

    @staticmethod
    def _rows(x: Any) -> Any:
        return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])

    def forward(self, x1, x2):  # type: ignore[override]
        y, half = self._output(x1, x2)

        def backward(grad, input_gradient=True):
            # ∂x₂ = Σₒ gₒ x₁ᵀ Wₒ, ∂(x₁ᵀ Wₒ) = gₒ x₂, and on from there as in any product
            grad = self._rows(grad)
            grad_half = kernels.matmul(grad[:, :, None], self._rows(x2)[:, None, :])
            grad_half = grad_half.reshape(grad.shape[0], self.out_features * self.in2_features)
            grad_weight = kernels.matmul(self._rows(x1).T, grad_half)
            shape = self.in1_features, self.out_features, self.in2_features
            self.weight.grad += grad_weight.reshape(shape).transpose(1, 0, 2)
            if self.bias is not None:
                self.bias.grad += kernels.sum(grad, 0)
            if not input_gradient:
                return None
            grad_x1 = kernels.matmul(grad_half, self._flat_weight().T).reshape(x1.shape)
            return grad_x1, kernels.matmul(grad[:, None, :], half).reshape(x2.shape)

        return y, backward

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
