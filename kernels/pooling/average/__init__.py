"""Average pooling: the mean of each window. Its gradient is spread evenly over the window."""

from typing import Any

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from .. import windows
from ..maximum import _sizes


def _samples(draw: Draw, n: int, shapes: tuple[tuple[int, ...], ...]):
    """Of all kinds of windows for two axes; a few for others."""
    for shape in shapes:
        yield Sample((draw.normal(*shape), 2), note=f"2 of {shape}")
        yield Sample((draw.normal(*shape), 3, 2, 1, True), note=f"3 in steps of 2 of {shape}")
    if n != 2:
        return
    yield Sample((draw.normal(1, 2, 9, 20), (2, 3), (1, 3), (1, 0), True, False), note="padding doesn't count")
    yield Sample((draw.normal(2, 13, 37), 3, 1, 1), note="in steps of 1")
    yield Sample((draw.normal(2, 6, 7), 2, 2, 1, True, True, 3), note="divided by another number")
    yield Sample((draw.normal(3, 21, 70), (21, 35)), note="long windows")
    yield Sample((draw.normal(0, 3, 4, 4), 2), note="no images")
    yield Sample((draw.normal(2, 6, 6, layout="transposed"), 2), note="transposed")
    yield Sample((draw.extremes().reshape(1, 2, 7), 2, 1), smooth=False, note="extreme values")


def _adaptive_samples(draw: Draw, n: int, shape: tuple[int, ...]):
    yield Sample((draw.normal(*shape), 3), note="3 windows")
    yield Sample((draw.normal(*shape), (None, 2, 5)[-n:]), note="one size an axis")
    if n == 2:
        yield Sample((draw.normal(2, 3, 9, 40), 1), note="the mean of all")
        yield Sample((draw.normal(2, 8, 36), (4, 18)), note="windows all alike")
        yield Sample((draw.normal(2, 3, 4), 5), note="more windows than places")


def _operation(formula: str, samples: Any, example: Any, torch: Any):
    """The declaration of all."""
    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, *_, **__: Cost(x.size, 1.25 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(x.size, 1.25 * x.nbytes),
        example=example,
        workloads={"32×32×28×28": (32, 32, 28, 28)},
        outputs=("y",),
        differentiable=("x",),
        torch=torch,
        rtol=1e-5,
        atol=2e-6,
        why="sums of up to 735 numbers of order 1, in pieces; some cancel",
    )


def _sliding(n: int, shapes: tuple[tuple[int, ...], ...]):
    """The declaration for n axes."""
    return _operation(
        "y = mean of each window",
        lambda draw: _samples(draw, n, shapes),
        lambda draw, *sizes: Sample((draw.normal(*_sizes(sizes, n)), 2)),
        lambda torch, x, *args, **options: getattr(torch.nn.functional, f"avg_pool{n}d")(x, *args, **options),
    )


def _adaptive(n: int, shape: tuple[int, ...]):
    return _operation(
        "y = mean of each part",
        lambda draw: _adaptive_samples(draw, n, shape),
        lambda draw, *sizes: Sample((draw.normal(*_sizes(sizes, n)), 1)),
        lambda torch, x, size: getattr(torch.nn.functional, f"adaptive_avg_pool{n}d")(x, size),
    )


@_sliding(1, ((2, 3, 9), (2, 35)))
def avg_pool1d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, *, out=None):
    """The mean of each window of a signal (N, C, L) or (C, L); arguments as for `avg_pool2d`."""
    return _forward("avg_pool1d", 1, x, (kernel_size, stride, padding, ceil_mode, count_include_pad), out)


def avg_pool1d_backward(grad, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """The gradient of `avg_pool1d`; as `avg_pool2d_backward`."""
    return _backward("avg_pool1d", 1, grad, x, (kernel_size, stride, padding, ceil_mode, count_include_pad))


@_sliding(2, ((2, 3, 6, 8), (1, 7, 33)))
def avg_pool2d(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None, *, out=None
):  # fmt: skip
    """The mean of each window of images.

        y[n, c, i, j] = Σ over a, b of x[n, c, i · stride − padding + a, j · stride − padding + b] / their number

    Parameters
    ----------
    x : array (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding : int, or one for each axis
        The window's size; the step from one to the next, kernel_size if None; zeros that surround x, at most half
        a window.
    ceil_mode : bool
        Whether there is a window more where the last one would leave a rest of x; it must begin in x or in front of it.
    count_include_pad : bool
        Whether zeros of the padding count in the number to divide by.
    divisor_override : int, optional
        What to divide by instead.
    out : array of y's shape, optional

    y is (N, C, ⌊(H + 2 · padding − kernel_size) / stride⌋ + 1, …), ⌈…⌉ with ceil_mode.
    """
    arguments = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _forward("avg_pool2d", 2, x, arguments, out)


def avg_pool2d_backward(
    grad, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):  # fmt: skip
    """The gradient of `avg_pool2d`: each window's is spread evenly over it. Of x only the shape matters."""
    arguments = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _backward("avg_pool2d", 2, grad, x, arguments)


@_sliding(3, ((1, 2, 4, 5, 6), (1, 3, 4, 18)))
def avg_pool3d(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None, *, out=None
):  # fmt: skip
    """The mean of each window of volumes (N, C, D, H, W) or (C, D, H, W); arguments as for `avg_pool2d`."""
    arguments = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _forward("avg_pool3d", 3, x, arguments, out)


def avg_pool3d_backward(
    grad, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):  # fmt: skip
    """The gradient of `avg_pool3d`; as `avg_pool2d_backward`."""
    arguments = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return _backward("avg_pool3d", 3, grad, x, arguments)


@_adaptive(1, (2, 3, 20))
def adaptive_avg_pool1d(x, output_size, *, out=None):
    """The mean of each of `output_size` parts of a signal (N, C, L) or (C, L); as `adaptive_avg_pool2d`."""
    return _forward("adaptive_avg_pool1d", 1, x, (output_size,), out)


def adaptive_avg_pool1d_backward(grad, x, output_size):
    """The gradient of `adaptive_avg_pool1d`; as `avg_pool2d_backward`."""
    return _backward("adaptive_avg_pool1d", 1, grad, x, (output_size,))


@_adaptive(2, (2, 3, 7, 11))
def adaptive_avg_pool2d(x, output_size, *, out=None):
    """The mean of each part of images (N, C, H, W) or (C, H, W), cut into `output_size` parts an axis.

    Part i of n along an axis of size m goes from ⌊i · m / n⌋ to ⌈(i + 1) · m / n⌉ − 1. `output_size` is an integer
    or one for each axis; None leaves an axis as it is.
    """
    return _forward("adaptive_avg_pool2d", 2, x, (output_size,), out)


def adaptive_avg_pool2d_backward(grad, x, output_size):
    """The gradient of `adaptive_avg_pool2d`; as `avg_pool2d_backward`."""
    return _backward("adaptive_avg_pool2d", 2, grad, x, (output_size,))


@_adaptive(3, (1, 2, 4, 5, 6))
def adaptive_avg_pool3d(x, output_size, *, out=None):
    """The mean of each part of volumes (N, C, D, H, W) or (C, D, H, W); as `adaptive_avg_pool2d`."""
    return _forward("adaptive_avg_pool3d", 3, x, (output_size,), out)


def adaptive_avg_pool3d_backward(grad, x, output_size):
    """The gradient of `adaptive_avg_pool3d`; as `avg_pool2d_backward`."""
    return _backward("adaptive_avg_pool3d", 3, grad, x, (output_size,))


def _windows(name: str, function: str, n: int, x: Any, arguments: tuple) -> windows.Pooling:
    if name.startswith("adaptive"):
        return windows.adaptive(function, x, n, *arguments)
    kernel_size, stride, padding, ceil_mode, *counting = arguments
    return windows.sliding(function, x, n, kernel_size, stride, padding, 1, ceil_mode, *counting)


def _forward(name: str, n: int, x: Any, arguments: tuple, out: Any) -> Any:
    found = _windows(name, name, n, x, arguments)
    out = check.output(name, out, found.shape, x.dtype, x)
    if found.whole:
        kernel("reductions.sum")(*_as_row(x, found), out.reshape(found.full[0], 1))
        return out
    sizes = (*found.pooled[1:3], *found.regular)
    x, y = check.contiguous(x).reshape(found.full), out.reshape(found.pooled)
    kernel("pooling.average.pool")(x, found.windows, *sizes, y)
    return out


def _backward(name: str, n: int, grad: Any, x: Any, arguments: tuple) -> Any:
    function = f"{name}_backward"
    found = _windows(name, function, n, x, arguments)
    check.same_dtype(function, "grad", grad, "x", x)
    check.shape(function, "grad", grad, found.shape, "as the result")
    grad, grad_x = check.contiguous(grad).reshape(found.pooled), current().empty(x.shape, x.dtype)
    if found.whole:
        row, size = _as_row(grad_x, found)
        kernel("reductions.spread")(grad.reshape(found.full[0], 1), int(size), size, row)
        return grad_x
    arguments = (found.windows, found.covers, *found.full[1:3], grad_x.reshape(found.full))
    kernel("pooling.average.spread")(grad, *arguments)
    return grad_x


def _as_row(x: Any, found: windows.Pooling) -> tuple[Any, float]:
    """For a window that is the whole plane: x as kernels/reductions sees it, (planes, their size, 1); and the size."""
    size = found.full[1] * found.full[2] * found.full[3]
    return check.contiguous(x).reshape(found.full[0], size, 1), float(size)
