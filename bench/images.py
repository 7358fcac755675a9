"""Layers of networks that see, forward and back as in training: ours, and PyTorch's of the same name and arguments.

Both are given the same parameters, images and gradients, in PyTorch's default layout, and return the result, the
gradient of the images, unless they are a first layer's, and those of the parameters. PyTorch's gradients are
autograd's: that costs some 20 µs a row.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from .. import kernels, layers
from ..kernels.operation import Draw
from .rivals import OURS, TORCH, Calls, Work


def layer(
    name: str,
    size: str,
    shape: tuple[int, ...],
    *args: Any,
    input_gradient: bool = True,
    precision: str = "medium",
    exact: bool = False,
    **options: Any,
) -> Work:
    """A layer of that name, made with `args` and `options`, over images of that shape.

    With `exact` the errors are to be shown: those of what Winograd's algorithm may compute, the result and the
    gradient of the images.
    """

    def given() -> tuple[layers.Module, np.ndarray, np.ndarray]:
        draw = Draw(0, np.float32)
        layers.manual_seed(0)
        net, x = getattr(layers, name)(*args, **options), draw.normal(*shape)
        return net, x, draw.normal(*net.forward(x)[0].shape)

    def calls(torch: Any, threads: int) -> Calls:
        net, x, grad = given()
        found: Calls = {OURS: ours(net, x, grad, input_gradient, precision)}
        if torch:
            theirs = getattr(torch.nn, name)(*args, **options)
            theirs.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
            found[TORCH] = in_torch(torch, theirs, x, grad, input_gradient)
        return found

    def in_float64() -> list[np.ndarray]:
        net, x, grad = given()
        exactly = getattr(layers, name)(*args, **options, dtype=np.float64)
        exactly.load_state_dict(net.state_dict())
        return ours(exactly, x.astype(np.float64), grad.astype(np.float64), precision="highest")()[:2]

    return Work(name, size, calls, autograd=True, exact=in_float64 if exact else None)


def ours(
    net: layers.Module, x: Any, grad: Any, input_gradient: bool = True, precision: str = "medium"
) -> Callable[[], list]:
    parameters = net.parameters()

    def both() -> list:
        with _precision(precision):
            for parameter in parameters:
                parameter.drop_grad()
            y, backward = net.forward(x)
            grad_x = backward(grad, input_gradient=input_gradient)
            return [y, *([grad_x] if input_gradient else []), *(parameter.grad for parameter in parameters)]

    return both


def in_torch(torch: Any, net: Any, x: Any, grad: Any, input_gradient: bool = True) -> Callable[[], list]:
    x, grad = torch.from_numpy(x).requires_grad_(input_gradient), torch.from_numpy(grad)
    by = [*([x] if input_gradient else []), *net.parameters()]

    def both() -> list:
        y = net(x)
        return [y, *torch.autograd.grad(y, by, grad)]

    return both


@contextmanager
def _precision(wanted: str) -> Iterator[None]:
    before = kernels.conv_precision()
    kernels.set_conv_precision(wanted)
    try:
        yield
    finally:
        kernels.set_conv_precision(before)


SEEN = (32, 64, 32, 32)  # images of the convolution that stands for the others


def convolutions(quick: bool) -> Iterator[Work]:
    """Those whose size begins with "3×3," may go Winograd's way."""
    yield layer("Conv2d", "3×3, 32×64×32² → 64", SEEN, 64, 64, 3, padding=1, exact=True)
    if quick:
        return
    yield layer("Conv2d", "3×3, 32×128×14² → 128", (32, 128, 14, 14), 128, 128, 3, padding=1, exact=True)
    yield layer("Conv2d", "3×3, 128×64×7² → 128", (128, 64, 7, 7), 64, 128, 3, padding=1, exact=True)
    yield layer("Conv2d", "3×3 high, 32×64×32² → 64", SEEN, 64, 64, 3, padding=1, exact=True, precision="high")
    yield layer("Conv2d", "3×3 highest, 32×64×32² → 64", SEEN, 64, 64, 3, padding=1, exact=True, precision="highest")
    images, small = (64, 64, 28, 28), (64, 32, 14, 14)
    yield layer("Conv2d", "3×3 first, 128×1×28² → 32", (128, 1, 28, 28), 1, 32, 3, padding=1, input_gradient=False)
    yield layer("Conv2d", "5×5, 64×32×14² → 64", small, 32, 64, 5, padding=2)
    yield layer("Conv2d", "1×1, 64×64×28² → 128", images, 64, 128, 1)
    yield layer("Conv2d", "3×3 by 2, 64×64×28² → 128", images, 64, 128, 3, stride=2, padding=1)
    yield layer("Conv2d", "7×7 by 2, 16×3×64² → 64", (16, 3, 64, 64), 3, 64, 7, stride=2, padding=3)
    yield layer("Conv2d", "3×3 depthwise, 64×64×28²", images, 64, 64, 3, padding=1, groups=64)
    yield layer("Conv2d", "4×4 by 2, 64×32×28² → 64", (64, 32, 28, 28), 32, 64, 4, stride=2, padding=1)
    yield layer("Conv1d", "5, 64×64×256 → 64", (64, 64, 256), 64, 64, 5, padding=2)
    yield layer("Conv3d", "3×3×3, 8×16×16³ → 32", (8, 16, 16, 16, 16), 16, 32, 3, padding=1)
    yield layer("ConvTranspose2d", "4×4 by 2, 64×64×14² → 32", (64, 64, 14, 14), 64, 32, 4, stride=2, padding=1)


def ladder(quick: bool) -> Iterator[Work]:
    """Every rung of the convolution, forward alone."""
    for rung in kernels.backend("numba").rungs("convolution"):
        yield on_rung(rung, (16, 32, 16, 16), 32)


def on_rung(rung: str, shape: tuple[int, ...], filters: int) -> Work:
    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        x, weight = draw.normal(*shape), draw.normal(filters, shape[1], 3, 3)

        def lower() -> Any:
            with kernels.rung(conv2d=rung):
                return kernels.conv2d(x, weight, padding=1)

        found: Calls = {OURS: lower}
        if torch:
            found[TORCH] = partial(torch.conv2d, *map(torch.from_numpy, (x, weight)), padding=1)
        return found

    n, channels, side, _ = shape
    return Work(f"conv2d rung {rung}", f"3×3, {n}×{channels}×{side}² → {filters}", calls)


IMAGES, SMALL_IMAGES = (128, 64, 28, 28), (128, 128, 7, 7)
NAMES = {IMAGES: "128×64×28²", SMALL_IMAGES: "128×128×7²"}


def poolings(quick: bool) -> Iterator[Work]:
    found = [("MaxPool2d", "2×2", 2), ("MaxPool2d", "3×3 by 2", 3, 2), ("AvgPool2d", "2×2", 2)]
    found += [("AdaptiveAvgPool2d", "to 1×1", 1)]
    for name, form, *args in found[: 1 if quick else None]:
        yield layer(name, f"{form}, {NAMES[IMAGES]}", IMAGES, *args)


def normalizations(quick: bool) -> Iterator[Work]:
    yield layer("BatchNorm2d", NAMES[IMAGES], IMAGES, 64)
    if not quick:
        yield layer("BatchNorm2d", NAMES[SMALL_IMAGES], SMALL_IMAGES, 128)
        yield layer("GroupNorm", f"32 groups, {NAMES[IMAGES]}", IMAGES, 32, 64)
        yield layer("InstanceNorm2d", NAMES[IMAGES], IMAGES, 64, affine=True)


def resamplings(quick: bool) -> Iterator[Work]:
    shape = (32, 64, 28, 28)
    for mode in ("nearest",) if quick else ("nearest", "bilinear"):
        yield layer("Upsample", f"{mode} ×2, 32×64×28²", shape, scale_factor=2, mode=mode)


def dropouts(quick: bool) -> Iterator[Work]:
    """Each side draws by its own generator."""
    sizes = {"128×1152": (128, 1152), NAMES[IMAGES]: IMAGES}
    for size, shape in itertools.islice(sizes.items(), 1 if quick else None):
        yield layer("Dropout", size, shape, 0.5)


WORK: dict[str, Callable[[bool], Iterator[Work]]] = {
    "ladder": ladder,
    "normalization": normalizations,
    "convolution": convolutions,
    "pooling": poolings,
    "resampling": resamplings,
    "dropout": dropouts,
}
