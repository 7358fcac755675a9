"""Dropout: random masks that nobody keeps, for they are a function of a seed, an offset and an element's index.

Philox-4x32-10 makes four random words of 32 bits from a key (the seed) and a counter. Index i of a mask takes

    word i // 16 % 4 of counter offset + i // 64 · 16 + i % 16

so that vectors of up to 16 lanes hold words of neighbouring elements as they come. The gradient draws the mask again.
A call consumes `counters(size)` counters: the next one's offset is further by as many. Masks are the same on every
backend, for every dtype and number of threads.

Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011.
"""

import math
from typing import Any

import numpy as np

from .. import capture, check
from ..backend import kernel
from ..operation import Cost, Draw, Sample, operation

ALPHA = 1.7580993408473766  # −SELU(−∞): what a dropped element becomes


def counters(size: int) -> int:
    """How many counters a mask of so many elements (or features) consumes."""
    return -(-size // 64) * 16


def _samples(draw: Draw, shapes):
    for number, shape in enumerate(shapes):
        yield Sample((draw.normal(*shape), 0.3, 12345678901234567 + number, (1 << 32) - 7), note=f"{shape}")
    yield Sample((draw.normal(5, 33, layout="transposed"), 0.5, 1, 2), note="transposed")
    yield Sample((draw.normal(5, 33), 0.0, 1, 2), note="none dropped")
    yield Sample((draw.normal(5, 33), 1.0, 1, 2), note="all dropped")
    yield Sample((draw.extremes().reshape(7, 2), 0.5, 3, 0), smooth=False, note="extreme values")


def _dropout(formula: str, *shapes: tuple[int, ...]):
    return operation(
        formula=formula,
        samples=lambda draw: _samples(draw, shapes),
        cost=lambda x, *_, **__: Cost(25 * x.size, 2 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(25 * x.size, 2 * x.nbytes),
        example=lambda draw, *shape: Sample((draw.normal(*shape), 0.5, 1, 0)),
        workloads={"64×128×32×32": (64, 128, 32, 32)},
        outputs=("y",),
        differentiable=("x",),
    )


ELEMENTS, FEATURES = ((0,), (1,), (31,), (65,), (4099,)), ((2, 3), (3, 0, 2), (5, 7, 3), (2, 67, 33), (67, 65, 2))


@_dropout("y = x / (1 − p) with probability 1 − p, else 0", *ELEMENTS)
def dropout(x, p, seed, offset, *, out=None):
    """x / (1 − p) with probability 1 − p, else x · 0, each element by itself.

    Parameters
    ----------
    x : array
    p : number from 0 to 1
        The probability to be dropped.
    seed, offset : integers from 0 to 2⁶³ − 1
        Which random numbers: the stream, and where in it.
    out : array like x, optional
        May be `x`.

    An infinity or NaN that is dropped becomes NaN, as in PyTorch; of p = 1, all are dropped.
    Source: Srivastava et al., Dropout, JMLR 15, 2014.
    """
    return _drop("dropout", x, p, seed, offset, out)


def dropout_backward(grad, p, seed, offset, *, out=None):
    """grad / (1 − p) where `dropout` of the same p, seed and offset kept an element, else 0."""
    return _drop("dropout_backward", grad, p, seed, offset, out, name="grad")


@_dropout("y = x / (1 − p) with probability 1 − p, else 0, of whole features", *FEATURES)
def feature_dropout(x, p, seed, offset, *, out=None):
    """As `dropout`, but a feature x[n, c, …] is kept or dropped as a whole.

    Source: Tompson et al., Efficient Object Localization Using Convolutional Networks, arXiv:1411.4280.
    """
    return _drop("feature_dropout", x, p, seed, offset, out, features=True)


def feature_dropout_backward(grad, p, seed, offset, *, out=None):
    """grad / (1 − p) where `feature_dropout` of the same p, seed and offset kept a feature, else 0."""
    return _drop("feature_dropout_backward", grad, p, seed, offset, out, name="grad", features=True)


@_dropout("y = a x + b with probability 1 − p, else a · SELU(−∞) + b", (31,), (257,))
def alpha_dropout(x, p, seed, offset, *, out=None):
    """a · x + b with probability 1 − p, else −a α + b, for inputs of mean 0 and variance 1 that are to stay so.

    With −α = SELU(−∞) = −1.758…, a = 1 / √((1 − p) (1 + p α²)), b = a p α; of p = 1, all become 0.
    Source: Klambauer et al., Self-Normalizing Neural Networks, arXiv:1706.02515.
    """
    return _drop("alpha_dropout", x, p, seed, offset, out, alpha=True)


def alpha_dropout_backward(grad, p, seed, offset, *, out=None):
    """a · grad where `alpha_dropout` of the same p, seed and offset kept an element, else 0."""
    return _drop("alpha_dropout_backward", grad, p, seed, offset, out, name="grad", alpha=True)


@_dropout("y = a x + b with probability 1 − p, else a · SELU(−∞) + b, of whole features", (2, 67, 3))
def feature_alpha_dropout(x, p, seed, offset, *, out=None):
    """As `alpha_dropout`, but a feature x[n, c, …] is kept or dropped as a whole."""
    return _drop("feature_alpha_dropout", x, p, seed, offset, out, features=True, alpha=True)


def feature_alpha_dropout_backward(grad, p, seed, offset, *, out=None):
    """a · grad where `feature_alpha_dropout` of the same p, seed and offset kept a feature, else 0."""
    return _drop("feature_alpha_dropout_backward", grad, p, seed, offset, out, name="grad", features=True, alpha=True)


def _drop(
    function: str, x: Any, p: Any, seed: Any, offset: Any, out: Any, *, name="x", features=False, alpha=False
) -> Any:
    """y = x · (scale or 0) + (kept or dropped)."""
    check.real(function, name, x)
    p = check.number(function, "p", p, 0, 1)
    for what, value in (("seed", seed), ("offset", offset)):
        if not isinstance(value, (int, np.integer)) or not 0 <= value < 1 << 63:
            raise ValueError(f"{function}: {what} is {value!r}, it must be an integer from 0 to 2⁶³ − 1")
    if features and x.ndim < 2:
        raise ValueError(f"{function}: {name} has the shape {x.shape}, it must be (n, features, …)")
    out = check.output(function, out, x.shape, x.dtype, x, in_place=True)
    scale, kept, dropped = 0.0 if p == 1 else 1 / (1 - p), -0.0, -0.0  # −0 changes no zero's sign
    if alpha:
        scale = 0.0 if p == 1 else 1 / math.sqrt((1 - p) * (1 + p * ALPHA**2))
        if name == "x":
            kept, dropped = scale * p * ALPHA, scale * p * ALPHA - scale * ALPHA
    shape = (math.prod(x.shape[:2]), math.prod(x.shape[2:])) if features else (x.size, 1)
    limit = round((1 - p) * 2**32)
    arrays = check.contiguous(x).reshape(shape), int(seed), capture.as_offset(offset), limit
    kernel("random.drop")(*arrays, scale, kept, dropped, out.reshape(shape))
    return out
