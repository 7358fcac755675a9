"""Max pooling: the largest number of each window, and where it lies. Of equals it is the first, as in PyTorch; a NaN is
larger than any number.

The gradient of a window goes to its largest number alone.
"""

from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from .. import windows


def _samples(draw: Draw, n: int, shapes: tuple[tuple[int, ...], ...]):
    """Of all kinds of windows for two axes; a few for others."""
    for shape in shapes:
        yield Sample((draw.normal(*shape), 2), note=f"2 of {shape}")
        yield Sample((draw.normal(*shape), 3, 2, 1), note=f"3 in steps of 2 of {shape}")
    if n != 2:
        return
    yield Sample((draw.normal(1, 2, 9, 20), (2, 3), (1, 3), (1, 0), (2, 1), True), note="all options")
    yield Sample((draw.normal(2, 13, 37), 3, 1, 1, 2), note="dilated, in steps of 1")
    yield Sample((draw.normal(2, 7, 6), 2, 2, 1, 1, True), note="ceil_mode, no window begins in padding")
    yield Sample((draw.normal(0, 3, 4, 4), 2), note="no images")
    yield Sample((draw.normal(2, 6, 6, layout="transposed"), 2), note="transposed")
    ties = np.asarray(draw.rng.integers(-1, 2, (2, 9, 40)), draw.dtype)
    yield Sample((ties, 3, 2, 1), smooth=False, note="ties")
    ties[ties == 0] = np.nan
    yield Sample((ties, 3, 2, 1), smooth=False, note="NaNs")
    yield Sample((np.full((1, 4, 5), -np.inf, draw.dtype), 3, 2, 1), smooth=False, note="−∞ alone")
    yield Sample((draw.extremes().reshape(1, 2, 7), 2, 1), smooth=False, note="extreme values")


def _adaptive_samples(draw: Draw, n: int, shape: tuple[int, ...]):
    yield Sample((draw.normal(*shape), 3), note="3 windows")
    yield Sample((draw.normal(*shape), (None, 2, 5)[-n:]), note="one size an axis")
    if n == 2:
        yield Sample((draw.normal(2, 8, 36), (4, 18)), note="windows all alike")
        yield Sample((draw.normal(2, 3, 4), 5), note="more windows than places")
        x = np.asarray(draw.rng.integers(-1, 2, (2, 7, 11)), draw.dtype)
        x[x == 0] = np.nan
        yield Sample((x, (3, 4)), smooth=False, note="ties and NaNs")


def _operation(formula: str, samples: Any, example: Any, torch: Any):
    """The declaration of all."""
    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, *_, **__: Cost(x.size, 1.5 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(x.size, 1.75 * x.nbytes),
        example=example,
        workloads={"32×32×28×28": (32, 32, 28, 28)},
        outputs=("y", "indices"),
        differentiable=("x",),
        torch=torch,
        rtol=1e-5,
        atol=1e-6,
        why="a maximum is one of the numbers, exactly; up to 9 gradients of order 1 are summed",
    )


def _sliding(n: int, shapes: tuple[tuple[int, ...], ...]):
    """The declaration for n axes."""
    return _operation(
        "y = max of each window",
        lambda draw: _samples(draw, n, shapes),
        lambda draw, *sizes: Sample((draw.normal(*_sizes(sizes, n)), 2), {"return_indices": True}),
        lambda torch, x, *args, **options: getattr(torch.nn.functional, f"max_pool{n}d")(x, *args, **options),
    )


def _adaptive(n: int, shape: tuple[int, ...]):
    return _operation(
        "y = max of each part",
        lambda draw: _adaptive_samples(draw, n, shape),
        lambda draw, *sizes: Sample((draw.normal(*_sizes(sizes, n)), 4), {"return_indices": True}),
        lambda torch, x, size, return_indices=False: getattr(torch.nn.functional, f"adaptive_max_pool{n}d")(x, size),
    )


def _sizes(sizes: tuple[int, ...], n: int) -> tuple[int, ...]:
    """(N, C, H, W) as a shape with n axes behind the first two."""
    batch, channels, height, width = sizes
    return {1: (batch, channels, height * width), 2: sizes, 3: (batch, max(1, channels // 4), 4, height, width)}[n]


@_sliding(1, ((2, 3, 9), (2, 35)))
def max_pool1d(
    x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False, *, out=None
):  # fmt: skip
    """The largest number of each window of a signal (N, C, L) or (C, L); arguments as for `max_pool2d`."""
    return _forward("max_pool1d", 1, x, (kernel_size, stride, padding, dilation, ceil_mode), return_indices, out)


def max_pool1d_backward(grad, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, indices=None):
    """The gradient of `max_pool1d`; as `max_pool2d_backward`."""
    return _backward("max_pool1d", 1, grad, x, (kernel_size, stride, padding, dilation, ceil_mode), indices)


@_sliding(2, ((2, 3, 6, 8), (1, 7, 33)))
def max_pool2d(
    x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False, *, out=None
):  # fmt: skip
    """The largest number of each window of images.

        y[n, c, i, j] = maxₐᵦ x[n, c, i · stride + a · dilation − padding, j · stride + b · dilation − padding]

    Parameters
    ----------
    x : array (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding, dilation : int, or one for each axis
        The window's size; the step from one to the next, kernel_size if None; −∞ that surround x, at most half
        a window; the step from one number of a window to the next.
    ceil_mode : bool
        Whether there is a window more where the last one would leave a rest of x; it must begin in x or in front of it.
    return_indices : bool
        Return (y, indices): where in its plane (H, W), seen flat, each number lies, in int64.
    out : array of y's shape, optional

    y is (N, C, ⌊(H + 2 · padding − dilation · (kernel_size − 1) − 1) / stride⌋ + 1, …), ⌈…⌉ with ceil_mode.
    NaN if a number of the window is. A window that holds no number of x is refused.
    """
    return _forward("max_pool2d", 2, x, (kernel_size, stride, padding, dilation, ceil_mode), return_indices, out)


def max_pool2d_backward(grad, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, indices=None):
    """The gradient of `max_pool2d`: each window's goes to its largest number.

    `indices` are those that the forward call returned; if None, they are found anew. Where windows overlap, gradients
    are summed in the windows' order.
    """
    return _backward("max_pool2d", 2, grad, x, (kernel_size, stride, padding, dilation, ceil_mode), indices)


@_sliding(3, ((1, 2, 4, 5, 6), (1, 3, 4, 18)))
def max_pool3d(
    x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False, *, out=None
):  # fmt: skip
    """The largest number of each window of volumes (N, C, D, H, W) or (C, D, H, W); arguments as for `max_pool2d`."""
    return _forward("max_pool3d", 3, x, (kernel_size, stride, padding, dilation, ceil_mode), return_indices, out)


def max_pool3d_backward(grad, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, indices=None):
    """The gradient of `max_pool3d`; as `max_pool2d_backward`."""
    return _backward("max_pool3d", 3, grad, x, (kernel_size, stride, padding, dilation, ceil_mode), indices)


@_adaptive(1, (2, 3, 20))
def adaptive_max_pool1d(x, output_size, return_indices=False, *, out=None):
    """The largest number of each of `output_size` parts of a signal (N, C, L) or (C, L); as `adaptive_max_pool2d`."""
    return _forward("adaptive_max_pool1d", 1, x, (output_size,), return_indices, out)


def adaptive_max_pool1d_backward(grad, x, output_size, indices=None):
    """The gradient of `adaptive_max_pool1d`; as `max_pool2d_backward`."""
    return _backward("adaptive_max_pool1d", 1, grad, x, (output_size,), indices)


@_adaptive(2, (2, 3, 7, 11))
def adaptive_max_pool2d(x, output_size, return_indices=False, *, out=None):
    """The largest number of each part of images (N, C, H, W) or (C, H, W), cut into `output_size` parts an axis.

    Part i of n along an axis of size m goes from ⌊i · m / n⌋ to ⌈(i + 1) · m / n⌉ − 1. `output_size` is an integer
    or one for each axis; None leaves an axis as it is. return_indices and NaN as for `max_pool2d`.
    """
    return _forward("adaptive_max_pool2d", 2, x, (output_size,), return_indices, out)


def adaptive_max_pool2d_backward(grad, x, output_size, indices=None):
    """The gradient of `adaptive_max_pool2d`; as `max_pool2d_backward`."""
    return _backward("adaptive_max_pool2d", 2, grad, x, (output_size,), indices)


@_adaptive(3, (1, 2, 4, 5, 6))
def adaptive_max_pool3d(x, output_size, return_indices=False, *, out=None):
    """The largest number of each part of volumes (N, C, D, H, W) or (C, D, H, W); as `adaptive_max_pool2d`."""
    return _forward("adaptive_max_pool3d", 3, x, (output_size,), return_indices, out)


def adaptive_max_pool3d_backward(grad, x, output_size, indices=None):
    """The gradient of `adaptive_max_pool3d`; as `max_pool2d_backward`."""
    return _backward("adaptive_max_pool3d", 3, grad, x, (output_size,), indices)


def _windows(name: str, function: str, n: int, x: Any, arguments: tuple) -> windows.Pooling:
    if name.startswith("adaptive"):
        return windows.adaptive(function, x, n, *arguments)
    return windows.sliding(function, x, n, *arguments)


def _forward(name: str, n: int, x: Any, arguments: tuple, return_indices: bool, out: Any) -> Any:
    found = _windows(name, name, n, x, arguments)
    out = check.output(name, out, found.shape, x.dtype, x)
    indices = current().empty(found.shape, np.int64) if return_indices else current().nothing(np.int64)
    _pool(x, found, out, indices.reshape(found.pooled) if return_indices else indices)
    return (out, indices) if return_indices else out


def _pool(x: Any, found: windows.Pooling, y: Any, indices: Any) -> None:
    sizes = (*found.pooled[1:3], *found.dilation, *found.regular)
    x, y = check.contiguous(x).reshape(found.full), y.reshape(found.pooled)
    kernel("pooling.maximum.pool")(x, found.windows, *sizes, y, indices)


def _backward(name: str, n: int, grad: Any, x: Any, arguments: tuple, indices: Any) -> Any:
    function = f"{name}_backward"
    found = _windows(name, function, n, x, arguments)
    check.same_dtype(function, "grad", grad, "x", x)
    check.shape(function, "grad", grad, found.shape, "as the result")
    if indices is None:
        indices = current().empty(found.shape, np.int64)
        _pool(x, found, current().empty(found.shape, x.dtype), indices.reshape(found.pooled))
    else:
        check.array(function, "indices", indices)
        if indices.dtype != np.int64:
            raise TypeError(f"{function}: indices is {indices.dtype}, it must be int64")
        check.shape(function, "indices", indices, found.shape, "as the result")
    grad_x = current().empty(x.shape, x.dtype)
    grad, indices = (check.contiguous(array).reshape(found.pooled) for array in (grad, indices))
    arguments = (found.covers, *found.full[1:3], grad_x.reshape(found.full))
    kernel("pooling.maximum.send_back")(grad, indices, *arguments)
    return grad_x
