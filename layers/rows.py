"""Layer norm, RMS norm, group norm: by the statistics of a sample alone, the same in training and in inference."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import kernels
from .affine import add_gradients, data, integer, scale_and_shift
from .module import Module


def _sizes(layer: Any, normalized_shape: int | Iterable[int]) -> tuple[int, ...]:
    sizes = tuple(normalized_shape) if isinstance(normalized_shape, Iterable) else (normalized_shape,)
    return tuple(integer(layer, "normalized_shape", size) for size in sizes)


class LayerNorm(Module):
    """(x − mean) / √(variance + eps) · weight + bias, with mean and variance over the last axes.

    Parameters
    ----------
    normalized_shape : int or tuple of them
        The sizes of those axes.
    eps : float
        Added to the variance.
    elementwise_affine : bool
        Whether there are a `weight` and a `bias` of that shape: ones and zeros at first.
    bias : bool
        False for a weight alone.
    dtype : float32 or float64

    Source: Ba, Kiros and Hinton, Layer Normalization, arXiv:1607.06450.
    """

    def __init__(
        self,
        normalized_shape: int | Iterable[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ):
        self.normalized_shape, self.eps = _sizes(self, normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        affine = elementwise_affine
        self.weight, self.bias = scale_and_shift(self.normalized_shape, affine, affine and bias, dtype)

    def __call__(self, x):
        return kernels.layer_norm(x, self.normalized_shape, data(self.weight), data(self.bias), self.eps)

    def forward(self, x):
        parameters = self.weight, self.bias
        y, statistics = kernels.layer_norm_with_statistics(
            x, self.normalized_shape, *map(data, parameters), eps=self.eps
        )

        def backward(grad, input_gradient=True):
            arrays = x, self.normalized_shape, *map(data, parameters)
            grad_x, *found = kernels.layer_norm_backward(grad, *arrays, eps=self.eps, statistics=statistics)
            add_gradients(parameters, tuple(found))
            return grad_x if input_gradient else None

        return y, backward

    def extra_repr(self) -> str:
        affine, bias = self.elementwise_affine, self.bias is not None
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}, bias={bias}"


class RMSNorm(Module):
    """x / √(mean of x² + eps) · weight, with the mean over the last axes.

    Parameters
    ----------
    normalized_shape : int or tuple of them
        The sizes of those axes.
    eps : float or None
        None for the step of x's type beside 1.
    elementwise_affine : bool
        Whether there is a `weight` of that shape: ones at first.
    dtype : float32 or float64

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization, arXiv:1910.07467.
    """

    def __init__(
        self,
        normalized_shape: int | Iterable[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = np.float32,
    ):
        self.normalized_shape, self.eps = _sizes(self, normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.weight, _ = scale_and_shift(self.normalized_shape, elementwise_affine, False, dtype)

    def __call__(self, x):
        return kernels.rms_norm(x, self.normalized_shape, data(self.weight), self.eps)

    def forward(self, x):
        def backward(grad, input_gradient=True):
            grad_x, found = kernels.rms_norm_backward(grad, x, self.normalized_shape, data(self.weight), self.eps)
            add_gradients((self.weight,), (found,))
            return grad_x if input_gradient else None

        return self(x), backward

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """(x − mean) / √(variance + eps) · weight + bias, of each image's groups of neighbouring channels.

    Parameters
    ----------
    num_groups, num_channels : int
        The channels are a multiple of the groups. x is (N, num_channels, …).
    eps : float
        Added to the variance.
    affine : bool
        Whether there are a `weight` and a `bias`, (num_channels,): ones and zeros at first.
    bias : bool
        False for a weight alone.
    dtype : float32 or float64

    Source: Wu and He, Group Normalization, arXiv:1803.08494.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
        dtype: Any = np.float32,
    ):
        self.num_groups = integer(self, "num_groups", num_groups, 1)
        self.num_channels = integer(self, "num_channels", num_channels)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_channels is {num_channels}, it must be a multiple of {num_groups}")
        self.eps, self.affine = eps, affine
        self.weight, self.bias = scale_and_shift(num_channels, affine, affine and bias, dtype)

    def __call__(self, x):
        self._check(x)
        return kernels.group_norm(x, self.num_groups, data(self.weight), data(self.bias), self.eps)

    def forward(self, x):
        self._check(x)
        parameters = self.weight, self.bias
        y, statistics = kernels.group_norm_with_statistics(x, self.num_groups, *map(data, parameters), eps=self.eps)

        def backward(grad, input_gradient=True):
            arrays = x, self.num_groups, *map(data, parameters)
            grad_x, *found = kernels.group_norm_backward(grad, *arrays, eps=self.eps, statistics=statistics)
            add_gradients(parameters, tuple(found))
            return grad_x if input_gradient else None

        return y, backward

    def _check(self, x: Any) -> None:
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ValueError(f"GroupNorm: x has the shape {x.shape}, it must be (N, {self.num_channels}, …)")

    def extra_repr(self) -> str:
        affine, bias = self.affine, self.bias is not None
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={affine}, bias={bias}"
