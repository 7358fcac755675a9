"""Mixtures of experts: which experts each token goes to, the rows of all tokens expert by expert, products of each
group of rows with its own matrix, and back to the tokens.

    x (tokens, d) ──► top_k_gates ──► chosen, gates (tokens, k)
      └──► expert_dispatch ──► rows, expert by expert ──► grouped_matmul … ──► expert_combine ──► y (tokens, d)

A token's k choices are k *assignments*, number token · k + choice. `expert_routing` sorts them by expert, those of one
expert in their order; what an expert has no room for is dropped, the last ones first. All sums have a fixed order.

Sources: Shazeer et al., Outrageously Large Neural Networks: the Sparsely-Gated Mixture-of-Experts Layer,
arXiv:1701.06538; Fedus et al., Switch Transformers, arXiv:2101.03961.
"""

from typing import Any, NamedTuple

import numpy as np

from .. import check
from ..backend import current, kernel
from ..operation import Cost, Sample, operation
from . import in_torch, samples

OVER = ("chosen", "all")


@operation(
    formula="gᵢⱼ = exp xᵢ,ⱼ₋ₜₕ / Σ exp xᵢ over the k largest, or over all",
    samples=samples.gates,
    cost=lambda x, k, *_, **__: Cost(k * x.size + 5 * x.size, x.nbytes + k * x.shape[0] * (x.itemsize + 8)),
    backward_cost=lambda x, k, *_, **__: Cost(4 * x.size, 2 * x.nbytes),
    example=lambda draw, rows, experts, k: Sample((draw.normal(rows, experts), k)),
    workloads={"2 of 2048×8": (2048, 8, 2), "4 of 2048×64": (2048, 64, 4)},
    outputs=("y",),
    differentiable=("x",),
    torch=in_torch.top_k_gates,
    rtol=2e-5,
    why="a sum of up to 257 terms, and exp magnifies the rounding of x − max",
)
def top_k_gates(x, k, over="chosen", return_indices=False, *, out=None):
    """The k largest scores of each row as weights, the largest first: exp xⱼ / Σ exp x.

    Parameters
    ----------
    x : array (tokens, experts)
    k : int from 1 to experts
    over : "chosen" or "all"
        Whether the sum is over the chosen ones, so that the weights add up to 1, or over all.
    return_indices : bool
        Return (weights, indices), the indices (tokens, k) of int64 being the experts chosen.
    out : array (tokens, k), optional

    Of equal scores the one of the lower index is chosen; a NaN counts as +∞, and makes its row NaN.
    """
    k = _gates("top_k_gates", x, k, over)
    out = check.output("top_k_gates", out, (x.shape[0], k), x.dtype, x)
    indices = current().empty(out.shape, np.int64)
    kernel("experts.top_k_gates")(check.contiguous(x), k, over == "all", out, indices)
    return (out, indices) if return_indices else out


def top_k_gates_backward(grad, x, k, over="chosen", y=None, indices=None):
    """The gradient of `top_k_gates`. `y` and `indices` are what it returned; where one is missing, both are found anew.

    With S = Σ gradⱼ yⱼ, ∂xⱼ = yⱼ (gradⱼ − S) of the chosen ones; over all, ∂x = (y · grad where chosen) − p S, p being
    the softmax of the row.
    """
    name = "top_k_gates_backward"
    k = _gates(name, x, k, over)
    check.same_dtype(name, "grad", grad, "x", x)
    check.shape(name, "grad", grad, (x.shape[0], k), "as the weights")
    if y is None or indices is None:
        y, indices = top_k_gates(x, k, over, True)
    check.like(name, "y", y, "grad", grad)
    indices = _integers(name, "indices", indices, x.shape[1])
    check.shape(name, "indices", indices, grad.shape, "as grad")
    out = current().empty(x.shape, x.dtype)
    arrays = (check.contiguous(array) for array in (grad, x, y))
    kernel("experts.top_k_gates_backward")(*arrays, indices, over == "all", out)
    return out


class Routing(NamedTuple):
    """Which row each assignment has. All are arrays of int64 on the backend.

    order (tokens · k,)       the assignment of each row, expert by expert; −1 of a row that isn't used
    starts (tokens · k + 1,)  0, 1, 2, … as far as rows are used, and that number from there on
    places (tokens, k)        the row of each assignment; −1 of one that is dropped
    offsets (experts + 1,)    where the rows of each expert begin, and where those of the last one end
    counts (experts,)         how many assignments each expert has, with those that are dropped
    """

    order: Any
    starts: Any
    places: Any
    offsets: Any
    counts: Any


def expert_routing(chosen, experts, capacity=None):
    """The assignments sorted by expert, those of one expert in their order: a Routing.

    Parameters
    ----------
    chosen : integers (tokens, k) from 0 to experts − 1
        A GPU's are not looked at: one that is no expert is dropped.
    experts : int
    capacity : int, optional
        How many assignments an expert takes, the first ones; the others are dropped.
    """
    chosen, experts, capacity = _assignments("expert_routing", chosen, experts, capacity)
    backend = current()
    sizes = (chosen.size, chosen.size + 1, chosen.shape, experts + 1, experts)
    routing = Routing(*(backend.empty(size if isinstance(size, tuple) else (size,), np.int64) for size in sizes))
    outputs = routing._replace(places=routing.places.reshape(-1))
    kernel("experts.expert_routing")(chosen.reshape(-1), experts, capacity, *outputs)
    return routing


@operation(
    formula="rowᵣ = x_t, t being the token of row r",
    samples=samples.dispatch,
    cost=lambda x, chosen, *_, **__: Cost(chosen.size, 2 * chosen.size * x.shape[1] * x.itemsize + chosen.nbytes),
    backward_cost=lambda x, chosen, *_, **__: Cost(
        chosen.size * x.shape[1], (chosen.size + len(x)) * x.shape[1] * x.itemsize + chosen.nbytes
    ),
    example=lambda draw, tokens, width, experts, k: Sample(
        (draw.normal(tokens, width), samples.chosen(draw, tokens, k, experts), experts)
    ),
    workloads={"2048×256, 2 of 8": (2048, 256, 8, 2)},
    differentiable=("x",),
    torch=in_torch.dispatch,
)
def expert_dispatch(x, chosen, experts, capacity=None, *, routing=None, out=None):
    """The tokens as rows, expert by expert: (tokens · k, d); rows that aren't used are 0.

    Parameters
    ----------
    x : array (tokens, d)
    chosen, experts, capacity : as for `expert_routing`
    routing : Routing, optional
        What `expert_routing` gives for these; else it is found anew.
    out : array (tokens · k, d), optional
    """
    name = "expert_dispatch"
    check.real(name, "x", x)
    _two_axes(name, "x", x, "(tokens, d)")
    chosen, routing = _routed(name, x.shape[0], chosen, experts, capacity, routing)
    out = check.output(name, out, (chosen.size, x.shape[1]), x.dtype, x)
    _to_rows(check.contiguous(x), current().nothing(x.dtype), chosen, routing, out)
    return out


def expert_dispatch_backward(grad, x, chosen, experts, capacity=None, *, routing=None):
    """The gradient of `expert_dispatch` by x: of each token the sum over its rows. Of x only its shape counts."""
    name = "expert_dispatch_backward"
    check.real(name, "x", x)
    _two_axes(name, "x", x, "(tokens, d)")
    chosen, routing = _routed(name, x.shape[0], chosen, experts, capacity, routing)
    check.same_dtype(name, "grad", grad, "x", x)
    check.shape(name, "grad", grad, (chosen.size, x.shape[1]), "as the rows")
    out = current().empty(x.shape, x.dtype)
    _from_rows(check.contiguous(grad), current().nothing(x.dtype), chosen, routing, out)
    return out


@operation(
    formula="y_t = Σⱼ g_tⱼ row_tⱼ over the rows of token t",
    samples=samples.combine,
    cost=lambda rows, gates, chosen, *_, **__: Cost(2 * rows.size, rows.nbytes + rows.nbytes // chosen.shape[1]),
    backward_cost=lambda rows, gates, chosen, *_, **__: Cost(4 * rows.size, 4 * rows.nbytes),
    example=lambda draw, tokens, width, experts, k: Sample(
        (draw.normal(tokens * k, width), draw.normal(tokens, k), samples.chosen(draw, tokens, k, experts), experts)
    ),
    workloads={"2048×256, 2 of 8": (2048, 256, 8, 2)},
    differentiable=("rows", "gates"),
    torch=in_torch.combine,
    atol=1e-5,
    why="sums of up to 70 products",
)
def expert_combine(rows, gates, chosen, experts, capacity=None, *, routing=None, out=None):
    """The weighted sum of each token's rows, in the order of its choices: (tokens, d). A dropped one counts 0.

    Parameters
    ----------
    rows : array (tokens · k, d)
        As `expert_dispatch` lays them.
    gates : array (tokens, k)
        The weights, as `top_k_gates` gives them.
    chosen, experts, capacity, routing : as for `expert_dispatch`
    out : array (tokens, d), optional
    """
    chosen, routing = _combined("expert_combine", rows, gates, chosen, experts, capacity, routing)
    shape = chosen.shape[0], rows.shape[1]
    out = check.output("expert_combine", out, shape, rows.dtype, rows, gates)
    _from_rows(check.contiguous(rows), check.contiguous(gates).reshape(-1), chosen, routing, out)
    return out


def expert_combine_backward(grad, rows, gates, chosen, experts, capacity=None, *, routing=None):
    """The gradients of `expert_combine` by the rows and the gates."""
    name = "expert_combine_backward"
    chosen, routing = _combined(name, rows, gates, chosen, experts, capacity, routing)
    check.same_dtype(name, "grad", grad, "rows", rows)
    check.shape(name, "grad", grad, (chosen.shape[0], rows.shape[1]), "as the result")
    grad, empty = check.contiguous(grad), current().empty
    grad_rows, grad_gates = empty(rows.shape, rows.dtype), empty(gates.shape, rows.dtype)
    _to_rows(grad, check.contiguous(gates).reshape(-1), chosen, routing, grad_rows)
    arguments = grad, check.contiguous(rows), routing.places.reshape(-1), _begins(chosen), -1
    kernel("embedding.bag_factors_backward")(*arguments, grad_gates.reshape(-1))
    return grad_rows, grad_gates


def _grouped_flops(x: Any, weight: Any) -> int:
    return 2 * x.size * weight.shape[2]


@operation(
    formula="y_r = x_r Wₑ + bₑ, e being the expert of row r",
    samples=samples.grouped,
    cost=lambda x, weight, *_, **__: Cost(
        _grouped_flops(x, weight), x.nbytes + weight.nbytes + len(x) * weight.shape[2] * x.itemsize
    ),
    backward_cost=lambda x, weight, *_, **__: Cost(
        2 * _grouped_flops(x, weight), 2 * (x.nbytes + weight.nbytes) + 2 * len(x) * weight.shape[2] * x.itemsize
    ),
    example=lambda draw, rows, inputs, outputs, experts: Sample(
        (
            draw.normal(rows, inputs),
            draw.normal(experts, inputs, outputs),
            np.arange(experts + 1) * rows // max(experts, 1),
        )
    ),
    workloads={"2048×256→512, 8 experts": (2048, 256, 512, 8)},
    outputs=("y",),
    differentiable=("x", "weight", "bias"),
    torch=in_torch.grouped_matmul,
    rtol=1e-4,
    atol=1e-5,
    why="sums of up to 256 products of numbers of order 1",
)
def grouped_matmul(x, weight, offsets, bias=None, *, out=None):
    """The product of each group of rows with its own matrix: y[r] = x[r] weight[e] + bias[e] for the rows r from
    offsets[e] to offsets[e + 1] − 1.

    Parameters
    ----------
    x : array (rows, inputs)
    weight : array (experts, inputs, outputs)
    offsets : integers (experts + 1,)
        They begin with 0 and don't fall, to `rows` at most; rows behind the last one give 0. A GPU's are not looked at.
    bias : array (experts, outputs), optional
    out : array (rows, outputs), optional
    """
    name = "grouped_matmul"
    offsets = _groups(name, x, weight, offsets, bias)
    out = check.output(name, out, (x.shape[0], weight.shape[2]), x.dtype, x, weight, bias)
    after = current().nothing(x.dtype) if bias is None else check.contiguous(bias).reshape(-1)
    kernel("experts.grouped_matmul")(check.aligned(x), check.aligned(weight), after, offsets, out)
    return out


def grouped_matmul_backward(grad, x, weight, offsets, bias=None, *, input_gradient=True, out=None):
    """The gradients of `grouped_matmul` by x, weight and bias (None where there is none).

    ∂x[r] = grad[r] weight[e]ᵀ, ∂weight[e] = Σ x[r]ᵀ grad[r], ∂bias[e] = Σ grad[r], over the rows r of e. Without
    `input_gradient` the first is None and isn't computed. `out` may hold arrays to fill for weight and bias, or None.
    """
    name = "grouped_matmul_backward"
    offsets = _groups(name, x, weight, offsets, bias)
    check.same_dtype(name, "grad", grad, "x", x)
    check.shape(name, "grad", grad, (x.shape[0], weight.shape[2]), "as the product")
    out_weight, out_bias = out or (None, None)
    grad_weight = check.output(name, out_weight, weight.shape, x.dtype, grad, x, weight)
    grad_x = grouped_matmul(grad, weight.swapaxes(1, 2), offsets) if input_gradient else None
    kernel("experts.grouped_weight_gradient")(check.aligned(x), check.aligned(grad), offsets, grad_weight)
    if bias is None:
        return grad_x, grad_weight, None
    grad_bias = check.output(name, out_bias, bias.shape, x.dtype, grad, bias)
    rows = current().from_numpy(np.arange(x.shape[0]))
    arguments = check.contiguous(grad), rows, offsets, current().nothing(x.dtype), -1, False
    kernel("embedding.bag")(*arguments, grad_bias)
    return grad_x, grad_weight, grad_bias


def _begins(chosen: Any) -> Any:
    """Where the assignments of each token begin, and where those of the last one end."""
    return current().from_numpy(np.arange(chosen.shape[0] + 1) * chosen.shape[1])


def _to_rows(x: Any, factors: Any, chosen: Any, routing: Routing, out: Any) -> None:
    """Each row is its token's, times the factor of the assignment."""
    owners = current().from_numpy(np.arange(chosen.size) // max(chosen.shape[1], 1))
    kernel("experts.expert_dispatch")(x, factors, routing.order, routing.starts, owners, out)


def _from_rows(rows: Any, factors: Any, chosen: Any, routing: Routing, out: Any) -> None:
    """Each token is the sum of its rows, times the factor of each assignment."""
    kernel("experts.expert_combine")(rows, factors, routing.places.reshape(-1), _begins(chosen), out)


def _gates(name: str, x: Any, k: Any, over: Any) -> int:
    check.real(name, "x", x)
    _two_axes(name, "x", x, "(tokens, experts)")
    check.choice(name, "over", over, OVER)
    return _integer(name, "k", k, 1, x.shape[1])


def _two_axes(name: str, which: str, x: Any, wanted: str) -> None:
    if x.ndim != 2:
        raise ValueError(f"{name}: {which} has the shape {x.shape}, it must be {wanted}")


def _integer(name: str, which: str, value: Any, low: int, high: int | None = None) -> int:
    limits = f"at least {low}" if high is None else f"from {low} to {high}"
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise TypeError(f"{name}: {which} must be an integer, not {value!r}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name}: {which} is {value}, it must be {limits}")
    return int(value)


def _integers(name: str, which: str, x: Any, end: int | None = None) -> Any:
    """As int64, from 0 to end − 1; a GPU's are not looked at, for that would be to wait for it."""
    check.array(name, which, x)
    if x.dtype.kind not in "iu":
        raise TypeError(f"{name}: {which} must hold integers, not {x.dtype}")
    x = check.contiguous(x.astype(np.int64, copy=False))
    if end is not None and isinstance(x, np.ndarray) and x.size and x.view(np.uint64).max() >= end:
        wrong = x[(x < 0) | (x >= end)]
        raise ValueError(f"{name}: {which} holds {wrong[0]}, it must be an expert, from 0 to {end - 1}")
    return x


def _assignments(name: str, chosen: Any, experts: Any, capacity: Any) -> tuple[Any, int, int]:
    experts = _integer(name, "experts", experts, 1)
    chosen = _integers(name, "chosen", chosen, experts)
    _two_axes(name, "chosen", chosen, "(tokens, k)")
    return chosen, experts, chosen.size if capacity is None else _integer(name, "capacity", capacity, 0)


def _routed(name: str, tokens: int, chosen: Any, experts: Any, capacity: Any, routing: Any) -> tuple[Any, Routing]:
    chosen, experts, capacity = _assignments(name, chosen, experts, capacity)
    check.shape(name, "chosen", chosen, (tokens, chosen.shape[1]), "for the tokens")
    if routing is None:
        return chosen, expert_routing(chosen, experts, capacity)
    if not isinstance(routing, Routing):
        raise TypeError(f"{name}: routing must be what expert_routing returns, not {type(routing).__name__}")
    check.array(name, "routing", routing.places)
    if routing.places.shape != chosen.shape or routing.counts.shape != (experts,):
        text = f"is of {routing.places.shape} choices among {routing.counts.size} experts"
        raise ValueError(f"{name}: routing {text}, it must be of {chosen.shape} among {experts}")
    return chosen, routing


def _combined(name: str, rows: Any, gates: Any, chosen: Any, experts: Any, capacity: Any, routing: Any) -> Any:
    check.real(name, "rows", rows)
    _two_axes(name, "rows", rows, "(tokens · k, d)")
    check.same_dtype(name, "gates", gates, "rows", rows)
    _two_axes(name, "gates", gates, "(tokens, k)")
    chosen, routing = _routed(name, gates.shape[0], chosen, experts, capacity, routing)
    check.shape(name, "gates", gates, chosen.shape, "as chosen")
    check.shape(name, "rows", rows, (chosen.size, rows.shape[1]), "a row for each assignment")
    return chosen, routing


def _groups(name: str, x: Any, weight: Any, offsets: Any, bias: Any) -> Any:
    """The checked offsets."""
    check.real(name, "x", x)
    _two_axes(name, "x", x, "(rows, inputs)")
    check.same_dtype(name, "weight", weight, "x", x)
    if weight.ndim != 3 or weight.shape[1] != x.shape[1] or not weight.shape[0]:
        raise ValueError(f"{name}: weight has the shape {weight.shape}, it must be (experts, {x.shape[1]}, outputs)")
    if bias is not None:
        check.same_dtype(name, "bias", bias, "x", x)
        check.shape(name, "bias", bias, (weight.shape[0], weight.shape[2]), "as weight")
    offsets = _integers(name, "offsets", offsets)
    check.shape(name, "offsets", offsets, (weight.shape[0] + 1,), "for weight")
    looked_at = isinstance(offsets, np.ndarray)
    if looked_at and (offsets[0] != 0 or offsets[-1] > x.shape[0] or (np.diff(offsets) < 0).any()):
        text = f"they must begin with 0 and not fall, to {x.shape[0]} at most"
        raise ValueError(f"{name}: offsets are {np.array2string(offsets, threshold=8)}, {text}")
    return offsets
