"""Batch norm and instance norm: by a batch's statistics in training, by those gathered meanwhile in inference."""

from typing import Any, ClassVar

import numpy as np

from .. import kernels
from .affine import add_gradients, axes, data, integer, scale_and_shift
from .module import Module
from .parameter import Buffer


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

    Training raises ValueError where a channel has one value. With the `activation` "relu" a call makes a
    ReLU's output, in the same pass.
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

    def __call__(self, x, activation=None):
        axes(self, x, self.ndim)
        held = self.running_mean, self.running_var, self.weight, self.bias
        options = {"training": self.running_mean is None, "eps": self.eps, "activation": activation}
        return kernels.batch_norm(x, *map(data, held), **options)

    def forward(self, x, activation=None):
        axes(self, x, self.ndim)
        held = self.running_mean, self.running_var, self.weight, self.bias
        options = {"training": True, "eps": self.eps, "activation": activation}
        momentum = self.share_of_the_new()
        y, statistics = kernels.batch_norm_with_statistics(x, *map(data, held), momentum=momentum, **options)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.data += 1

        def backward(grad, input_gradient=True):
            parameters = self.weight, self.bias
            known = {"statistics": statistics, **options}
            grad_x, *found = kernels.batch_norm_backward(grad, x, None, None, *map(data, parameters), **known)
            add_gradients(parameters, tuple(found))
            return grad_x if input_gradient else None

        return y, backward


class BatchNorm1d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    x is (N, C) or (N, C, L). Source: arXiv:1502.03167.\n    "
    fused = ("relu",)
    ndim = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    x is (N, C, H, W). Source: arXiv:1502.03167.\n    "
    fused = ("relu",)
    ndim = (4,)


class BatchNorm3d(_BatchNorm):
    __doc__ = f"{_BatchNorm.__doc__}\n    x is (N, C, D, H, W). Source: arXiv:1502.03167.\n    "
    fused = ("relu",)
    ndim = (5,)


class _InstanceNorm(Gathering):
    """(x − mean) / √(variance + eps) · weight + bias, of each image's channels.

    Parameters
    ----------
    num_features : int
        Channels.
    eps : float
        Added to the variance.
    momentum : float
        The weight of new statistics in the running ones.
    affine : bool
        Whether there are a `weight` and a `bias`, (num_features,): ones and zeros at first.
    track_running_stats : bool
        Whether `running_mean` and `running_var` are gathered in training for inference. Without them, inference too
        takes an image's own.
    bias : bool
        False for a weight alone.
    dtype : float32 or float64
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
        dtype: Any = np.float32,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, dtype)

    def __call__(self, x):
        return self._normalise(x, use_input_stats=self.running_mean is None)[0]

    def forward(self, x):
        y, statistics = self._normalise(x, use_input_stats=True)

        def backward(grad, input_gradient=True):
            parameters = self.weight, self.bias
            images, grads = (a if a.ndim == self.ndim[-1] else a[None] for a in (x, grad))
            options = {"eps": self.eps, "statistics": statistics}
            grad_x, *found = kernels.instance_norm_backward(
                grads, images, None, None, *map(data, parameters), **options
            )
            add_gradients(parameters, tuple(found))
            return grad_x.reshape(x.shape) if input_gradient else None

        return y, backward

    def _normalise(self, x: Any, use_input_stats: bool) -> tuple[Any, Any]:
        axes(self, x, self.ndim)
        images = x if x.ndim == self.ndim[-1] else x[None]  # without a batch: one image
        if images.shape[1] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}: x has {images.shape[1]} channels, it must have {self.num_features}"
            )
        held = map(data, (self.running_mean, self.running_var, self.weight, self.bias))
        options = {"use_input_stats": use_input_stats, "momentum": self.share_of_the_new(), "eps": self.eps}
        y, statistics = kernels.instance_norm_with_statistics(images, *held, **options)
        return y.reshape(x.shape), statistics


class InstanceNorm1d(_InstanceNorm):
    __doc__ = f"{_InstanceNorm.__doc__}\n    x is (N, C, L) or (C, L). Source: arXiv:1607.08022.\n    "
    ndim = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    __doc__ = f"{_InstanceNorm.__doc__}\n    x is (N, C, H, W) or (C, H, W). Source: arXiv:1607.08022.\n    "
    ndim = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    __doc__ = f"{_InstanceNorm.__doc__}\n    x is (N, C, D, H, W) or (C, D, H, W). Source: arXiv:1607.08022.\n    "
    ndim = (4, 5)
