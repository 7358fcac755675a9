"""Convolutions and transposed convolutions as layers."""

import math
from typing import Any, ClassVar

import numpy as np

from .. import kernels
from ..kernels import check
from ..kernels.convolution.geometry import each
from .initial import uniform
from .module import Module
from .parameter import Parameter

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all six share: their parameters, and how they call their kernels."""

    axes: ClassVar[int]
    function: ClassVar[str]

    def __init__(self, in_channels, out_channels, kernel_size, stride, dilation, groups, bias, padding_mode, dtype):
        name = type(self).__name__
        channels = {"in_channels": in_channels, "out_channels": out_channels}
        for argument, value in {**channels, "groups": groups}.items():
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name}: {argument} is {value!r}, it must be an integer of at least 1")
        for argument, value in channels.items():
            if value % groups:
                raise ValueError(f"{name}: {argument} is {value}, it must be a multiple of groups, which is {groups}")
        check.choice(name, "padding_mode", padding_mode, PADDING_MODES)
        self.in_channels, self.out_channels, self.groups = int(in_channels), int(out_channels), int(groups)
        self.kernel_size = self._each("kernel_size", kernel_size, 1)
        self.stride, self.dilation = self._each("stride", stride, 1), self._each("dilation", dilation, 1)
        self.padding_mode = padding_mode
        self.output_padding = (0,) * self.axes
        first, second = self._channels()
        bound = 1 / math.sqrt(second // groups * math.prod(self.kernel_size))
        self.weight = Parameter(uniform((first, second // groups, *self.kernel_size), bound, dtype), "weight")
        self.bias = Parameter(uniform((out_channels,), bound, dtype), "bias") if bias else None

    def _channels(self) -> tuple[int, int]:
        """Of the weight's first two axes; the second is cut into groups."""
        return self.out_channels, self.in_channels

    def _each(self, argument: str, value: Any, low: int) -> tuple[int, ...]:
        return each(type(self).__name__, argument, value, self.axes, low)

    def _call(self, x, options):
        return getattr(kernels, self.function)(x, self.weight.data, self.bias and self.bias.data, *options)

    def _way_back(self, grad, x, options, input_gradient):
        """Adds the parameters' gradients, returns the input's."""
        arrays = x, self.weight.data, self.bias and self.bias.data
        out = None, self.weight.grad_to_write(), self.bias and self.bias.grad_to_write()
        function = getattr(kernels, f"{self.function}_backward")
        found = function(grad, *arrays, *options, input_gradient=input_gradient, out=out)
        self.weight.add_grad(found[1])
        if self.bias:
            self.bias.add_grad(found[2])
        return found[0]

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        usual = {"padding": 0, "dilation": 1, "output_padding": 0}
        for name, value in usual.items():
            if getattr(self, name) != (value,) * self.axes:
                text += f", {name}={getattr(self, name)}"
        text += f", groups={self.groups}" * (self.groups != 1) + ", bias=False" * (self.bias is None)
        return text + f", padding_mode={self.padding_mode}" * (self.padding_mode != "zeros")


class _Conv(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        dtype: Any = np.float32,
    ):
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, groups, bias, padding_mode, dtype)
        if isinstance(padding, str):
            check.choice(type(self).__name__, "padding", padding, ("same", "valid"))
            if padding == "same" and max(self.stride) > 1:
                raise ValueError(f"{type(self).__name__}: padding 'same' needs a stride of 1, not {self.stride}")
            self.padding = padding
        else:
            self.padding = self._each("padding", padding, 0)

    def _around(self) -> tuple[int, ...]:
        """What `kernels.pad` adds, two numbers an axis, the last axis first."""
        if isinstance(self.padding, tuple):
            both = [(p, p) for p in self.padding]
        else:
            reach = [d * (k - 1) * (self.padding == "same") for d, k in zip(self.dilation, self.kernel_size)]
            both = [(r // 2, r - r // 2) for r in reach]
        return tuple(number for pair in reversed(both) for number in pair)

    def __call__(self, x):
        return self.forward(x)[0]

    def forward(self, x):
        padded, padding = x, self.padding
        if self.padding_mode != "zeros":
            padded, padding = kernels.pad(x, self._around(), self.padding_mode), 0
        options = self.stride, padding, self.dilation, self.groups

        def backward(grad, input_gradient=True):
            grad = self._way_back(grad, padded, options, input_gradient)
            if grad is None or padded is x:
                return grad
            return kernels.pad_backward(grad, x, self._around(), self.padding_mode)

        return self._call(padded, options), backward


class Conv2d(_Conv):
    """y[n, o, p] = Σ over c and k of weight[o, c, k] x[n, c, p stride − padding + k dilation] + bias[o].

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, dilation : int or one an axis
        `padding` may be "same" or "valid".
    groups : int
        Both kinds of channels are cut into so many groups; each group of outputs sees its own inputs alone.
    bias : bool
    padding_mode : "zeros", "reflect", "replicate" or "circular"
        What lies around x: zeros, or what `kernels.pad` puts there.
    dtype : float32 or float64

    `weight` is (out_channels, in_channels / groups, *kernel_size), `bias` (out_channels,). Both begin as even draws
    within ±1/√n, n being the terms of one sum, in_channels / groups · window. x is (n, in_channels, height, width), n
    optional. See `kernels.conv2d`.
    """

    axes, function = 2, "conv2d"


class Conv1d(_Conv):
    """`Conv2d` over one axis: x is (n, in_channels, length)."""

    axes, function = 1, "conv1d"


class Conv3d(_Conv):
    """`Conv2d` over three axes: x is (n, in_channels, depth, height, width)."""

    axes, function = 3, "conv3d"


class _ConvTranspose(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        *,
        dtype: Any = np.float32,
    ):
        check.choice(type(self).__name__, "padding_mode", padding_mode, ("zeros",))
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, groups, bias, padding_mode, dtype)
        self.padding = self._each("padding", padding, 0)
        self.output_padding = self._each("output_padding", output_padding, 0)

    def _channels(self):
        return self.in_channels, self.out_channels

    def _more(self, x, output_size) -> tuple[int, ...]:
        """The output padding that gives a result of that size, or of those last axes."""
        if output_size is None:
            return self.output_padding
        every = zip(x.shape[-self.axes :], self.stride, self.padding, self.dilation, self.kernel_size)
        least = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in every)
        most = tuple(n + s - 1 for n, s in zip(least, self.stride))
        wanted = tuple(output_size)
        last = wanted[-self.axes :]
        if len(wanted) not in (self.axes, x.ndim) or not all(a <= n <= b for a, n, b in zip(least, last, most)):
            raise ValueError(
                f"{type(self).__name__}: output_size is {wanted}, it must be from {least} to {most}, "
                f"for x has the shape {x.shape}"
            )
        return tuple(n - a for n, a in zip(last, least))

    def __call__(self, x, output_size=None):
        return self.forward(x, output_size)[0]

    def forward(self, x, output_size=None):
        options = self.stride, self.padding, self._more(x, output_size), self.groups, self.dilation

        def backward(grad, input_gradient=True):
            return self._way_back(grad, x, options, input_gradient)

        return self._call(x, options), backward


class ConvTranspose2d(_ConvTranspose):
    """The transpose of a convolution: y[n, o, q] = Σ over c, p, k with p stride − padding + k dilation = q of
    x[n, c, p] weight[c, o, k] + bias[o].

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, output_padding : int or one an axis
        A strided convolution takes inputs of several sizes to the same one: `output_padding` says how much larger than
        the smallest of them the result is to be.
    groups : int
    bias : bool
    dilation : int or one an axis
    padding_mode : "zeros"
    dtype : float32 or float64

    `weight` is (in_channels, out_channels / groups, *kernel_size), `bias` (out_channels,). Both begin as even draws
    within ±1/√(out_channels / groups · window), as in PyTorch. `layer(x, output_size)` and `layer.forward(x,
    output_size)` take the result's last sizes instead of `output_padding`. See `kernels.conv_transpose2d`.
    """

    axes, function = 2, "conv_transpose2d"


class ConvTranspose1d(_ConvTranspose):
    """`ConvTranspose2d` over one axis: x is (n, in_channels, length)."""

    axes, function = 1, "conv_transpose1d"


class ConvTranspose3d(_ConvTranspose):
    """`ConvTranspose2d` over three axes: x is (n, in_channels, depth, height, width)."""

    axes, function = 3, "conv_transpose3d"
