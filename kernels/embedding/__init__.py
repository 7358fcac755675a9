"""Embeddings: rows of a table by their numbers, sums, means and maxima of bags of them, and the gradients.

The gradient of a table is a sum over the positions that name each row, in an order that only they decide: the same bits
for any number of threads, and in every run on a GPU, where nothing is added by atomics.
"""

import math
from typing import Any

import numpy as np

from .. import check
from ..backend import current, kernel
from ..operation import Cost, Draw, Sample, operation

MODES = ("sum", "mean", "max")


def _drawn(draw: Draw, rows: int, *shape: int) -> np.ndarray:
    return np.asarray(draw.rng.integers(0, rows, shape), np.int64)


def _embedding_samples(draw: Draw):
    for rows, columns, shape in ((7, 33, (2, 5)), (40, 3, (257,)), (3, 300, (4,)), (1, 1, ()), (5, 4, (0,))):
        yield Sample((_drawn(draw, rows, *shape), draw.normal(rows, columns)), note=f"{shape} of {rows}×{columns}")
    for options in ({"padding_idx": 2}, {"padding_idx": -1}, {"scale_grad_by_freq": True}):
        yield Sample((_drawn(draw, 5, 40), draw.normal(5, 70)), options, smooth=False, note=f"{options}")
    # A row that all positions name: pieces of a GPU's blocks that lie in its middle, and as many as fill pieces again.
    yield Sample((np.full(1100, 1), draw.normal(3, 2)), note="1100 times the same of 3×2")
    yield Sample((_drawn(draw, 9, 3, 4).T, draw.normal(9, 17, layout="strided")), note="strided")
    yield Sample((_drawn(draw, 2, 9), draw.extremes().reshape(2, 7)), smooth=False, note="extreme values")


@operation(
    formula="yᵢ = W[inputᵢ]",
    samples=_embedding_samples,
    cost=lambda input, weight, *_, **__: Cost(
        input.size, 2 * input.size * weight.shape[1] * weight.itemsize + input.nbytes
    ),
    backward_cost=lambda input, weight, *_, **__: Cost(
        input.size * weight.shape[1], input.size * weight.shape[1] * weight.itemsize + weight.nbytes + input.nbytes
    ),
    example=lambda draw, count, rows, columns: Sample((_drawn(draw, rows, count), draw.normal(rows, columns))),
    workloads={"2048 of 10000×128": (2048, 10000, 128), "2048 of 96×96": (2048, 96, 96)},
    outputs=("y",),
    differentiable=("weight",),
    torch=lambda torch, input, weight, padding_idx=None, scale_grad_by_freq=False: torch.nn.functional.embedding(
        input, weight, padding_idx, scale_grad_by_freq=scale_grad_by_freq
    ),
    atol=5e-5,
    why="sums of up to 1100 numbers",
)
def embedding(input, weight, padding_idx=None, *, scale_grad_by_freq=False, out=None):
    """The rows of a table that `input` names.

    Parameters
    ----------
    input : integers of any shape
        From 0 to n − 1. A GPU's are not looked at: one that is no row gives NaN.
    weight : array (n, d)
    padding_idx : int from −n to n − 1, optional
        A row that gets no gradient.
    scale_grad_by_freq : bool
        Whether the gradient of a row is divided by how often it is named. Neither changes the result.
    out : array (*input.shape, d), optional
    """
    name = "embedding"
    rows = _table(name, weight)
    _padding(name, padding_idx, rows)
    indices = _indices(name, input, rows)
    shape = (*indices.shape, weight.shape[1])
    out = check.output(name, out, shape, weight.dtype, weight, input)
    kernel("embedding.embedding")(check.contiguous(weight), indices.reshape(-1), out.reshape(_flat(shape)))
    return out


def embedding_backward(grad, input, weight, padding_idx=None, *, scale_grad_by_freq=False, out=None):
    """The gradient of `embedding` by the weight: each row the sum of grad where it is named, in that order.

    Of the weight only its shape counts.
    """
    name = "embedding_backward"
    rows = _table(name, weight)
    padding = _padding(name, padding_idx, rows)
    indices = _indices(name, input, rows)
    shape = (*indices.shape, weight.shape[1])
    check.same_dtype(name, "grad", grad, "weight", weight)
    check.shape(name, "grad", grad, shape, "as the result")
    out = check.output(name, out, weight.shape, weight.dtype, grad, input)
    arguments = check.contiguous(grad).reshape(_flat(shape)), indices.reshape(-1), rows, padding
    kernel("embedding.embedding_backward")(*arguments, bool(scale_grad_by_freq), out)
    return out


def _bag_samples(draw: Draw):
    offsets = np.array([0, 3, 3, 4, 37])
    for mode in MODES:
        arrays = (_drawn(draw, 5, 41), draw.normal(5, 33), offsets, mode)
        yield Sample(arrays, {"padding_idx": 3}, note=f"{mode}, offsets, padding")
        yield Sample((_drawn(draw, 20, 3, 6), draw.normal(20, 70), None, mode), note=f"{mode} of 3×6")
        x = np.resize(draw.extremes(), (4, 7))
        yield Sample(
            (_drawn(draw, 4, 4, 3), x, None, mode), {"padding_idx": -1}, smooth=False, note=f"extremes, {mode}"
        )
    yield Sample((_drawn(draw, 20, 0), draw.normal(20, 3), np.zeros(2, np.int64)), note="bags of nothing")
    yield Sample((_drawn(draw, 20, 0, 3), draw.normal(20, 3)), note="no bags")
    arrays = (_drawn(draw, 4, 3, 9), draw.normal(4, 300), None, "sum", draw.normal(3, 9))
    yield Sample(arrays, {"padding_idx": 1}, note="weights, padding")
    arrays = (_drawn(draw, 4, 30), draw.normal(4, 5), np.array([0, 7, 30]), "sum", draw.normal(30))
    yield Sample(arrays, {"include_last_offset": True}, note="weights, the last offset included")


def _bag_work(input: Any, weight: Any) -> int:
    return input.size * weight.shape[1]


@operation(
    formula="y_b = Σ sₑ W[inputₑ], mean or maximum over the e of bag b",
    samples=_bag_samples,
    cost=lambda input, weight, *_, **__: Cost(
        2 * _bag_work(input, weight), _bag_work(input, weight) * weight.itemsize + input.nbytes
    ),
    backward_cost=lambda input, weight, *_, **__: Cost(
        2 * _bag_work(input, weight), len(input) * weight.shape[1] * weight.itemsize + weight.nbytes + input.nbytes
    ),
    example=lambda draw, bags, terms, rows, columns: Sample(
        (_drawn(draw, rows, bags, terms), draw.normal(rows, columns))
    ),
    workloads={"512 bags of 20, of 10000×128": (512, 20, 10000, 128)},
    outputs=("y",),
    differentiable=("weight", "per_sample_weights"),
    torch=lambda torch, input, weight, offsets=None, mode="mean", per_sample_weights=None, include_last_offset=False,
    padding_idx=None: torch.nn.functional.embedding_bag(
        input, weight, offsets, mode=mode, per_sample_weights=per_sample_weights,
        include_last_offset=include_last_offset, padding_idx=padding_idx,
    ),
    rtol=2e-5,
    atol=1e-5,
    why="sums of up to 40 numbers, products of 300",
)  # fmt: skip
def embedding_bag(
    input,
    weight,
    offsets=None,
    mode="mean",
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
    *,
    out=None,
):
    """Sums, means or maxima of bags of rows of a table.

    Parameters
    ----------
    input : integers (bags, terms), or (positions,) with offsets
        From 0 to n − 1. A GPU's, and its offsets, are not looked at: a number that is no row gives NaN.
    weight : array (n, d)
    offsets : integers (bags,), with an input of one axis
        Where each bag begins in the input; the first at 0. One ends where the next begins, the last at the input's end.
    mode : "sum", "mean" or "max"
        Of equal numbers the first is the maximum; a NaN only where it comes first, for nothing is larger than it.
    per_sample_weights : array like input, optional
        Factors of the terms, for mode "sum".
    include_last_offset : bool
        Whether the offsets are (bags + 1,), the last one the size of the input.
    padding_idx : int from −n to n − 1, optional
        A row that is left out of every bag.
    out : array (bags, d), optional

    A bag of nothing gives 0.
    """
    name = "embedding_bag"
    bags = _Bags(name, input, weight, offsets, mode, per_sample_weights, include_last_offset, padding_idx)
    shape = (bags.count, weight.shape[1])
    out = check.output(name, out, shape, weight.dtype, weight, input, offsets, per_sample_weights)
    if mode == "max":
        kernel("embedding.bag_max")(bags.weight, bags.indices, bags.starts, bags.padding, out, _chosen(shape))
    else:
        arguments = bags.weight, bags.indices, bags.starts, bags.factors, bags.padding, mode == "mean"
        kernel("embedding.bag")(*arguments, out)
    return out


def embedding_bag_backward(
    grad,
    input,
    weight,
    offsets=None,
    mode="mean",
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
    *,
    out=None,
):
    """The gradients of `embedding_bag` by the weight and by per_sample_weights, None without them.

    A maximum's gradient goes to the number that was chosen. `out` may be the array for the weight's.
    """
    name = "embedding_bag_backward"
    bags = _Bags(name, input, weight, offsets, mode, per_sample_weights, include_last_offset, padding_idx)
    shape, rows = (bags.count, weight.shape[1]), weight.shape[0]
    check.same_dtype(name, "grad", grad, "weight", weight)
    check.shape(name, "grad", grad, shape, "as the result")
    out = check.output(name, out, weight.shape, weight.dtype, grad, weight, input, offsets, per_sample_weights)
    grad = check.contiguous(grad)
    if mode == "max":
        chosen, largest = _chosen(shape), current().empty(shape, weight.dtype)
        kernel("embedding.bag_max")(bags.weight, bags.indices, bags.starts, bags.padding, largest, chosen)
        kernel("embedding.bag_max_backward")(grad, bags.indices, bags.starts, chosen, rows, out)
        return out, None
    arguments = grad, bags.indices, bags.starts, bags.factors, rows, bags.padding, mode == "mean"
    kernel("embedding.bag_backward")(*arguments, out)
    if per_sample_weights is None:
        return out, None
    slopes = current().empty(input.shape, weight.dtype)
    arguments = grad, bags.weight, bags.indices, bags.starts, bags.padding
    kernel("embedding.bag_factors_backward")(*arguments, slopes.reshape(-1))
    return out, slopes


def _chosen(shape: tuple[int, int]) -> Any:
    return current().empty(shape, np.int64)


class _Bags:
    """The checked arguments of both, as kernels take them: bag b has the positions starts[b] … starts[b + 1] − 1."""

    def __init__(self, name, input, weight, offsets, mode, factors, include_last_offset, padding_idx):
        rows = _table(name, weight)
        check.choice(name, "mode", mode, MODES)
        self.padding = _padding(name, padding_idx, rows)
        indices = _indices(name, input, rows)
        self.starts = _starts(name, indices, offsets, include_last_offset)
        self.count = self.starts.size - 1
        self.weight, self.indices, self.factors = check.contiguous(weight), indices.reshape(-1), None
        if factors is None:
            self.factors = current().nothing(weight.dtype)
            return
        if mode != "sum":
            raise ValueError(f"{name}: per_sample_weights are for the mode 'sum', but mode is {mode!r}")
        check.same_dtype(name, "per_sample_weights", factors, "weight", weight)
        check.shape(name, "per_sample_weights", factors, input.shape, "as input")
        self.factors = check.contiguous(factors).reshape(-1)


def _table(name: str, weight: Any) -> int:
    """The number of rows of a table."""
    check.real(name, "weight", weight)
    if weight.ndim != 2:
        raise ValueError(f"{name}: weight has {weight.ndim} axes, it must be (rows, columns)")
    return weight.shape[0]


def _padding(name: str, padding_idx: Any, rows: int) -> int:
    """The row meant, counted from the front, or −1 for none."""
    if padding_idx is None:
        return -1
    if not isinstance(padding_idx, (int, np.integer)) or isinstance(padding_idx, bool):
        raise TypeError(f"{name}: padding_idx must be an integer or None, not {padding_idx!r}")
    if not -rows <= padding_idx < rows:
        raise ValueError(f"{name}: padding_idx is {padding_idx}, it must be from {-rows} to {rows - 1}")
    return int(padding_idx) % rows


def _integers(name: str, which: str, x: Any) -> Any:
    check.array(name, which, x)
    if x.dtype.kind not in "iu":
        raise TypeError(f"{name}: {which} must hold integers, not {x.dtype}")
    return check.contiguous(x.astype(np.int64, copy=False))


def _indices(name: str, input: Any, rows: int) -> Any:
    """Numbers of rows, as int64; a GPU's are not looked at, for that would be to wait for it."""
    indices = _integers(name, "input", input)
    if isinstance(indices, np.ndarray) and indices.size and indices.view(np.uint64).max() >= rows:
        wrong = indices[(indices < 0) | (indices >= rows)]
        raise ValueError(f"{name}: input holds {wrong[0]}, it must be a row of weight, from 0 to {rows - 1}")
    return indices


def _starts(name: str, indices: Any, offsets: Any, include_last_offset: bool) -> Any:
    """Where each bag begins, and where the last one ends."""
    if indices.ndim not in (1, 2):
        raise ValueError(f"{name}: input has {indices.ndim} axes, it must be (bags, terms), or have one, with offsets")
    if indices.ndim == 2:
        if offsets is not None:
            raise ValueError(f"{name}: offsets are for an input of one axis, but input has the shape {indices.shape}")
        return current().from_numpy(np.arange(indices.shape[0] + 1) * indices.shape[1])
    if offsets is None:
        raise ValueError(f"{name}: offsets must be given, for input has one axis")
    offsets = _integers(name, "offsets", offsets)
    if offsets.ndim != 1 or offsets.size < bool(include_last_offset):
        raise ValueError(f"{name}: offsets has the shape {offsets.shape}, it must be (bags,)")
    if include_last_offset:
        starts = offsets
    else:
        starts = current().empty((offsets.size + 1,), np.int64)
        starts[:-1], starts[-1] = offsets, indices.size
    looked_at = isinstance(starts, np.ndarray)
    if looked_at and (starts[0] != 0 or starts[-1] != indices.size or (np.diff(starts) < 0).any()):
        end = f", the last one {indices.size}, the size of input" if include_last_offset else ""
        text = f"they must begin with 0 and not fall, to {indices.size} at most{end}"
        raise ValueError(f"{name}: offsets are {np.array2string(offsets, threshold=8)}, {text}")
    return starts


def _flat(shape: tuple[int, ...]) -> tuple[int, int]:
    return math.prod(shape[:-1]), shape[-1]
