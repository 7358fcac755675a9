"""What the recurrent operations share: their checks, samples and costs, and the gradient of their weights."""

from typing import Any, NamedTuple

import numpy as np

from .. import check
from ..backend import current
from ..matmul import column_sum, matmul
from ..operation import Cost, Draw, Sample

NEAR: dict[str, Any] = {
    "rtol": 1e-4,
    "atol": 2e-5,
    "why": "20 steps, whose roundings add up, and sums of up to 257 products",
}


class Sequences(NamedTuple):
    """Checked arguments: sizes, then arrays as kernels take them (of size 0 for one that isn't there)."""

    shape: tuple[int, int, int]  # steps, rows, hidden units
    gates: Any
    weight: Any
    bias: Any
    states: tuple[Any, ...]
    lengths: Any
    host_lengths: np.ndarray
    reverse: bool


def sequences(function: str, gates, weight_hh, bias_hh, states: dict[str, Any], lengths, reverse, count) -> Sequences:
    """Check what all forward and backward calls take; `count` gates a hidden unit."""
    check.real(function, "gates", gates)
    check.same_dtype(function, "weight_hh", weight_hh, "gates", gates)
    if weight_hh.ndim != 2 or weight_hh.shape[0] != count * weight_hh.shape[1]:
        wanted = f"({count}·H, H)" if count > 1 else "(H, H)"
        raise ValueError(f"{function}: weight_hh has the shape {weight_hh.shape}, it must be {wanted}")
    width, hidden = weight_hh.shape
    if gates.ndim != 3 or gates.shape[2] != width:
        raise ValueError(f"{function}: gates has the shape {gates.shape}, it must be (T, B, {width})")
    steps, rows, _ = gates.shape
    nothing, given = current().nothing(gates.dtype), []
    for name, x, shape in (
        ("bias_hh", bias_hh, (width,)),
        *((name, state, (rows, hidden)) for name, state in states.items()),
    ):
        if x is not None:
            check.same_dtype(function, name, x, "gates", gates)
            check.shape(function, name, x, shape)
        given.append(nothing if x is None else check.contiguous(x))
    host = host_lengths(function, lengths, steps, rows)
    arrays = check.contiguous(gates), check.contiguous(weight_hh)
    return Sequences(
        (steps, rows, hidden), *arrays, given[0], tuple(given[1:]), current().from_numpy(host), host, bool(reverse)
    )


def host_lengths(function: str, lengths: Any, steps: int, rows: int) -> np.ndarray:
    """How many steps of each row count, in the computer's own memory."""
    if lengths is None:
        return np.full(rows, steps, np.int64)
    if isinstance(lengths, current().array_type):
        lengths = current().to_numpy(lengths)
    found = np.asarray(lengths)
    if found.size and found.dtype.kind not in "iu":
        raise TypeError(f"{function}: lengths must hold integers, not {found.dtype}")
    check.shape(function, "lengths", found, (rows,), "one for each row")
    wrong = found[(found < 0) | (found > steps)]
    if wrong.size:
        raise ValueError(f"{function}: lengths holds {wrong[0]}, it must be from 0 to {steps}")
    return found.astype(np.int64)


def new(shape: tuple[int, ...], dtype: Any) -> Any:
    return current().empty(shape, dtype)


def space(gates: Any, keep: bool, overwrite: bool) -> Any:
    """Where what becomes of the gates is kept: no steps of it, if it isn't."""
    if not keep:
        return new((0, *gates.shape[1:]), gates.dtype)
    return gates if overwrite else new(gates.shape, gates.dtype)


def _gradient(function: str, name: str, grad: Any, like: Any, shape: tuple[int, ...]) -> Any:
    """A gradient of that shape; None is one of size 0."""
    if grad is None:
        return current().nothing(like.dtype)
    check.same_dtype(function, name, grad, "gates", like)
    check.shape(function, name, grad, shape)
    return check.contiguous(grad)


def inputs(s: Sequences) -> tuple:
    return s.gates, s.weight, s.bias, *s.states, s.lengths, s.reverse


def gradients(function: str, grad: Any, states: dict[str, Any], gates: Any, s: Sequences) -> tuple:
    """The outputs' gradients as kernels take them."""
    return (
        _gradient(function, "grad", grad, gates, s.shape),
        *(_gradient(function, name, x, gates, s.shape[1:]) for name, x in states.items()),
    )


def outputs(function: str, y: Any, saved: Any, gates: Any, s: Sequences) -> tuple:
    """The forward call's output and what it saved, of the shapes of the gates and of y, as its way back takes them."""
    arrays = {"y": (y, s.shape)}
    arrays |= {f"saved[{k}]": (x, shape) for k, (x, shape) in enumerate(zip(saved, (gates.shape, s.shape)))}
    for name, (x, shape) in arrays.items():
        check.same_dtype(function, name, x, "gates", gates)
        check.shape(function, name, x, shape)
    return tuple(check.contiguous(x) for x, _ in arrays.values())


def weight_gradient(grad: Any, y: Any, h0: Any, s: Sequences, out: Any) -> Any:
    """Σ over steps and rows of grad[t]ᵀ h, where h is the state that step t began with: one product of matrices.

    That is the output of the step before, or h0. Beyond a row's end grad is 0. It is written into `out`.
    """
    steps = len(grad)
    later, before = (grad[: steps - 1], y[1:]) if s.reverse else (grad[1:], y[: max(steps - 1, 0)])
    matmul(_flat(later).T, _flat(before), out=out)
    if h0 is None or steps == 0:
        return out
    if s.reverse:
        first = np.maximum(s.host_lengths - 1, 0)
        begin = grad[current().from_numpy(first), current().from_numpy(np.arange(len(first)))]
    else:
        begin = grad[0]
    out += matmul(begin.T, h0)
    return out


def bias_gradient(grad: Any) -> Any:
    return column_sum(_flat(grad))


def _flat(x: Any) -> Any:
    return x.reshape(x.shape[0] * x.shape[1], x.shape[2])


# Steps, rows, hidden units: around a vector's lanes and a tile's rows; a block of threads and one unit more.
SIZES = ((1, 1, 1), (3, 2, 5), (2, 13, 17), (1, 1, 257))


def samples(count: int, states: int):
    """Samples for a cell of so many gates and states."""

    def arguments(draw: Draw, steps: int, rows: int, n: int, bias: bool = True, given: bool = True) -> tuple:
        arrays: list[Any] = [draw.normal(steps, rows, count * n), draw.normal(count * n, n, scale=n**-0.5)]
        arrays.append(draw.normal(count * n) if bias else None)
        return (*arrays, *(draw.normal(rows, n) if given else None for _ in range(states)))

    def made(draw: Draw):
        for number, size in enumerate(SIZES):
            yield Sample(arguments(draw, *size, given=number % 2 == 1), note=f"{size}")
        yield Sample(arguments(draw, 20, 2, 3), note="20 steps")
        yield Sample(arguments(draw, 3, 2, 3, bias=False), {"reverse": True}, note="reverse, no bias")
        lengths = np.array([3, 0, 5, 1, 4])
        for reverse in (False, True):
            options = {"lengths": lengths, "reverse": reverse}
            yield Sample(arguments(draw, 5, 5, 2), options, note=f"lengths, {reverse}")
        yield Sample(arguments(draw, 2, 0, 3), note="no rows")

    return made


def cost(gates, weight_hh, *_, **__) -> Cost:
    """The product of all steps, and the arrays once each."""
    rows = gates.shape[0] * gates.shape[1]
    return Cost(2 * rows * weight_hh.size, gates.nbytes + weight_hh.nbytes + gates.itemsize * rows * len(weight_hh.T))


def backward_cost(gates, weight_hh, *_, **__) -> Cost:
    """The product of all steps, and that which is the weights' gradient."""
    forward = cost(gates, weight_hh)
    return Cost(2 * forward.flops, 2 * forward.bytes + gates.nbytes)


def example(count: int, states: int):
    def made(draw: Draw, steps: int, rows: int, n: int) -> Sample:
        arrays = draw.normal(steps, rows, count * n), draw.normal(count * n, n, scale=n**-0.5), draw.normal(count * n)
        return Sample((*arrays, *(draw.normal(rows, n) for _ in range(states))))

    return made


def in_torch(kind: str, count: int, states: int, **options):
    """PyTorch's layer of that name on the same arguments: the gates are its input, and weight_ih is 1."""

    def call(torch, gates, weight_hh, bias_hh=None, *rest, lengths=None, reverse=False, **more):
        given, (steps, rows, width), hidden = rest[:states], gates.shape, weight_hh.shape[1]
        if gates.numel() == 0:
            return gates[..., :hidden]
        # A row's own end comes first, where the direction is reversed; PyTorch takes no row of length 0.
        ends = torch.full((rows,), steps) if lengths is None else lengths
        times = torch.arange(steps)[:, None]
        inside = times < ends
        order = torch.where(inside & torch.tensor(reverse), ends - 1 - times, times)[..., None]
        states0 = [torch.zeros(rows, hidden, dtype=gates.dtype) if x is None else x for x in (*given, None)][:states]
        layer = getattr(torch.nn, kind)(width, hidden, **options, **more).to(gates.dtype)
        parameters = {
            "weight_ih_l0": torch.eye(width, dtype=gates.dtype),
            "weight_hh_l0": weight_hh,
            "bias_ih_l0": torch.zeros(width, dtype=gates.dtype),
            "bias_hh_l0": torch.zeros(width, dtype=gates.dtype) if bias_hh is None else bias_hh,
        }
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            gates.gather(0, order.expand(-1, -1, width)), ends.clamp(min=1), enforce_sorted=False
        )
        initial = tuple(x[None] for x in states0)
        found = torch.func.functional_call(layer, parameters, (packed, initial if states > 1 else initial[0]))[0]
        y = torch.nn.utils.rnn.pad_packed_sequence(found, total_length=steps)[0]
        return y.gather(0, order.expand(-1, -1, hidden)) * inside[..., None]

    return call
