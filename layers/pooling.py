"""Pooling as layers: the maximum or the mean of windows. Their functions are those of kernels/pooling."""

from typing import Any, ClassVar

from .. import kernels
from .module import Module


class _Pool(Module):
    """y = function(x, …); its attributes are the function's arguments, in their order."""

    function: ClassVar[str]

    def _call(self, name: str, *arrays: Any, **options: Any) -> Any:
        return getattr(kernels, name)(*arrays, **vars(self), **options)

    def __call__(self, x):
        return self._call(self.function, x)

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return self._call(f"{self.function}_backward", grad, x) if input_gradient else None

        return self(x), backward

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in vars(self).items())


class _MaxPool(_Pool):
    """With return_indices the output is a pair, (y, indices); the way back takes y's gradient alone."""

    def _call(self, name, *arrays, **options):
        arguments = {key: value for key, value in vars(self).items() if key != "return_indices"}
        return getattr(kernels, name)(*arrays, **arguments, **options)

    def __call__(self, x):
        return self._call(self.function, x, return_indices=vars(self)["return_indices"])

    def forward(self, x):
        y, indices = self._call(self.function, x, return_indices=True)

        def backward(grad, input_gradient=True):
            return self._call(f"{self.function}_backward", grad, x, indices=indices) if input_gradient else None

        return (y, indices) if vars(self)["return_indices"] else y, backward


class _SlidingMaxPool(_MaxPool):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ):
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.return_indices, self.ceil_mode = padding, dilation, return_indices, ceil_mode

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class MaxPool1d(_SlidingMaxPool):
    """The largest number of each window of (N, C, L) or (C, L)."""

    function = "max_pool1d"


class MaxPool2d(_SlidingMaxPool):
    """The largest number of each window of (N, C, H, W) or (C, H, W)."""

    function = "max_pool2d"


class MaxPool3d(_SlidingMaxPool):
    """The largest number of each window of (N, C, D, H, W) or (C, D, H, W)."""

    function = "max_pool3d"


class AvgPool1d(_Pool):
    """The mean of each window of (N, C, L) or (C, L)."""

    function = "avg_pool1d"

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ):
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(AvgPool1d):
    """The mean of each window of (N, C, H, W) or (C, H, W)."""

    function = "avg_pool2d"

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ):
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override


class AvgPool3d(AvgPool2d):
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W)."""

    function = "avg_pool3d"


class AdaptiveAvgPool1d(_Pool):
    """The mean of each of output_size parts of (N, C, L) or (C, L)."""

    function = "adaptive_avg_pool1d"

    def __init__(self, output_size: Any):
        self.output_size = output_size


class AdaptiveAvgPool2d(AdaptiveAvgPool1d):
    """The mean of each part of (N, C, H, W) or (C, H, W); None leaves an axis as it is."""

    function = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(AdaptiveAvgPool1d):
    """The mean of each part of (N, C, D, H, W) or (C, D, H, W); None leaves an axis as it is."""

    function = "adaptive_avg_pool3d"


class AdaptiveMaxPool1d(_MaxPool):
    """The largest number of each of output_size parts of (N, C, L) or (C, L)."""

    function = "adaptive_max_pool1d"

    def __init__(self, output_size: Any, return_indices: bool = False):
        self.output_size, self.return_indices = output_size, return_indices

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool2d(AdaptiveMaxPool1d):
    """The largest number of each part of (N, C, H, W) or (C, H, W); None leaves an axis as it is."""

    function = "adaptive_max_pool2d"


class AdaptiveMaxPool3d(AdaptiveMaxPool1d):
    """The largest number of each part of (N, C, D, H, W) or (C, D, H, W); None leaves an axis as it is."""

    function = "adaptive_max_pool3d"
