"""Losses of sequences: CTC."""

from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from ..common import REDUCTIONS


def _sequence(draw: Draw, times: int, rows: int, classes: int, lengths: tuple, longest: int):
    """Log-probabilities and targets without a blank 0."""
    logits = draw.normal(times, rows, classes)
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    targets = np.asarray(draw.rng.integers(1, classes, (rows, longest)), np.int64)
    return log_probs, targets, (times,) * rows, lengths


def _samples(draw: Draw):
    for reduction in REDUCTIONS:
        arrays = _sequence(draw, 9, 3, 5, (4, 0, 1), 4)
        yield Sample((*arrays[:2], (9, 5, 7), arrays[3]), {"reduction": reduction}, note=f"{reduction}, lengths")
    yield Sample(_sequence(draw, 50, 2, 4, (20, 17), 20), {"blank": 0}, note="20 labels of 3 kinds")
    log_probs, targets, *lengths = _sequence(draw, 6, 2, 3, (2, 2), 2)
    targets[0] = 1
    yield Sample((log_probs, targets, *lengths), note="the same label twice")
    yield Sample((log_probs, targets.ravel() - 1, *lengths), {"blank": 2}, note="targets in one row, blank 2")
    yield Sample((log_probs[:, 0], targets[0], 6, 2), note="a single sequence")
    for zero_infinity in (False, True):
        options = {"zero_infinity": zero_infinity, "reduction": "none"}
        arrays = _sequence(draw, 3, 3, 4, (4, 2, 0), 4)
        yield Sample((*arrays[:2], (3, 0, 0), arrays[3]), options, smooth=False, note=f"too short, {zero_infinity}")


def _torch(torch, log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """PyTorch's loss, but with its gradient by log_probs.

    PyTorch gives the one that log_softmax's gradient makes the same of: it adds exp(log_probs).
    """
    lengths = torch.as_tensor(input_lengths), torch.as_tensor(target_lengths)
    options = {"blank": blank, "reduction": "none", "zero_infinity": zero_infinity}
    loss = torch.nn.functional.ctc_loss(log_probs, targets, *lengths, **options)
    inside = torch.arange(len(log_probs)).reshape(-1, *[1] * lengths[0].ndim) < lengths[0]
    if zero_infinity:
        inside = inside & (loss != 0)
    added = torch.where(inside, log_probs.exp().sum(-1), 0).sum(0)
    loss = loss - (added - added.detach())
    if reduction == "mean":
        return (loss / lengths[1].clamp(min=1)).mean()
    return loss.sum() if reduction == "sum" else loss


@operation(
    formula="−log Σ over alignments of Π p",
    samples=_samples,
    cost=lambda log_probs, targets, *_, **__: Cost(
        20 * log_probs.shape[0] * targets.size, log_probs.itemsize * log_probs.shape[0] * targets.size
    ),
    backward_cost=lambda log_probs, targets, *_, **__: Cost(
        50 * log_probs.shape[0] * targets.size,
        log_probs.nbytes + 2 * log_probs.itemsize * log_probs.shape[0] * targets.size,
    ),
    example=lambda draw, times, rows, classes, labels: Sample(
        _sequence(draw, times, rows, classes, (labels,) * rows, labels)
    ),
    workloads={"128×16×32, 30 labels": (128, 16, 32, 30)},
    with_gradient=True,
    torch=_torch,
    rtol=5e-5,
    atol=1e-5,
    why="a logarithm of sums at each of up to 50 times, whose roundings add up",
)
def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """−log of the probability of a target, over all its alignments with the times of an input.

    An alignment gives each time a class: a label as often in a row as it likes, and blanks between labels; two
    equal labels need one.

    Parameters
    ----------
    log_probs : array (T, N, C), or (T, C)
        Logarithms of the classes' probabilities at each time (of `log_softmax`).
    targets : integers (N, S), or (S,); or those of all N in one row
        Labels, none of them the blank.
    input_lengths, target_lengths : tuples of N integers, or arrays of them; or an integer
        How many times, and labels, of each sequence count.
    blank : int
    reduction : "mean", "sum" or "none"
        For the mean, each loss is divided by the length of its target first.
    zero_infinity : bool
        A target that is too long for its input has the loss 0, not ∞.

    Graves et al., "Connectionist Temporal Classification", 2006.
    """
    lengths = input_lengths, target_lengths
    return _ctc(log_probs, targets, *lengths, blank, reduction, zero_infinity, False)[0]


def ctc_loss_with_gradient(
    log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False
):
    """`ctc_loss`, and its gradient by `log_probs`: minus the probability of each class at each time, given the target.

    (PyTorch's is that plus exp(log_probs), of which `log_softmax_backward` makes the same.)
    """
    lengths = input_lengths, target_lengths
    return _ctc(log_probs, targets, *lengths, blank, reduction, zero_infinity, True)


def _ctc(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity, wanted: bool) -> tuple:
    name = "ctc_loss"
    check.real(name, "log_probs", log_probs)
    if log_probs.ndim not in (2, 3) or log_probs.shape[-1] == 0:
        text = "it must be (T, N, C) or (T, C), of at least one class"
        raise ValueError(f"{name}: log_probs has the shape {log_probs.shape}, {text}")
    check.choice(name, "reduction", reduction, REDUCTIONS)
    shape, (times, *middle, classes) = log_probs.shape[1:-1], log_probs.shape
    rows = middle[0] if middle else 1
    if not isinstance(blank, (int, np.integer)) or not 0 <= blank < classes:
        raise ValueError(f"{name}: blank is {blank!r}, it must be a class from 0 to {classes - 1}")
    inputs = _lengths(name, "input_lengths", input_lengths, rows, times)
    check.array(name, "targets", targets)
    if targets.dtype.kind not in "iu":
        raise TypeError(f"{name}: targets must hold class numbers (integers), not {targets.dtype}")
    most = targets.shape[1] if targets.ndim == 2 else targets.size
    lengths = _lengths(name, "target_lengths", target_lengths, rows, most)
    targets = _padded(name, targets, lengths, rows)
    if isinstance(targets, np.ndarray):
        of_target = targets[np.arange(targets.shape[1]) < lengths[:, None]]
        wrong = of_target[(of_target < 0) | (of_target >= classes) | (of_target == blank)]
        if wrong.size:
            text = f"it must be a class from 0 to {classes - 1} other than the blank {blank}"
            raise ValueError(f"{name}: targets holds {wrong[0]}, {text}")
    backend, dtype = current(), log_probs.dtype
    loss, total = backend.empty((rows,), dtype), backend.empty((1,), dtype)
    gradient = backend.empty((times, rows, classes) if wanted else (0, 0, 0), dtype)
    arrays = (check.contiguous(log_probs).reshape(times, rows, classes), targets)
    arguments = (*arrays, backend.from_numpy(inputs), backend.from_numpy(lengths), int(blank))
    kernel("losses.sequences.ctc_loss")(*arguments, reduction == "mean", bool(zero_infinity), loss, gradient, total)
    result = loss.reshape(shape) if reduction == "none" else total.reshape(())
    return result, gradient.reshape(log_probs.shape) if wanted else None


def _lengths(name: str, which: str, lengths: Any, rows: int, most: int) -> np.ndarray:
    """One for each sequence, in the computer's own memory."""
    if isinstance(lengths, current().array_type):
        lengths = current().to_numpy(lengths)
    found = np.atleast_1d(np.asarray(lengths))
    if found.size and found.dtype.kind not in "iu":
        raise TypeError(f"{name}: {which} must hold integers, not {found.dtype}")
    if found.shape != (rows,):
        raise ValueError(f"{name}: {which} has the shape {found.shape}, it must be ({rows},), one for each sequence")
    wrong = found[(found < 0) | (found > most)]
    if wrong.size:
        raise ValueError(f"{name}: {which} holds {wrong[0]}, it must be from 0 to {most}")
    return found.astype(np.int64)


def _padded(name: str, targets: Any, lengths: np.ndarray, rows: int) -> Any:
    """The targets as (N, S)."""
    targets = targets.astype(np.int64, copy=False)
    if targets.ndim == 2 and targets.shape[0] == rows:
        return check.contiguous(targets)
    if targets.ndim != 1 or (rows != 1 and targets.size != lengths.sum()):
        text = f"it must be ({rows}, S), or ({lengths.sum()},) for all in one row"
        raise ValueError(f"{name}: targets has the shape {targets.shape}, {text}")
    result = current().empty((rows, int(lengths.max(initial=0))), np.int64)
    result.fill(0)
    ends = np.cumsum(lengths)
    for row, (end, length) in enumerate(zip(ends, lengths)):
        result[row, :length] = targets[end - length : end]
    return result
