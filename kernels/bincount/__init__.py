"""How often each number occurs: histograms of integers."""

from typing import Any

import numpy as np

from .. import check
from ..backend import current, kernel
from ..operation import Cost, Draw, Sample, operation


def _drawn(draw: Draw, bins: int, n: int) -> np.ndarray:
    return np.asarray(draw.rng.integers(0, bins, n), np.int64)


def _samples(draw: Draw):
    # One bin, few, more than a block's threads, more than shared memory holds; all items in one bin or none at all.
    for n, bins in ((1, 1), (33, 2), (1000, 7), (3000, 300), (500, 20000)):
        yield Sample((_drawn(draw, bins, n),), note=f"{n} of {bins}")
    yield Sample((np.full(3000, 3),), note="3000 equal ones")
    yield Sample((np.zeros(0, np.int64),), {"minlength": 5}, note="nothing, but 5 bins")
    yield Sample((np.zeros(0, np.int64),), note="nothing")
    yield Sample((_drawn(draw, 9, 50)[::-2], None, 20), note="strided, more bins than there are numbers")
    yield Sample((np.asarray(_drawn(draw, 9, 50), np.uint8),), note="uint8")
    yield Sample((_drawn(draw, 7, 300), draw.normal(300)), note="weights")
    yield Sample((_drawn(draw, 3, 14), draw.extremes()), {"minlength": 4}, smooth=False, note="extreme weights")


@operation(
    formula="yᵦ = Σ 1 or wᵢ, over the i with inputᵢ = b",
    samples=_samples,
    cost=lambda input, weights=None, *_, **__: Cost(
        input.size, input.nbytes + (0 if weights is None else weights.nbytes)
    ),
    example=lambda draw, n, bins: Sample((_drawn(draw, bins, n),), {"minlength": bins}),
    workloads={"1M of 256": (1 << 20, 256), "1M of 100": (1 << 20, 100)},
    outputs=("y",),
    kernel="counts",
    torch=lambda torch, input, weights=None, minlength=0: torch.bincount(input, weights, minlength),
    rtol=1e-5,
    atol=1e-5,
    why="sums of up to 50 weights; counts are exact",
)
def bincount(input, weights=None, minlength=0):
    """How often each number occurs, or the sums of its weights: an array of max(largest number + 1, minlength).

    Parameters
    ----------
    input : integers (n,)
        None below 0. The largest one decides how large the result is: a GPU's array is waited for.
    weights : array (n,), optional
    minlength : int
        The least size of the result.

    Counts are int64; with weights the result has their type, and each sum an order that doesn't change from run to run.
    """
    name = "bincount"
    check.array(name, "input", input)
    if input.dtype.kind not in "iu":
        raise TypeError(f"{name}: input must hold integers, not {input.dtype}")
    if input.ndim != 1:
        raise ValueError(f"{name}: input has {input.ndim} axes, it must have one")
    if not isinstance(minlength, (int, np.integer)) or minlength < 0:
        raise ValueError(f"{name}: minlength is {minlength!r}, it must be an integer of at least 0")
    if weights is not None:
        check.real(name, "weights", weights)
        check.shape(name, "weights", weights, input.shape, "as input")
    if input.size and int(input.min()) < 0:
        raise ValueError(f"{name}: input holds {int(input.min())}, it must hold none below 0")
    bins = max(int(input.max()) + 1 if input.size else 0, int(minlength))
    indices = check.contiguous(input.astype(np.int64, copy=False))
    if weights is None:
        out: Any = current().empty((bins,), np.int64)
        kernel("bincount.counts")(indices, bins, out)
    else:
        out = current().empty((bins,), weights.dtype)
        kernel("bincount.sums")(check.contiguous(weights), indices, bins, out)
    return out
