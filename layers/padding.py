"""Padding as layers: with a number or zeros, mirrored, with the edge, or from the other end; of one to three axes."""

from typing import Any, ClassVar

from .. import kernels
from .module import Module


class _Pad(Module):
    """x, with `padding` = (left, right, top, bottom, front, back) places more at the ends of its last axes, as many as
    the layer's name says; one integer stands for all."""

    axes: ClassVar[int]
    mode: ClassVar[str]
    value: float = 0.0

    def __init__(self, padding: Any):
        self.padding = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * (2 * self.axes)
        if len(self.padding) != 2 * self.axes:
            raise ValueError(
                f"{type(self).__name__}: padding is {padding!r}, it must be an integer or {2 * self.axes} of them"
            )

    def __call__(self, x):
        if x.ndim not in (self.axes + 1, self.axes + 2):
            raise ValueError(
                f"{type(self).__name__}: x has {x.ndim} axes, it must have {self.axes + 1} or {self.axes + 2}"
            )
        return kernels.pad(x, self.padding, self.mode, self.value)

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return kernels.pad_backward(grad, x, self.padding, self.mode) if input_gradient else None

        return self(x), backward

    def extra_repr(self) -> str:
        return str(self.padding)


class ConstantPad1d(_Pad):
    """Padding with a number, of (N, C, L) or (C, L)."""

    axes, mode = 1, "constant"

    def __init__(self, padding: Any, value: float):
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad2d(ConstantPad1d):
    """Padding with a number, of (N, C, H, W) or (C, H, W)."""

    axes = 2


class ConstantPad3d(ConstantPad1d):
    """Padding with a number, of (N, C, D, H, W) or (C, D, H, W)."""

    axes = 3


class ZeroPad1d(_Pad):
    """Padding with zeros, of (N, C, L) or (C, L)."""

    axes, mode = 1, "constant"


class ZeroPad2d(ZeroPad1d):
    """Padding with zeros, of (N, C, H, W) or (C, H, W)."""

    axes = 2


class ZeroPad3d(ZeroPad1d):
    """Padding with zeros, of (N, C, D, H, W) or (C, D, H, W)."""

    axes = 3


class ReflectionPad1d(_Pad):
    """Padding with the input mirrored at its first and last place, of (N, C, L) or (C, L)."""

    axes, mode = 1, "reflect"


class ReflectionPad2d(ReflectionPad1d):
    """Padding with the input mirrored at its edges, of (N, C, H, W) or (C, H, W)."""

    axes = 2


class ReflectionPad3d(ReflectionPad1d):
    """Padding with the input mirrored at its edges, of (N, C, D, H, W) or (C, D, H, W)."""

    axes = 3


class ReplicationPad1d(_Pad):
    """Padding with the input's first and last place, of (N, C, L) or (C, L)."""

    axes, mode = 1, "replicate"


class ReplicationPad2d(ReplicationPad1d):
    """Padding with the input's edges, of (N, C, H, W) or (C, H, W)."""

    axes = 2


class ReplicationPad3d(ReplicationPad1d):
    """Padding with the input's edges, of (N, C, D, H, W) or (C, D, H, W)."""

    axes = 3


class CircularPad1d(_Pad):
    """Padding with the input once more from its other end, of (N, C, L) or (C, L)."""

    axes, mode = 1, "circular"


class CircularPad2d(CircularPad1d):
    """Padding with the input once more from its other sides, of (N, C, H, W) or (C, H, W)."""

    axes = 2


class CircularPad3d(CircularPad1d):
    """Padding with the input once more from its other sides, of (N, C, D, H, W) or (C, D, H, W)."""

    axes = 3
