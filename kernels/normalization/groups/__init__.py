"""Group norm and instance norm: each image's groups of channels by their own statistics; and their gradients.

An array (n, channels, …) is seen as (n · groups, channels / groups, spatial). Instance norm has a group a channel.
"""

import math
from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from ..batch import batch_norm, batch_norm_backward
from ..common import flat, gradients, output


def _declared(formula: str, samples: Any, example: Any, torch: Any):
    return operation(
        formula=formula,
        samples=samples,
        cost=lambda x, *_, **__: Cost(7 * x.size, 2 * x.nbytes),
        backward_cost=lambda x, *_, **__: Cost(9 * x.size, 3 * x.nbytes),
        example=example,
        workloads={"32×64×28×28": (32, 64, 28, 28)},
        outputs=("y",),
        differentiable=("x", "weight", "bias"),
        torch=torch,
        rtol=2e-5,
        atol=2e-5,
        why="sums of up to 514 terms; 1 / √variance makes errors of small deviations larger",
    )


def _samples(draw: Draw):
    for shape, groups in (((3, 4), 2), ((2, 6, 5), 3), ((1, 2, 257), 1), ((5, 4, 3, 11), 4), ((2, 33), 1)):
        x, channels = draw.normal(*shape, scale=3) + 1, shape[1]
        yield Sample((x, groups, draw.normal(channels) + 1, draw.normal(channels)), note=f"{shape}, {groups} groups")
    yield Sample((draw.normal(3, 4, 7), 2), {"eps": 0.1}, note="no parameters")
    yield Sample((draw.normal(3, 4, 7, layout="transposed"), 2, draw.normal(4)), note="a weight alone, transposed")
    yield Sample((draw.normal(0, 4, 7), 2, draw.normal(4), draw.normal(4)), note="empty")
    if draw.dtype == np.float32:  # the definition's own float64 loses digits here; float32 may not
        yield Sample((draw.normal(2, 4, 100) + 1e4, 2), smooth=False, note="a large mean")
    far = draw.normal(2, 4, 9)
    far[:, ::2, 0], far[1, 1, 3] = 300, np.nan  # a pivot that is no good
    yield Sample((far, 2), smooth=False, note="a first element far from the others; NaN in a group")
    yield Sample((np.full((2, 4, 9), 0.1, draw.dtype), 2), {"eps": 1e-2}, smooth=False, note="equal numbers")


@_declared(
    "y = (x − mean) / √(variance + eps) · weight + bias, of each image's groups of channels",
    _samples,
    lambda draw, n, channels, *spatial: Sample(
        (draw.normal(n, channels, *spatial), math.gcd(channels, 8), draw.normal(channels), draw.normal(channels))
    ),
    lambda torch, x, groups, *rest, **options: torch.nn.functional.group_norm(x, groups, *rest, **options),
)
def group_norm(x, num_groups, weight=None, bias=None, eps=1e-5, *, out=None):
    """(x − mean) / √(variance + eps) · weight + bias, of each image's groups of neighbouring channels.

    Parameters
    ----------
    x : array (n, channels, …)
    num_groups : int
        Of which the number of channels must be a multiple.
    weight, bias : arrays (channels,), optional
    eps : number, at least 0
    out : array like x, optional
        May be `x`.

    A large mean takes nothing from the variance's accuracy. A group that holds a NaN or an infinity becomes NaN.
    Source: Wu and He, Group Normalization, arXiv:1803.08494.
    """
    return _group_norm("group_norm", x, num_groups, weight, bias, eps, out)[0]


def group_norm_with_statistics(x, num_groups, weight=None, bias=None, eps=1e-5, *, out=None):
    """`group_norm`, and how each group was normalised: an array (3, n · num_groups) for `group_norm_backward`.

    Its rows are pivot, rest, scale: the normalised x is ((x − pivot) − rest) · scale.
    """
    return _group_norm("group_norm_with_statistics", x, num_groups, weight, bias, eps, out)


def _group_norm(function: str, x, num_groups, weight, bias, eps, out):
    shape = _check(function, x, num_groups, weight, bias)
    eps = check.number(function, "eps", eps, 0)
    out = output(function, out, x, (weight, bias))
    found = current().empty((3, shape[0]), x.dtype)
    if x.size:
        arrays = check.contiguous(x).reshape(shape), *flat(x, (weight, bias))
        kernel("normalization.groups.group_norm")(*arrays, int(num_groups), eps, out.reshape(shape), found)
    else:
        found.fill(0)
    return out, found


def group_norm_backward(grad, x, num_groups, weight=None, bias=None, eps=1e-5, statistics=None):
    """The gradients of `group_norm` by x, weight and bias (None without one).

    `statistics` are those of `group_norm_with_statistics`; without them they are computed again.

    With n = (x − mean) · s, s = 1 / √(variance + eps) and g = grad · weight: ∂x = s (g − the mean of g − n · the mean
    of g n), ∂weight = the sum of grad · n over images and space, ∂bias = that of grad. All sums run in a fixed order.
    """
    name = "group_norm_backward"
    shape = _check(name, x, num_groups, weight, bias)
    check.like(name, "grad", grad, "x", x)
    if statistics is None:
        _, statistics = _group_norm(name, x, num_groups, None, None, eps, None)
    else:
        check.same_dtype(name, "statistics", statistics, "x", x)
        check.shape(name, "statistics", statistics, (3, shape[0]), "for the groups of x")
    grad_x, *found = gradients(x, (weight, bias))
    if x.size:
        arrays = *(check.contiguous(a).reshape(shape) for a in (grad, x)), *flat(x, (weight,))
        results = grad_x.reshape(shape), *found
        kernel("normalization.groups.group_norm_backward")(
            *arrays, check.contiguous(statistics), int(num_groups), *results
        )
    else:
        for array in found:
            array.fill(0)
    return grad_x, *(None if p is None else g for p, g in zip((weight, bias), found))


def _check(function: str, x: Any, num_groups: Any, weight: Any, bias: Any) -> tuple[int, int, int]:
    """The sizes (n · groups, channels / groups, spatial) that x is seen with."""
    check.real(function, "x", x)
    if x.ndim < 2:
        raise ValueError(f"{function}: x has the shape {x.shape}, it must be (n, channels, …)")
    n, channels, *spatial = x.shape
    if not isinstance(num_groups, (int, np.integer)) or num_groups < 1 or channels % num_groups:
        raise ValueError(f"{function}: num_groups is {num_groups!r}, it must divide the number of channels, {channels}")
    for name, array in {"weight": weight, "bias": bias}.items():
        if array is not None:
            check.same_dtype(function, name, array, "x", x)
            check.shape(function, name, array, (channels,), "for the channels of x")
    return n * int(num_groups), channels // int(num_groups), math.prod(spatial)


def _instances(draw: Draw):
    for shape in ((2, 3, 7), (2, 2, 3, 11)):
        x, channels = draw.normal(*shape), shape[1]
        parameters = draw.normal(channels) + 1, draw.normal(channels)
        gathered = draw.normal(channels), draw.uniform(channels, low=0.5, high=2)
        yield Sample((x, None, None, *parameters), note=f"{shape}")
        yield Sample((x, *gathered, *parameters), {"use_input_stats": False}, note=f"{shape}, running statistics")
        yield Sample((x, *gathered), {"momentum": 0.3}, note=f"{shape}, moving the running statistics")


def _torch_instances(torch, x, mean=None, variance=None, *rest, **options):
    kept = (None if v is None else v.detach().clone() for v in (mean, variance))
    return torch.nn.functional.instance_norm(x, *kept, *rest, **options)


@_declared(
    "y = (x − mean) / √(variance + eps) · weight + bias, of each image's channels",
    _instances,
    lambda draw, n, channels, *spatial: Sample(
        (draw.normal(n, channels, *spatial), None, None, draw.normal(channels), draw.normal(channels))
    ),
    _torch_instances,
)
def instance_norm(
    x,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
    *,
    out=None,
):
    """(x − mean) / √(variance + eps) · weight + bias, of each image's channels: `group_norm` of a group a channel.

    Parameters
    ----------
    x : array (n, channels, …)
    running_mean, running_var : arrays (channels,), optional
        With `use_input_stats` changed in place, each to (1 − momentum) · itself + momentum · the mean over the images
        of theirs (of the unbiased variances, for `running_var`). Without, mean and variance: then it is `batch_norm` in
        inference.
    weight, bias : arrays (channels,), optional
    use_input_stats : bool
    momentum : number from 0 to 1
    eps : number, at least 0
    out : array like x, optional
        May be `x`.

    Raises ValueError if a channel of an image is one number, for it has no variance.
    Source: Ulyanov et al., Instance Normalization, arXiv:1607.08022.
    """
    given = running_mean, running_var, weight, bias, use_input_stats, momentum, eps, out
    return _instance_norm("instance_norm", x, *given)[0]


def instance_norm_with_statistics(
    x,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
    *,
    out=None,
):
    """`instance_norm`, and the statistics for `instance_norm_backward`: those of `group_norm`, or None."""
    given = running_mean, running_var, weight, bias, use_input_stats, momentum, eps, out
    return _instance_norm("instance_norm_with_statistics", x, *given)


def _instance_norm(function, x, running_mean, running_var, weight, bias, use_input_stats, momentum, eps, out):
    if not use_input_stats:
        return batch_norm(x, running_mean, running_var, weight, bias, eps=eps, out=out), None
    momentum = check.number(function, "momentum", momentum, 0, 1)
    channels = _channels(function, x)
    if math.prod(x.shape[2:]) == 1:
        raise ValueError(f"{function}: Expected more than 1 spatial element in training, x is {x.shape}")
    gathered = {"running_mean": running_mean, "running_var": running_var}
    if (running_mean is None) != (running_var is None):
        raise ValueError(f"{function}: running_mean and running_var must be given together, or neither")
    for name, array in gathered.items():
        if array is not None:
            check.same_dtype(function, name, array, "x", x)
            check.shape(function, name, array, (channels,), "for the channels of x")
            check.changeable(function, name, array)
    y, statistics = _group_norm(function, x, max(channels, 1), weight, bias, eps, out)
    if running_mean is not None and x.size:
        pivot, rest, scale = statistics.reshape(3, -1, channels)
        size = math.prod(x.shape[2:])
        variance = (1 / scale**2 - x.dtype.type(eps)).mean(0) * x.dtype.type(size / (size - 1))
        for old, new in ((running_mean, (pivot + rest).mean(0)), (running_var, variance)):
            old += x.dtype.type(momentum) * (new - old)
    return y, statistics


def instance_norm_backward(
    grad,
    x,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    eps=1e-5,
    statistics=None,
):
    """The gradients of `instance_norm` by x, weight and bias (None without one).

    Those of `group_norm` with a group a channel; without `use_input_stats`, of `batch_norm` in inference.
    """
    if not use_input_stats:
        return batch_norm_backward(grad, x, running_mean, running_var, weight, bias, eps=eps)
    groups = max(_channels("instance_norm_backward", x), 1)
    return group_norm_backward(grad, x, groups, weight, bias, eps, statistics)


def _channels(function: str, x: Any) -> int:
    check.real(function, "x", x)
    if x.ndim < 3:
        raise ValueError(f"{function}: x has the shape {x.shape}, it must be (n, channels, …) with an axis of space")
    return x.shape[1]
