"""Convolutions and transposed convolutions over one, two and three axes."""

import math
from typing import Any

import numpy as np

from .. import kernels
from .initial import uniform
from .module import Module
from .parameter import Parameter


class _Convolution(Module):
    """What all six share: arguments, parameters, the way back."""

    axes: int
    transpose = False

    def _prepare(self, sizes: tuple, kernel_size: Any, groups: int, bias: bool, dtype: Any, **options: Any) -> None:
        """`sizes` are (in_channels, out_channels); the weight's first two axes, times groups the second."""
        name = type(self).__name__
        for what, value in zip(("in_channels", "out_channels", "groups"), (*sizes, groups)):
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name}: {what} is {value!r}, it must be an integer of at least 1")
            if value % groups:
                raise ValueError(f"{name}: {what} is {value}, it must be a multiple of groups, which is {groups}")
        self.in_channels, self.out_channels, self.groups = *sizes, groups
        self.kernel_size = self._each("kernel_size", kernel_size)
        for option, value in options.items():
            setattr(self, option, value if isinstance(value, str) else self._each(option, value))
        first, second = sizes if self.transpose else reversed(sizes)
        shape = (first, second // groups, *self.kernel_size)
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.weight = Parameter(uniform(shape, bound, dtype), "weight")
        self.bias = Parameter(uniform((sizes[1],), bound, dtype), "bias") if bias else None

    def _each(self, name: str, value: Any) -> tuple[int, ...]:
        values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * self.axes
        low = 0 if name in ("padding", "output_padding") else 1
        right = all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= low for v in values)
        if len(values) != self.axes or not right:
            wanted = f"an integer of at least {low}, or {self.axes} of them"
            raise ValueError(f"{type(self).__name__}: {name} is {value!r}, it must be {wanted}")
        return tuple(int(v) for v in values)

    def _options(self) -> dict[str, Any]:
        raise NotImplementedError

    def _kernel(self, backward: bool) -> Any:
        return getattr(kernels, f"conv{'_transpose' * self.transpose}{self.axes}d{'_backward' * backward}")

    def __call__(self, x):
        return self._kernel(False)(x, self.weight.data, self.bias and self.bias.data, **self._options())

    def forward(self, x):
        def backward(grad, input_gradient=True):
            arrays = x, self.weight.data, self.bias and self.bias.data
            out = None, self.weight.grad_to_write(), self.bias and self.bias.grad_to_write()
            options = self._options()
            found = self._kernel(True)(grad, *arrays, **options, input_gradient=input_gradient, out=out)
            self.weight.add_grad(found[1])
            if self.bias:
                self.bias.add_grad(found[2])
            return found[0]

        return self._kernel(False)(x, self.weight.data, self.bias and self.bias.data, **self._options()), backward

    def extra_repr(self) -> str:
        known = {"stride": 1, "padding": 0, "dilation": 1, "output_padding": 0}
        words = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        for name, usual in known.items():
            value = getattr(self, name, usual)
            if name == "stride" or value not in (usual, (usual,) * self.axes):
                words.append(f"{name}={value}")
        if self.groups != 1:
            words.append(f"groups={self.groups}")
        return ", ".join(words) + ("" if self.bias else ", bias=False")


class _Plain(_Convolution):
    """A convolution.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, dilation : int or one an axis
        `padding` may be "same" or "valid".
    groups : int
        Both kinds of channels are cut into so many groups, and each group of outputs sees its own inputs alone.
    bias : bool
    dtype : float32 or float64

    `weight` is (out_channels, in_channels / groups, *kernel_size), `bias` (out_channels,). Both begin as even draws
    within 1 / √(in_channels / groups · window).
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool = True, *, dtype: Any = np.float32,
    ):  # fmt: skip
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"{type(self).__name__}: padding is {padding!r}, it must be 'same', 'valid' or numbers")
        sizes = in_channels, out_channels
        self._prepare(sizes, kernel_size, groups, bias, dtype, stride=stride, padding=padding, dilation=dilation)

    def _options(self):
        return {name: getattr(self, name) for name in ("stride", "padding", "dilation", "groups")}


class _Transposed(_Convolution):
    """A transposed convolution: what a convolution does to gradients on their way back to its input.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, output_padding, dilation : int or one an axis
        `output_padding` makes the result larger at its end.
    groups, bias : as for a convolution
    dtype : float32 or float64

    `weight` is (in_channels, out_channels / groups, *kernel_size), `bias` (out_channels,). Both begin as even draws
    within 1 / √(out_channels / groups · window), as in PyTorch.
    """

    transpose = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, *, dtype: Any = np.float32,
    ):  # fmt: skip
        options = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
        self._prepare((in_channels, out_channels), kernel_size, groups, bias, dtype, **options)

    def _options(self):
        return {name: getattr(self, name) for name in ("stride", "padding", "output_padding", "groups", "dilation")}


class Conv1d(_Plain):
    __doc__ = f"{_Plain.__doc__}\n    Over (n, in_channels, length)."
    axes = 1


class Conv2d(_Plain):
    __doc__ = f"{_Plain.__doc__}\n    Over (n, in_channels, height, width)."
    axes = 2


class Conv3d(_Plain):
    __doc__ = f"{_Plain.__doc__}\n    Over (n, in_channels, depth, height, width)."
    axes = 3


class ConvTranspose1d(_Transposed):
    __doc__ = f"{_Transposed.__doc__}\n    Over (n, in_channels, length)."
    axes = 1


class ConvTranspose2d(_Transposed):
    __doc__ = f"{_Transposed.__doc__}\n    Over (n, in_channels, height, width)."
    axes = 2


class ConvTranspose3d(_Transposed):
    __doc__ = f"{_Transposed.__doc__}\n    Over (n, in_channels, depth, height, width)."
    axes = 3
