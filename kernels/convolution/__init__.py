"""Convolutions of one, two and three dimensions, their transposes, and their gradients.

Six operations, three kernels, all of three spatial axes: a convolution; its transpose, which is also its gradient by
the input; and its gradient by the weight. The gradients of a transposed convolution are the same three again.

The layouts are PyTorch's: x (n, channels, [depth,] [height,] width), weight (out_channels, channels / groups,
*window), that of a transposed convolution (channels, out_channels / groups, *window).
"""

import math
from typing import Any

import numpy as np

from .. import check
from ..backend import current, kernel
from ..matmul import column_sum
from ..operation import Cost, Sample, operation
from ..reductions import sum as sum_over
from . import samples
from .geometry import Geometry, convolved, transposed, whole

PRECISIONS = ("highest", "high", "medium")
_precision = 2


def set_conv_precision(precision: str) -> None:
    """How exactly convolutions are to be summed, from now on in all threads.

    "highest"
        Sums of products, as written: their error is that of a matrix product.
    "high"
        Windows of 3×3 may be worked on by Winograd's F(2×2, 3×3), with 16 multiplications instead of 36. The error is
        hardly larger.
    "medium", the default
        Windows of 3×3 may be worked on by F(4×4, 3×3), with a quarter of the multiplications, and on the CPU those of
        4×4 and 5×5 by F(3×3, 4×4) and F(2×2, 5×5), with 36 of 144 and of 100. The error is some ten times as large:
        with float32, about 1e-5 of the size of the results.

    The CPU takes Winograd's way where images and channels are 16 or more, the GPU where a count of operations and bytes
    says that it is worth it. An infinity or a NaN then spreads over the tile that it lies in.
    """
    global _precision
    check.choice("set_conv_precision", "precision", precision, PRECISIONS)
    _precision = PRECISIONS.index(precision)


def conv_precision() -> str:
    """What `set_conv_precision` has set."""
    return PRECISIONS[_precision]


def _cost(axes: int, transpose: bool, products: int):
    """Of so many sums of products; each reads two of the three arrays and writes the third."""

    def cost(x, weight, bias=None, *options, **named):
        _, _, shape = _shape(transpose)("", axes, x, weight, *options, **named)
        moved = x if transpose else weight  # the array that each product is taken with, for each channel of y
        terms = math.prod(shape) * math.prod(weight.shape[1:]) if moved is weight else x.size * weight[0].size
        sizes = x.size + weight.size + math.prod(shape)
        return Cost(2 * products * terms, products * sizes * x.dtype.itemsize)

    return cost


def _operation(axes: int, transpose: bool, workloads: dict):
    """The declaration of all of them."""

    def in_torch(torch, *args, **options):
        return getattr(torch.nn.functional, f"conv{'_transpose' * transpose}{axes}d")(*args, **options)

    def example(draw, n, channels, size, out_channels, window, stride, padding, groups):
        first, second = (channels, out_channels) if transpose else (out_channels, channels)
        x = draw.normal(n, channels, *[size] * axes)
        weight = draw.normal(first, second // groups, *[window] * axes)
        return Sample((x, weight), {"stride": stride, "padding": padding, "groups": groups})

    return operation(
        formula="y[p] = Σ over q with q s − pad + k d = p of x[q] weightᵀ[k]"
        if transpose
        else "y[p] = Σₖ weight[k] x[p s − pad + k d] + bias",
        samples=lambda draw: (samples.transposed if transpose else samples.convolved)(draw, axes),
        cost=_cost(axes, transpose, 1),
        backward_cost=_cost(axes, transpose, 2),
        example=example,
        workloads=workloads,
        outputs=("y",),
        differentiable=("x", "weight", "bias"),
        torch=in_torch,
        kernel="transposed" if transpose else "convolution",
        backward_kernel="weight_gradient",
        rtol=4e-4,
        atol=4e-4,
        why="sums of up to 900 products of numbers of order 1, many by Winograd's algorithm, with ten times the error",
    )


@_operation(
    2,
    False,
    {
        "3×3, 32×64×32² → 64": (32, 64, 32, 64, 3, 1, 1, 1),
        "3×3, 128×1×28² → 32": (128, 1, 28, 32, 3, 1, 1, 1),
        "3×3, 128×32×14² → 64": (128, 32, 14, 64, 3, 1, 1, 1),
        "3×3, 128×64×7² → 128": (128, 64, 7, 128, 3, 1, 1, 1),
        "3×3 by 2, 32×64×32² → 128": (32, 64, 32, 128, 3, 2, 1, 1),
        "1×1, 32×64×32² → 64": (32, 64, 32, 64, 1, 1, 0, 1),
        "5×5, 32×64×32² → 64": (32, 64, 32, 64, 5, 1, 2, 1),
        "3×3 depthwise, 32×64×32²": (32, 64, 32, 64, 3, 1, 1, 64),
        "4×4 by 2, 64×32×14² → 64": (64, 32, 14, 64, 4, 2, 1, 1),
        "7×7 by 2, 8×3×112² → 64": (8, 3, 112, 64, 7, 2, 3, 1),
    },
)
def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, out=None):
    """A convolution: y[n, o, p] = Σ over c and k of weight[o, c, k] x[n, c, p stride − padding + k dilation] + bias[o].

    Parameters
    ----------
    x : array (n, channels, height, width), or one image (channels, height, width)
    weight : array (out_channels, channels / groups, window height, window width)
    bias : array (out_channels,), optional
    stride, padding, dilation : int or one an axis
        `padding` zeros on both sides; or "valid" for none, "same" for as many as give a result of x's size.
    groups : int
        Both kinds of channels are cut into so many groups, and each group of outputs sees its own inputs alone.
    out : array (n, out_channels, *size), optional
        size = ⌊(size of x + 2 padding − dilation (window − 1) − 1) / stride⌋ + 1

    As in PyTorch the window isn't flipped (a cross-correlation). `set_conv_precision` says how exact the sums
    are to be. Cost: 2 · y.size · (channels / groups) · window operations.
    """
    options = (stride, padding, dilation, groups)
    return _forward("conv2d", 2, False, x, weight, bias, options, out)


def conv2d_backward(
    grad, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, input_gradient=True, out=None
):
    """The gradients of `conv2d` by x, weight and bias (None without one).

    ∂x is the transposed convolution of grad with weight; ∂weight[o, c, k] = Σ over n and p of
    grad[n, o, p] x[n, c, p stride − padding + k dilation]; ∂bias = the sum of grad over n and p. Without
    `input_gradient` the first is None and isn't computed. `out` may hold arrays to fill: three, each may be None.
    """
    options = (stride, padding, dilation, groups)
    return _backward("conv2d_backward", 2, False, grad, x, weight, bias, options, input_gradient, out)


@_operation(1, False, {"3, 32×64×1024 → 64": (32, 64, 1024, 64, 3, 1, 1, 1)})
def conv1d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, out=None):
    """A convolution over one axis: `conv2d` for x (n, channels, length), weight (outputs, channels / groups, k)."""
    options = (stride, padding, dilation, groups)
    return _forward("conv1d", 1, False, x, weight, bias, options, out)


def conv1d_backward(
    grad, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, input_gradient=True, out=None
):
    """The gradients of `conv1d` by x, weight and bias; see `conv2d_backward`."""
    options = (stride, padding, dilation, groups)
    return _backward("conv1d_backward", 1, False, grad, x, weight, bias, options, input_gradient, out)


@_operation(3, False, {"3×3×3, 4×16×16³ → 32": (4, 16, 16, 32, 3, 1, 1, 1)})
def conv3d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, out=None):
    """A convolution over three axes: `conv2d` for x (n, channels, depth, height, width), a weight to match."""
    options = (stride, padding, dilation, groups)
    return _forward("conv3d", 3, False, x, weight, bias, options, out)


def conv3d_backward(
    grad, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, input_gradient=True, out=None
):
    """The gradients of `conv3d` by x, weight and bias; see `conv2d_backward`."""
    options = (stride, padding, dilation, groups)
    return _backward("conv3d_backward", 3, False, grad, x, weight, bias, options, input_gradient, out)


@_operation(
    2, True, {"4×4 by 2, 64×64×7² → 32": (64, 64, 7, 32, 4, 2, 1, 1), "3×3, 32×64×16²": (32, 64, 16, 64, 3, 1, 1, 1)}
)
def conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, *, out=None):
    """The transpose of a convolution: what `conv2d` of that weight does to gradients on their way back to its input.

    y[n, o, q] = Σ over c, p and k with p · stride − padding + k · dilation = q of x[n, c, p] weight[c, o, k] + bias[o]

    Parameters
    ----------
    x : array (n, channels, height, width), or one image (channels, height, width)
    weight : array (channels, out_channels / groups, window height, window width)
    bias : array (out_channels,), optional
    stride, padding, output_padding, dilation : int or one an axis
        `output_padding` makes the result larger at its end, for a strided convolution takes inputs of several sizes to
        the same one; smaller than the stride or the dilation.
    groups : int
    out : array (n, out_channels, *size), optional
        size = (size of x − 1) stride − 2 padding + dilation (window − 1) + output_padding + 1
    """
    options = (stride, padding, output_padding, groups, dilation)
    return _forward("conv_transpose2d", 2, True, x, weight, bias, options, out)


def conv_transpose2d_backward(
    grad, x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, *,
    input_gradient=True, out=None,
):  # fmt: skip
    """The gradients of `conv_transpose2d` by x, weight and bias (None without one).

    ∂x is the convolution of grad with weight, ∂weight that convolution's gradient by the weight, with grad as its input
    and x as its gradient. `input_gradient` and `out` as in `conv2d_backward`.
    """
    options = (stride, padding, output_padding, groups, dilation)
    return _backward("conv_transpose2d_backward", 2, True, grad, x, weight, bias, options, input_gradient, out)


@_operation(1, True, {"4 by 2, 32×64×256 → 32": (32, 64, 256, 32, 4, 2, 1, 1)})
def conv_transpose1d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, *, out=None):
    """The transpose of `conv1d`; see `conv_transpose2d`."""
    options = (stride, padding, output_padding, groups, dilation)
    return _forward("conv_transpose1d", 1, True, x, weight, bias, options, out)


def conv_transpose1d_backward(
    grad, x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, *,
    input_gradient=True, out=None,
):  # fmt: skip
    """The gradients of `conv_transpose1d` by x, weight and bias; see `conv_transpose2d_backward`."""
    options = (stride, padding, output_padding, groups, dilation)
    return _backward("conv_transpose1d_backward", 1, True, grad, x, weight, bias, options, input_gradient, out)


@_operation(3, True, {"2×2×2 by 2, 4×32×8³ → 16": (4, 32, 8, 16, 2, 2, 0, 1)})
def conv_transpose3d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, *, out=None):
    """The transpose of `conv3d`; see `conv_transpose2d`."""
    options = (stride, padding, output_padding, groups, dilation)
    return _forward("conv_transpose3d", 3, True, x, weight, bias, options, out)


def conv_transpose3d_backward(
    grad, x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, *,
    input_gradient=True, out=None,
):  # fmt: skip
    """The gradients of `conv_transpose3d` by x, weight and bias; see `conv_transpose2d_backward`."""
    options = (stride, padding, output_padding, groups, dilation)
    return _backward("conv_transpose3d_backward", 3, True, grad, x, weight, bias, options, input_gradient, out)


def _forward(name: str, axes: int, transpose: bool, x, weight, bias, options, out):
    """Either way: a convolution, or a transposed one."""
    geometry, size, shape = _shape(transpose)(name, axes, x, weight, *options)
    _check_bias(name, bias, x, shape[-axes - 1])
    out = check.output(name, out, shape, x.dtype, x, weight, bias)
    which = "transposed" if transpose else "convolution"
    _call(which, _whole(x, axes), _whole(weight, axes), bias, geometry, size, _whole(out, axes))
    return out


def _backward(name: str, axes: int, transpose: bool, grad, x, weight, bias, options, input_gradient, out):
    geometry, _, shape = _shape(transpose)(name, axes, x, weight, *options)
    _check_bias(name, bias, x, shape[-axes - 1])
    g, seen, w = _check_grad(name, axes, grad, x, weight, shape)
    out_x, out_weight, out_bias = out or (None, None, None)
    grad_x = None
    if input_gradient:
        grad_x = check.output(name, out_x, x.shape, x.dtype, grad, weight)
        which = "convolution" if transpose else "transposed"
        _call(which, g, w, None, geometry, x.shape[-axes:], _whole(grad_x, axes))
    grad_weight = check.output(name, out_weight, weight.shape, x.dtype, grad, x)
    pair = (seen, g) if transpose else (g, seen)  # a transposed convolution's result is what its convolution sees
    _call_weight(*pair, geometry, _whole(grad_weight, axes))
    return grad_x, grad_weight, None if bias is None else _bias_gradient(g, out_bias)


def _shape(transpose: bool):
    return _transposed_shape if transpose else _convolved_shape


def _call(name: str, x, weight, bias, geometry: Geometry, size: tuple[int, ...], out) -> None:
    """The kernel of a convolution or a transposed one."""
    bias = current().nothing(x.dtype) if bias is None else check.contiguous(bias)
    kernel(f"convolution.{name}")(x, weight, bias, geometry.array(whole(size, 1)), _precision, out)


def _call_weight(grad, x, geometry: Geometry, out) -> None:
    kernel("convolution.weight_gradient")(grad, x, geometry.array(out.shape[2:]), _precision, out)


def _bias_gradient(grad, out):
    n, channels = grad.shape[:2]
    rows = sum_over(grad.reshape(n, channels, math.prod(grad.shape[2:])), 2)
    return column_sum(rows, out=out)


def _whole(x: Any, axes: int) -> Any:
    """As kernels see it: (n, channels, depth, height, width), without gaps."""
    x = check.contiguous(x)
    batch = x.shape[: x.ndim - axes - 1] or (1,)
    return x.reshape(*batch, x.shape[-axes - 1], *whole(x.shape[-axes:], 1))


def _convolved_shape(name: str, axes: int, x, weight, stride=1, padding=0, dilation=1, groups=1, **_):
    """Geometry, the sizes of the result's last axes, its whole shape."""
    groups = _check_arrays(name, axes, x, weight, groups)
    channels, expected = x.shape[-axes - 1], weight.shape[1] * groups
    if channels != expected:
        raise ValueError(
            f"{name}: x has {channels} channels (shape {x.shape}), it must have {expected}, "
            f"for the weight has the shape {weight.shape} and groups is {groups}"
        )
    if weight.shape[0] % groups:
        raise ValueError(f"{name}: weight has {weight.shape[0]} outputs, it must be a multiple of groups, {groups}")
    geometry, size = convolved(name, x.shape[-axes:], weight.shape[2:], stride, padding, dilation, groups)
    return geometry, size, (*x.shape[: x.ndim - axes - 1], weight.shape[0], *size)


def _transposed_shape(
    name: str, axes: int, x, weight, stride=1, padding=0, output_padding=0, groups=1, dilation=1, **_
):
    groups = _check_arrays(name, axes, x, weight, groups)
    channels = x.shape[-axes - 1]
    if channels != weight.shape[0] or channels % groups:
        raise ValueError(
            f"{name}: x has {channels} channels (shape {x.shape}), it must have {weight.shape[0]}, a multiple of "
            f"groups ({groups}), for the weight has the shape {weight.shape}"
        )
    arguments = (x.shape[-axes:], weight.shape[2:], stride, padding, output_padding, dilation, groups)
    geometry, size = transposed(name, *arguments)
    return geometry, size, (*x.shape[: x.ndim - axes - 1], weight.shape[1] * groups, *size)


def _check_arrays(name: str, axes: int, x: Any, weight: Any, groups: Any) -> int:
    check.real(name, "x", x)
    check.same_dtype(name, "weight", weight, "x", x)
    spatial = ", ".join(("depth", "height", "width")[-axes:])
    if x.ndim not in (axes + 1, axes + 2):
        raise ValueError(f"{name}: x has the shape {x.shape}, it must be (n, channels, {spatial}), n optional")
    if weight.ndim != axes + 2 or 0 in weight.shape:
        raise ValueError(
            f"{name}: weight has the shape {weight.shape}, it must have {axes + 2} axes, none of them empty"
        )
    if 0 in x.shape[-axes - 1 :]:
        raise ValueError(f"{name}: x has the shape {x.shape}: no axis but the first may be empty")
    if not isinstance(groups, (int, np.integer)) or isinstance(groups, bool) or groups < 1:
        raise ValueError(f"{name}: groups is {groups!r}, it must be an integer of at least 1")
    return int(groups)


def _check_bias(name: str, bias: Any, x: Any, channels: int) -> None:
    if bias is not None:
        check.same_dtype(name, "bias", bias, "x", x)
        check.shape(name, "bias", bias, (channels,), "for the outputs")


def _check_grad(name: str, axes: int, grad: Any, x: Any, weight: Any, shape: tuple[int, ...]):
    """grad, x and weight as kernels see them."""
    check.same_dtype(name, "grad", grad, "x", x)
    check.shape(name, "grad", grad, shape, "as the result")
    return _whole(grad, axes), _whole(x, axes), _whole(weight, axes)
