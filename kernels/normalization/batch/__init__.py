"""Batch norm: each channel by the statistics of a batch, or by those gathered in training; and its gradients.

An array (n, channels, …) is seen as (n, channels, spatial). A channel is worked on from end to end while it lies in the
cache: its statistics, then its elements. A ReLU behind it is done in the same pass; its way back needs no y, for a
multiplication and an addition tell its sign from x, which is read anyway.
"""

import math
from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from ..common import flat, gradients, output

ACTIVATIONS = (None, "relu")
SHAPES = ((2, 1), (7, 5), (33, 35), (2, 3, 1), (3, 2, 7), (2, 3, 5, 9), (5, 2, 257), (1, 3, 70))


def _samples(draw: Draw):
    def parameters(channels: int):
        return draw.normal(channels) + 1, draw.normal(channels)

    def gathered(channels: int):
        return draw.normal(channels), draw.uniform(channels, low=0.5, high=3)

    x = draw.normal(0, 3, 2)
    yield Sample((x, None, None, *parameters(3)), {"training": True}, note="empty")
    for shape in SHAPES:
        x = draw.normal(*shape, scale=3) + 1
        yield Sample((x, None, None, *parameters(shape[1])), {"training": True}, note=f"{shape}")
    yield Sample((x, *gathered(3), *parameters(3)), {"training": True}, note="moving the running statistics")
    for shape in ((3, 35), (2, 3, 37)):
        x, channels = draw.normal(*shape), shape[1]
        yield Sample((x, None, None), {"training": True}, note=f"{shape}, no parameters")
        yield Sample((x, *gathered(channels), *parameters(channels)), note=f"{shape}, inference")
        yield Sample((x, *gathered(channels)), {"eps": 0.1}, note=f"{shape}, inference, no parameters")
    yield Sample((x, None, None, parameters(3)[0]), {"training": True}, note="a weight alone")
    for layout in ("transposed", "strided"):
        x = draw.normal(4, 3, 9, layout=layout)
        yield Sample((x, None, None, *parameters(3)), {"training": True}, note=layout)
    if draw.dtype == np.float32:  # the definition's own float64 loses digits here; float32 may not
        for shape in ((40, 20), (3, 2, 300)):
            x = draw.normal(*shape) + 1e4
            yield Sample((x, None, None), {"training": True}, smooth=False, note="a large mean")
    first_far = draw.normal(3, 2, 40)
    first_far[0, :, 0] = 300  # a pivot that is no good
    yield Sample((first_far, None, None), {"training": True}, smooth=False, note="a first element far from the others")
    equal = np.full((3, 2, 9), 0.1, draw.dtype)
    yield Sample((equal, None, None), {"training": True, "eps": 1e-2}, smooth=False, note="equal numbers")
    for value in (np.inf, np.nan):
        x = draw.normal(3, 3, 9)
        x[1, 1, 4] = value
        yield Sample((x, None, None, *parameters(3)), {"training": True}, smooth=False, note=f"{value} in a channel")
        yield Sample((x, *gathered(3), *parameters(3)), smooth=False, note=f"{value}, inference")
    relu = {"activation": "relu"}
    for shape in SHAPES:
        x = draw.normal(*shape, scale=3) + 1
        yield Sample((x, None, None, *parameters(shape[1])), {"training": True, **relu}, note=f"{shape}, relu")
    for shape in ((3, 35), (2, 3, 37)):
        x, channels = draw.normal(*shape), shape[1]
        yield Sample((x, None, None), {"training": True, **relu}, note=f"{shape}, relu, no parameters")
        yield Sample((x, *gathered(channels), *parameters(channels)), relu, note=f"{shape}, relu, inference")
    x = draw.normal(4, 3, 9, layout="strided")
    yield Sample((x, *gathered(3), *parameters(3)), {"training": True, **relu}, note="strided, relu, moving")
    for value in (np.inf, -np.inf, np.nan):
        for x in (draw.normal(3, 3), draw.normal(3, 3, 9)):
            x[1, 1] = value
            notes = f"{value} in a channel, relu", f"{value}, relu, inference"
            yield Sample((x, None, None, *parameters(3)), {"training": True, **relu}, smooth=False, note=notes[0])
            yield Sample((x, *gathered(3), *parameters(3)), relu, smooth=False, note=notes[1])


def _torch(torch, x, mean, variance, *rest, activation=None, **options):
    kept = (None if v is None else v.detach().clone() for v in (mean, variance))
    y = torch.nn.functional.batch_norm(x, *kept, *rest, **options)
    return torch.relu(y) if activation else y


def _example(draw: Draw, n: int, channels: int, *spatial: int):
    x, options = draw.normal(n, channels, *spatial), {"training": True}
    return Sample((x, None, None, draw.normal(channels), draw.normal(channels)), options)


@operation(
    formula="y = act((x − mean) / √(variance + eps) · weight + bias), of each channel",
    samples=_samples,
    cost=lambda x, *_, **__: Cost(7 * x.size, 2 * x.nbytes),
    backward_cost=lambda x, *_, **__: Cost(9 * x.size, 3 * x.nbytes),
    example=_example,
    workloads={"32×64×28×28": (32, 64, 28, 28), "128×256": (128, 256)},
    outputs=("y",),
    differentiable=("x", "weight", "bias"),
    torch=_torch,
    rtol=2e-5,
    atol=2e-5,
    why="sums of up to 1285 terms; 1 / √variance makes errors of small deviations larger",
)
def batch_norm(
    x,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    training=False,
    momentum=0.1,
    eps=1e-5,
    activation=None,
    *,
    out=None,
):
    """act((x − mean) / √(variance + eps) · weight + bias), of each channel: axis 1.

    Parameters
    ----------
    x : array (n, channels, …)
    running_mean, running_var : arrays (channels,), or None in training
        In inference the mean and the variance; in training they are changed in place, each to
        (1 − momentum) · itself + momentum · the batch's, and are None if that isn't wanted.
    weight, bias : arrays (channels,), optional
    training : bool
        Take mean and variance of this batch, over all axes but 1: the variance is biased for y, unbiased for
        `running_var`.
    momentum : number from 0 to 1
    eps : number, at least 0
    activation : None or "relu"
    out : array like x, optional
        May be `x`.

    A large mean takes nothing from the variance's accuracy. A channel that holds a NaN or an infinity becomes NaN
    in training. Raises ValueError if a channel has one value in training, for it has no variance.
    Source: Ioffe and Szegedy, Batch Normalization, arXiv:1502.03167.
    """
    given = running_mean, running_var, weight, bias, training, momentum, eps, activation, out
    return _batch_norm("batch_norm", x, *given)[0]


def batch_norm_with_statistics(
    x,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    training=False,
    momentum=0.1,
    eps=1e-5,
    activation=None,
    *,
    out=None,
):
    """`batch_norm`, and how each channel was normalised: an array (3, channels) for `batch_norm_backward`.

    Its rows are pivot, rest, scale: the normalised x is ((x − pivot) − rest) · scale, where pivot + rest is the mean
    and scale 1 / √(variance + eps).
    """
    given = running_mean, running_var, weight, bias, training, momentum, eps, activation, out
    return _batch_norm("batch_norm_with_statistics", x, *given)


def _batch_norm(function: str, x, running_mean, running_var, weight, bias, training, momentum, eps, activation, out):
    shape = _check(function, x, running_mean, running_var, weight, bias, training, activation)
    momentum, eps = check.number(function, "momentum", momentum, 0, 1), check.number(function, "eps", eps, 0)
    gathered = running_mean, running_var
    if training:
        if shape[0] * shape[2] == 1 and shape[1]:
            raise ValueError(f"{function}: Expected more than 1 value per channel in training, x is {x.shape}")
        for name, array in zip(("running_mean", "running_var"), gathered):
            if array is not None:
                check.changeable(function, name, array)
    out = output(function, out, x, (*gathered, weight, bias))
    found = current().empty((3, shape[1]), x.dtype)
    if not x.size:
        found.fill(0)
        return out, found
    mean, variance = flat(x, gathered)
    none = current().nothing(x.dtype)
    new = (mean, variance) if training else (none, none)
    arrays = check.contiguous(x).reshape(shape), *flat(x, (weight, bias)), mean, variance
    numbers = bool(training), momentum, eps, activation == "relu"
    kernel("normalization.batch.batch_norm")(*arrays, *numbers, out.reshape(shape), found, *new)
    return out, found


def batch_norm_backward(
    grad,
    x,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    training=False,
    eps=1e-5,
    statistics=None,
    activation=None,
):
    """The gradients of `batch_norm` by x, weight and bias (None without one).

    `statistics` are those of `batch_norm_with_statistics`; without them they are computed again.

    With n = (x − mean) · s, s = 1 / √(variance + eps): ∂weight = the sum of grad · n over the channel, ∂bias = that of
    grad; in inference ∂x = s · weight · grad, in training s · weight · (grad − the mean of grad − n · the mean of
    grad · n). Both sums run in a fixed order. With an activation grad · act′ takes the place of grad; act′ follows from
    x by the forward call's own steps, so that the output isn't needed.
    """
    name = "batch_norm_backward"
    shape = _check(name, x, running_mean, running_var, weight, bias, training, activation)
    check.like(name, "grad", grad, "x", x)
    if statistics is None:
        gathered = (None, None) if training else (running_mean, running_var)
        _, statistics = _batch_norm(name, x, *gathered, None, None, training, 0, eps, None, None)
    else:
        check.same_dtype(name, "statistics", statistics, "x", x)
        check.shape(name, "statistics", statistics, (3, shape[1]), "for the channels of x")
    grad_x, *of_parameters = gradients(x, (weight, bias))
    if x.size:
        arrays = *(check.contiguous(a).reshape(shape) for a in (grad, x)), *flat(x, (weight, bias))
        known = check.contiguous(statistics), bool(training), activation == "relu"
        kernel("normalization.batch.batch_norm_backward")(*arrays, *known, grad_x.reshape(shape), *of_parameters)
    else:
        for array in of_parameters:
            array.fill(0)
    return grad_x, *(None if p is None else g for p, g in zip((weight, bias), of_parameters))


def _check(
    function: str, x: Any, running_mean: Any, running_var: Any, weight: Any, bias: Any, training: Any, activation: Any
):
    """The sizes (n, channels, spatial) that x is seen with."""
    check.real(function, "x", x)
    if x.ndim < 2:
        raise ValueError(f"{function}: x has the shape {x.shape}, it must be (n, channels, …)")
    given = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, array in given.items():
        if array is not None:
            check.same_dtype(function, name, array, "x", x)
            check.shape(function, name, array, (x.shape[1],), "for the channels of x")
    if (running_mean is None) != (running_var is None):
        raise ValueError(f"{function}: running_mean and running_var must be given together, or neither")
    if not training and running_mean is None:
        raise ValueError(f"{function}: running_mean and running_var are needed unless training")
    check.choice(function, "activation", activation, ACTIVATIONS)
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])
