"""Batch norm as a layer: by a batch's statistics in training, by those gathered meanwhile in inference."""

from typing import Any, ClassVar

import numpy as np

from .. import kernels
from .module import Module
from .parameter import Buffer, Parameter


def scale_and_shift(shape: Any, weight: bool, bias: bool, dtype: Any) -> tuple[Parameter | None, Parameter | None]:
    """A weight of ones and a bias of zeros, or None."""
    return (
        Parameter(np.ones(shape, dtype), "weight") if weight else None,
        Parameter(np.zeros(shape, dtype), "bias") if bias else None,
    )


def data(held: Buffer | None) -> Any:
    return None if held is None else held.data


def add_gradients(parameters: tuple[Parameter | None, ...], gradients: tuple) -> None:
    for parameter, gradient in zip(parameters, gradients):
        if parameter is not None:
            parameter.add_grad(gradient)


def integer(layer: Any, name: str, value: Any, low: int = 0) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < low:
        raise ValueError(f"{type(layer).__name__}: {name} is {value!r}, it must be an integer of at least {low}")
    return int(value)


def axes(layer: Any, x: Any, allowed: tuple[int, ...]) -> None:
    if x.ndim not in allowed:
        numbers = " or ".join(map(str, allowed))
        raise ValueError(f"{type(layer).__name__}: x has {x.ndim} axes, it must have {numbers}")


class Gathering(Module):
    """One that gathers means and variances of its channels: `running_mean`, `running_var`, `num_batches_tracked`."""

    ndim: ClassVar[tuple[int, ...]]  # that an input may have

    def __init__(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track: bool, bias: bool, dtype: Any
    ):
        self.num_features = integer(self, "num_features", num_features)
        self.eps, self.momentum, self.affine, self.track_running_stats = eps, momentum, affine, track
        self.weight, self.bias = scale_and_shift(num_features, affine, affine and bias, dtype)
        self.running_mean = self.running_var = self.num_batches_tracked = None
        if track:
            self.running_mean = Buffer(np.zeros(num_features, dtype), "running_mean")
            self.running_var = Buffer(np.ones(num_features, dtype), "running_var")
            self.num_batches_tracked = Buffer(np.array(0, np.int64), "num_batches_tracked")

    def share_of_the_new(self) -> float:
        """In the running statistics; without a momentum, all batches weigh the same."""
        if self.momentum is None:
            return 1.0 if self.num_batches_tracked is None else 1 / (float(self.num_batches_tracked.data) + 1)
        return self.momentum

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(Gathering):
    """(x − mean) / √(variance + eps) · weight + bias, of each channel, which is axis 1.

    Parameters
    ----------
    num_features : int
        Channels.
    eps : float
        Added to the variance.
    momentum : float or None
        The weight of a new batch in the running statistics; None for the mean of all batches so far.
    affine : bool
        Whether there are a `weight` and a `bias`, (num_features,): ones and zeros at first.
    track_running_stats : bool
        Whether `running_mean` and `running_var` are gathered in training for inference. Without them, inference too
        takes a batch's own.
    bias : bool
        False for a weight alone.
    dtype : float32 or float64

    Training raises ValueError where a channel has one value.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        dtype: Any = np.float32,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, dtype)

    def __call__(self, x):
        axes(self, x, self.ndim)
        held = self.running_mean, self.running_var, self.weight, self.bias
        return kernels.batch_norm(x, *map(data, held), training=self.running_mean is None, eps=self.eps)

    def forward(self, x):
        axes(self, x, self.ndim)
        held = self.running_mean, self.running_var, self.weight, self.bias
        momentum = self.share_of_the_new()
        y, statistics = kernels.batch_norm_with_statistics(
            x, *map(data, held), training=True, momentum=momentum, eps=self.eps
        )
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.data += 1

        def backward(grad, input_gradient=True):
            parameters = self.weight, self.bias
            options = {"training": True, "eps": self.eps, "statistics": statistics}
            grad_x, *found = kernels.batch_norm_backward(grad, x, None, None, *map(data, parameters), **options)
            add_gradients(parameters, tuple(found))
            return grad_x if input_gradient else None

        return y, backward


class BatchNorm1d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    x is (N, C) or (N, C, L). Ioffe and Szegedy, arXiv:1502.03167.\n    "
    ndim = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    x is (N, C, H, W). Ioffe and Szegedy, arXiv:1502.03167.\n    "
    ndim = (4,)


class BatchNorm3d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    x is (N, C, D, H, W). Ioffe and Szegedy, arXiv:1502.03167.\n    "
    ndim = (5,)
