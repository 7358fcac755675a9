"""Padding, resizing and pixel shuffling of signals, images and volumes. And their gradients.

tables.py says what kernels are told: for them padding and resizing are the same.
"""

import math
from typing import Any

from .. import check
from ..backend import current, kernel
from ..operation import Cost, Draw, Sample, operation
from .shuffle import pixel_shuffle, pixel_unshuffle
from .tables import Axis, of

__all__ = ["interpolate", "interpolate_backward", "pad", "pad_backward", "pixel_shuffle", "pixel_unshuffle"]

PADDING = ("constant", "reflect", "replicate", "circular")
# Mode of interpolation → for how many axes it is (None: any), and its axes' kind.
MODES: dict[str, tuple[int | None, str]] = {
    "nearest": (None, "nearest"),
    "linear": (1, "linear"),
    "bilinear": (2, "linear"),
    "bicubic": (2, "cubic"),
    "trilinear": (3, "linear"),
    "area": (None, "area"),
    "nearest-exact": (None, "nearest-exact"),
}


def _operation(formula: str, samples: Any, example: Any, workload: dict, torch: Any):
    """The declaration of both."""
    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, *_, **__: Cost(2 * x.size, 2 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(2 * x.size, 2 * x.nbytes),
        example=example,
        workloads=workload,
        outputs=("y",),
        differentiable=("x",),
        torch=torch,
        rtol=1e-5,
        atol=1e-5,
        why="weights are rounded to float32, PyTorch's from places that already are; up to 16 terms cancel",
    )


def _pad_samples(draw: Draw):
    for mode in PADDING:
        yield Sample((draw.normal(2, 3, 5, 20), (3, 2, 1, 4), mode), note=mode)
        yield Sample((draw.normal(2, 3, 4, 5, 6), (1, 2, 2, 1, 3, 0), mode), note=f"{mode}, three axes")
        yield Sample((draw.normal(2, 3, 37), (-2, 3), mode), note=f"{mode}, cut off in front")
    yield Sample((draw.normal(3, 4), (1, 0, 0, 2), "constant", 2.5), note="all axes, by a number")
    yield Sample((draw.normal(2, 0), (1, 2)), note="nothing but padding")
    yield Sample((draw.normal(2, 9), (-4, -5)), note="nothing left")
    yield Sample((draw.normal(2, 4, 6, layout="transposed"), (1, 1)), note="transposed")
    yield Sample((draw.extremes().reshape(2, 7), (2, 2), "constant", -math.inf), smooth=False, note="extreme values")


@_operation(
    "y = x, padded",
    _pad_samples,
    lambda draw, *shape: Sample((draw.normal(*shape), (1, 1, 1, 1))),
    {"32×32×28×28": (32, 32, 28, 28)},
    lambda torch, x, pad, mode="constant", value=0.0: torch.nn.functional.pad(x, pad, mode, value),
)
def pad(x, pad, mode="constant", value=0.0, *, out=None):
    """x with more, or fewer, places at the ends of its last axes.

    Parameters
    ----------
    x : array
    pad : integers (left, right, top, bottom, front, back)
        How many places to add in front of the last axis and behind it, then those of the axis before, and so on: two
        for each of up to three axes. Negative ones cut off.
    mode : "constant", "reflect", "replicate" or "circular"
        What they hold: `value`; x mirrored at its first and last place (at most size − 1 places); its first or last
        place; x once more from the other end (at most its size).
    value : float
    out : array of the result's shape, optional
    """
    axes, shape = _padded("pad", x, pad, mode)
    value = float(value) if mode == "constant" else 0.0
    return _resample("pad", x, axes, shape, value, out)


def pad_backward(grad, x, pad, mode="constant"):
    """The gradient of `pad`: each place of x gets the sum of those of its copies. Of x only the shape matters."""
    axes, shape = _padded("pad_backward", x, pad, mode)
    return _transposed("pad_backward", grad, x, axes, shape)


def _padded(function: str, x: Any, pad: Any, mode: Any) -> tuple[list[Axis], tuple[int, ...]]:
    """The axes, and the result's shape."""
    check.real(function, "x", x)
    check.choice(function, "mode", mode, PADDING)
    many = len(pad) if isinstance(pad, (tuple, list)) else 0
    if many not in (2, 4, 6) or many // 2 > x.ndim or not all(type(n) is int for n in pad):
        raise ValueError(
            f"{function}: pad is {pad!r}, it must be two integers for each axis, the last one first, "
            f"of up to {min(3, x.ndim)} axes"
        )
    axes = []
    for i in range(many // 2 - 1, -1, -1):
        (before, after), size = pad[2 * i : 2 * i + 2], x.shape[-1 - i]
        left = size + min(before, 0) + min(after, 0)
        if size + before + after < 0 or left < 0:
            raise ValueError(f"{function}: pad cuts off more than the {size} places of axis {x.ndim - 1 - i}")
        most = {"constant": math.inf, "reflect": size - 1, "replicate": math.inf if size else 0, "circular": left}[mode]
        if max(before, after) > most:
            raise ValueError(
                f"{function}: pad is {max(before, after)} at axis {x.ndim - 1 - i}, it must be at most {most}: "
                f"mode {mode!r} has no more places to copy"
            )
        axes.append(Axis(mode, size, size + before + after, before))
    return axes, (*x.shape[: x.ndim - len(axes)], *(axis.out for axis in axes))


def _interpolate_samples(draw: Draw):
    line, image, volume = (2, 3, 9), (2, 2, 5, 19), (1, 2, 3, 4, 5)
    for mode in ("nearest", "nearest-exact", "area"):
        yield Sample((draw.normal(*image), (7, 33), None, mode), note=mode)
        yield Sample((draw.normal(*line), 4, None, mode), note=f"{mode}, smaller")
    yield Sample((draw.normal(*image), None, 2), note="twice as large")
    yield Sample((draw.normal(*volume), None, (2, 1.5, 0.5)), note="a factor for each axis")
    for shape, mode in ((line, "linear"), (image, "bilinear"), (image, "bicubic"), (volume, "trilinear")):
        for corners in (False, True):
            options = {"mode": mode, "align_corners": corners}
            yield Sample((draw.normal(*shape), None, 1.7), options, note=f"{mode}, larger, corners {corners}")
            yield Sample((draw.normal(*shape), 3), options, note=f"{mode}, 3, corners {corners}")
    yield Sample((draw.normal(*image), None, 1.7, "bilinear", None, True), note="the factor computed anew")
    yield Sample((draw.normal(*image), 1, None, "bilinear", True), note="one pixel with corners")
    yield Sample((draw.normal(0, 2, 3, 3), 5, None, "bilinear"), note="no images")
    yield Sample((draw.extremes().reshape(1, 1, 14), 30), smooth=False, note="extreme values")


@_operation(
    "y(p) = x(p · size / size′)",
    _interpolate_samples,
    lambda draw, *shape: Sample((draw.normal(*shape), None, 2, "bilinear")),
    {"16×16×28×28": (16, 16, 28, 28)},
    lambda torch, x, *args, **options: torch.nn.functional.interpolate(x, *args, **options),
)
def interpolate(
    x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, *, out=None
):  # fmt: skip
    """Signals, images or volumes, resized.

    Parameters
    ----------
    x : array (N, C, L), (N, C, H, W) or (N, C, D, H, W)
    size : int, or one for each axis
        The new size; or else
    scale_factor : float, or one for each axis
        the new size is ⌊size · scale_factor⌋.
    mode : "nearest", "nearest-exact", "linear" (L), "bilinear", "bicubic" (H, W), "trilinear" (D, H, W), "area"
        "nearest" takes the pixel that a place's beginning lies in, "nearest-exact" that of its centre; "area" means.
    align_corners : bool, optional
        For linear and cubic modes: whether the centres of the corners' pixels, rather than the corners, stay.
    recompute_scale_factor : bool, optional
        Whether the ratio of the sizes is used in place of the scale_factor given.
    out : array of the result's shape, optional

    Cubic convolution: Keys, IEEE Trans. Acoustics, Speech, Signal Processing 29, 1981, with a = −¾.
    """
    arguments = (size, scale_factor, mode, align_corners, recompute_scale_factor)
    axes, shape = _resized("interpolate", x, *arguments)
    return _resample("interpolate", x, axes, shape, 0.0, out)


def interpolate_backward(
    grad, x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None
):  # fmt: skip
    """The gradient of `interpolate`: each pixel of x gets those of the pixels that it was used for, weighted.

    Of x only the shape matters.
    """
    arguments = (size, scale_factor, mode, align_corners, recompute_scale_factor)
    axes, shape = _resized("interpolate_backward", x, *arguments)
    return _transposed("interpolate_backward", grad, x, axes, shape)


def _resized(
    function: str, x: Any, size: Any, scale_factor: Any, mode: Any, align_corners: Any, recompute: Any
) -> tuple[list[Axis], tuple[int, ...]]:
    """The axes, and the result's shape."""
    check.real(function, "x", x)
    if x.ndim not in (3, 4, 5):
        raise ValueError(
            f"{function}: x has the shape {x.shape}, it must be (N, C, L), (N, C, H, W) or (N, C, D, H, W)"
        )
    sizes = x.shape[2:]
    n = len(sizes)
    check.choice(function, "mode", mode, tuple(MODES))
    wanted, kind = MODES[mode]
    if wanted not in (None, n):
        raise ValueError(f"{function}: mode is {mode!r}, which needs x with {wanted + 2} axes, not {x.ndim}")
    if 0 in sizes:
        raise ValueError(f"{function}: x has the shape {x.shape}, its axes from 2 on must not be empty")
    if align_corners is not None and kind not in ("linear", "cubic"):
        raise ValueError(f"{function}: align_corners is for linear and cubic modes, not {mode!r}")
    if (size is None) == (scale_factor is None):
        raise ValueError(f"{function}: one of size and scale_factor must be given, and not both")
    if recompute and scale_factor is None:
        raise ValueError(f"{function}: recompute_scale_factor needs a scale_factor")
    steps = (0.0,) * n
    if size is not None:
        outs = _each(function, "size", size, n)
        if not all(type(out) is int and out >= 1 for out in outs):
            raise ValueError(f"{function}: size is {size!r}, it must be an integer of at least 1, or {n} of them")
    else:
        factors = tuple(
            check.number(function, "scale_factor", one) for one in _each(function, "scale_factor", scale_factor, n)
        )
        outs = tuple(math.floor(one * factor) for one, factor in zip(sizes, factors))
        if min(factors) <= 0 or min(outs) < 1:
            raise ValueError(f"{function}: scale_factor is {scale_factor!r}, which leaves nothing of {sizes}")
        if not recompute:
            steps = tuple(1 / factor for factor in factors)
    kind += ", corners" if align_corners else ""
    axes = [Axis(kind, *one) for one in zip(sizes, outs, steps)]
    return axes, (*x.shape[:2], *outs)


def _each(function: str, name: str, value: Any, n: int) -> tuple:
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n
    if len(values) != n:
        raise ValueError(f"{function}: {name} is {value!r}, it must be one number, or {n} of them")
    return values


def _volume(shape: tuple[int, ...], n: int) -> tuple[int, int, int, int]:
    """(planes, depth, height, width), of an array whose last n axes are resampled."""
    depth, height, width = (1,) * (3 - n) + shape[len(shape) - n :]
    return math.prod(shape[: len(shape) - n]), depth, height, width


def _resample(function: str, x: Any, axes: list[Axis], shape: tuple[int, ...], value: float, out: Any) -> Any:
    out = check.output(function, out, shape, x.dtype, x)
    _run(x, axes, False, value, out)
    return out


def _transposed(function: str, grad: Any, x: Any, axes: list[Axis], shape: tuple[int, ...]) -> Any:
    check.same_dtype(function, "grad", grad, "x", x)
    check.shape(function, "grad", grad, shape, "as the result")
    grad_x = current().empty(x.shape, x.dtype)
    _run(grad, axes, True, 0.0, grad_x)
    return grad_x


def _run(x: Any, axes: list[Axis], transposed: bool, value: float, y: Any) -> None:
    table, n = of(x, axes, transposed), len(axes)
    x, y = check.contiguous(x).reshape(_volume(x.shape, n)), y.reshape(_volume(y.shape, n))
    arguments = (table.pointers, table.places, table.weights, value, *y.shape[1:3], *table.run)
    kernel("resampling.resample")(x, *arguments, y)
