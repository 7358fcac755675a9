"""Mixtures of experts: many networks, of which each token is served by a few, that a gate chooses."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .. import kernels
from ..kernels import check
from .activations import ReLU
from .affine import add_gradients, integer
from .initial import normal_noise, uniform
from .linear import Linear
from .module import Backward, Module
from .parameter import Parameter
from .sequential import Listed


class Experts(Module):
    """Networks of two layers, each for its own rows: y = act(x W₁ + b₁) W₂ + b₂, all computed together.

    Parameters
    ----------
    num_experts, in_features, hidden_features, out_features : int
    activation : Module, optional
        Between the layers, element by element: ReLU(), if none is given.
    dtype : float32 or float64

    `weight1` is (num_experts, in_features, hidden_features), `bias1` (num_experts, hidden_features), and `weight2` and
    `bias2` alike. They begin as those of `Linear`. `experts(x, offsets)` and `experts.forward(x, offsets)` take rows
    (n, in_features), those of expert e from offsets[e] to offsets[e + 1] − 1; rows behind them become 0.
    """

    def __init__(
        self,
        num_experts: int,
        in_features: int,
        hidden_features: int,
        out_features: int,
        activation: Module | None = None,
        *,
        dtype: Any = np.float32,
    ):
        sizes = {"in_features": in_features, "hidden_features": hidden_features, "out_features": out_features}
        self.num_experts = integer(self, "num_experts", num_experts, 1)
        self.widths = tuple(integer(self, name, value, 1) for name, value in sizes.items())
        for layer, (inputs, outputs) in enumerate(zip(self.widths, self.widths[1:]), 1):
            for name, shape in (("weight", (num_experts, inputs, outputs)), ("bias", (num_experts, outputs))):
                parameter = Parameter(uniform(shape, 1 / math.sqrt(inputs), dtype), f"{name}{layer}")
                setattr(self, parameter.name, parameter)
        self.activation = activation or ReLU()

    weight1: Parameter
    bias1: Parameter
    weight2: Parameter
    bias2: Parameter

    def __len__(self) -> int:
        return self.num_experts

    def __call__(self, x: Any, offsets: Any) -> Any:  # type: ignore[override]
        h = self.activation(kernels.grouped_matmul(x, self.weight1.data, offsets, self.bias1.data))
        return kernels.grouped_matmul(h, self.weight2.data, offsets, self.bias2.data)

    def forward(self, x: Any, offsets: Any) -> tuple[Any, Backward]:  # type: ignore[override]
        h = kernels.grouped_matmul(x, self.weight1.data, offsets, self.bias1.data)
        h, through_activation = self.activation.forward(h)

        def through(grad, x, weight, bias, input_gradient):
            out = weight.grad_to_write(), bias.grad_to_write()
            arrays = grad, x, weight.data, offsets, bias.data
            grad_x, *found = kernels.grouped_matmul_backward(*arrays, input_gradient=input_gradient, out=out)
            add_gradients((weight, bias), tuple(found))
            return grad_x

        def backward(grad, input_gradient=True):
            grad = through_activation(through(grad, h, self.weight2, self.bias2, True))
            return through(grad, x, self.weight1, self.bias1, input_gradient)

        return kernels.grouped_matmul(h, self.weight2.data, offsets, self.bias2.data), backward

    def extra_repr(self) -> str:
        return ", ".join(map(str, (self.num_experts, *self.widths)))


class _Apart(Listed):
    """Experts of any kind, one after the other: as `Experts`, but on a GPU the offsets are waited for."""

    def __call__(self, x: Any, offsets: Any) -> Any:  # type: ignore[override]
        parts = self._parts(offsets)
        return self._joined(len(x), [(part, self.layers[i](x[part])) for i, part in parts])

    def forward(self, x: Any, offsets: Any) -> tuple[Any, Backward]:  # type: ignore[override]
        parts = self._parts(offsets)
        outputs, ways = zip(*(self.layers[i].forward(x[part]) for i, part in parts))

        def backward(grad, input_gradient=True):
            found = [(part, way(grad[part], input_gradient)) for (_, part), way in zip(parts, ways)]
            return self._joined(len(x), found) if input_gradient else None

        return self._joined(len(x), [(part, y) for (_, part), y in zip(parts, outputs)]), backward

    def _parts(self, offsets: Any) -> list[tuple[int, slice]]:
        """The experts that have rows, or the first one, if none has."""
        ends = kernels.current().to_numpy(offsets).tolist()
        parts = [(i, slice(begin, end)) for i, (begin, end) in enumerate(pairwise(ends)) if begin < end]
        return parts or [(0, slice(0, 0))]

    def _joined(self, rows: int, parts: list[tuple[slice, Any]]) -> Any:
        first = parts[0][1]
        y = kernels.current().empty((rows, *first.shape[1:]), first.dtype)
        y[parts[-1][0].stop :] = 0
        for part, value in parts:
            check.shape("MixtureOfExperts", "an expert's output", value, (part.stop - part.start, *first.shape[1:]))
            y[part] = value
        return y


class MixtureOfExperts(Module):
    """y = Σ gateₑ(x) expertₑ(x) over the k experts that the gate scores highest, or over all.

    The scores are x W, in training with noise: x W + noise · ε · softplus(x N), ε being drawn from N(0, 1). Only the
    chosen experts are computed.

    Parameters
    ----------
    in_features : int
    experts : Experts, or several modules
        Modules (n, in_features) → (n, out_features), all of one out_features.
    k : int, optional
        How many experts serve a token; all, if it isn't given.
    over : "chosen" or "all", optional
        Whether the weights are a softmax of the chosen experts' scores (Shazeer) or of all (Switch). By default of the
        chosen ones, but of all for k = 1, for else the gate would learn nothing.
    noise : float
        Its scale, which may be changed in training, to 0 in the end; with 0 from the start there is no N, which begins
        as zeros.
    capacity_factor : float, optional
        In training an expert takes factor · tokens · k / experts assignments, rounded up, those of the first tokens; a
        token counts 0 for an expert that has dropped it. In inference, and without a factor, none is dropped.
    balance : float
        How much the load-balancing loss experts · Σₑ fₑ Pₑ counts, fₑ being the share of the assignments that are
        expert e's and Pₑ the mean of its probability, a softmax of all scores: 1 where the load is even.
    dtype : float32 or float64

    `forward` returns y alone; its way back, given the gradient of a loss by y, is that of loss + balance · balancing
    loss: in a network, nobody else has to know of it. `forward_with_loss` returns (y, balancing loss), and its way back
    takes a gradient of each: for those who add up their losses themselves, scale them, or want to see this one.

    An input is (..., in_features); all axes but the last are tokens. `gate.weight` is (experts, in_features), as is
    `noise_gate.weight`.

    Sources: Shazeer et al., arXiv:1701.06538; Fedus et al., Switch Transformers, arXiv:2101.03961.
    """

    def __init__(
        self,
        in_features: int,
        experts: Experts | Sequence[Module],
        k: int | None = None,
        *,
        over: str | None = None,
        noise: float = 0.0,
        capacity_factor: float | None = None,
        balance: float = 0.0,
        dtype: Any = np.float32,
    ):
        name = type(self).__name__
        self.experts = experts if isinstance(experts, Experts) else _Apart(experts)
        count = len(self.experts)
        if not count:
            raise ValueError(f"{name}: there must be at least one expert")
        self.k = count if k is None else integer(self, "k", k, 1)
        if self.k > count:
            raise ValueError(f"{name}: k is {k}, it must be at most {count}, the number of experts")
        self.over = ("all" if self.k == 1 else "chosen") if over is None else over
        check.choice(name, "over", self.over, ("chosen", "all"))
        self.noise = check.number(name, "noise", noise, 0)
        self.balance = check.number(name, "balance", balance, 0)
        self.capacity_factor = None
        if capacity_factor is not None:
            self.capacity_factor = check.number(name, "capacity_factor", capacity_factor, 0)
        self.gate = Linear(in_features, count, bias=False, dtype=dtype)
        self.noise_gate = Linear(in_features, count, bias=False, dtype=dtype) if noise else None
        if self.noise_gate:
            self.noise_gate.weight.data = np.zeros((count, in_features))

    def route(self, x: Any) -> tuple[Any, Any]:
        """The weights and the numbers of the experts that serve each token in inference, (tokens, k) both."""
        return kernels.top_k_gates(self.gate(self._tokens(x)), self.k, self.over, True)

    def __call__(self, x):
        gates, chosen = self.route(x)
        tokens, count = self._tokens(x), len(self.experts)
        routing = kernels.expert_routing(chosen, count)
        rows = self.experts(kernels.expert_dispatch(tokens, chosen, count, routing=routing), routing.offsets)
        y = kernels.expert_combine(rows, gates, chosen, count, routing=routing)
        return y.reshape(*x.shape[:-1], y.shape[-1])

    def forward(self, x):
        balance = self.balance
        (y, _), way = self._forward(x, with_loss=balance != 0)

        def backward(grad, input_gradient=True):
            return way((grad, balance), input_gradient)

        return y, backward

    def forward_with_loss(self, x: Any) -> tuple[tuple[Any, Any], Backward]:
        """(y, the balancing loss) and the way back: backward((gradient of y, gradient of the loss))."""
        return self._forward(x, with_loss=True)

    def _forward(self, x: Any, with_loss: bool) -> tuple[tuple[Any, Any], Backward]:
        tokens, count = self._tokens(x), len(self.experts)
        scores, scores_back = self._scores(tokens)
        gates, chosen = kernels.top_k_gates(scores, self.k, self.over, True)
        capacity = None
        if self.capacity_factor is not None:
            capacity = math.ceil(self.capacity_factor * chosen.size / count)
        routing = kernels.expert_routing(chosen, count, capacity)
        where = {"chosen": chosen, "experts": count, "capacity": capacity, "routing": routing}
        rows = kernels.expert_dispatch(tokens, **where)
        served, experts_back = self.experts.forward(rows, routing.offsets)
        y = kernels.expert_combine(served, gates, **where)
        loss, loss_back = _balance(scores, chosen.size, routing.counts) if with_loss else (None, None)

        def backward(grads, input_gradient=True):
            grad, grad_loss = grads
            grad = grad.reshape(y.shape)
            grad_rows, grad_gates = kernels.expert_combine_backward(grad, served, gates, **where)
            grad_rows = experts_back(grad_rows, input_gradient)
            grad_scores = kernels.top_k_gates_backward(grad_gates, scores, self.k, self.over, gates, chosen)
            if loss_back is not None:
                grad_scores += loss_back(grad_loss)
            found = scores_back(grad_scores, input_gradient)
            if not input_gradient:
                return None
            return (kernels.expert_dispatch_backward(grad_rows, tokens, **where) + found).reshape(x.shape)

        return (y.reshape(*x.shape[:-1], y.shape[-1]), loss), backward

    def _tokens(self, x: Any) -> Any:
        check.real(type(self).__name__, "x", x)
        if not x.ndim or x.shape[-1] != self.gate.in_features:
            text = f"x has the shape {x.shape}, its last axis must be {self.gate.in_features}"
            raise ValueError(f"{type(self).__name__}: {text}")
        return x.reshape(-1, x.shape[-1]) if x.size else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])

    def _scores(self, x: Any) -> tuple[Any, Backward]:
        """The gate's scores in training."""
        scores, gate_back = self.gate.forward(x)
        if not self.noise or self.noise_gate is None:
            return scores, gate_back
        wide, noise_back = self.noise_gate.forward(x)
        drawn = self.noise * kernels.current().from_numpy(normal_noise(scores.shape, scores.dtype))

        def backward(grad, input_gradient=True):
            found: Any = gate_back(grad, input_gradient)
            other: Any = noise_back(kernels.softplus_backward(grad * drawn, wide), input_gradient)
            return found + other if input_gradient else None

        return scores + drawn * kernels.softplus(wide), backward

    def extra_repr(self) -> str:
        return f"k={self.k}, over={self.over!r}, capacity_factor={self.capacity_factor}, balance={self.balance}"


def _balance(scores: Any, assignments: int, counts: Any) -> tuple[Any, Any]:
    """experts · Σₑ fₑ Pₑ, and its gradient by the scores, through P alone."""
    tokens, count = scores.shape
    p = kernels.softmax(scores, 1)
    factors = counts.astype(scores.dtype) * (count / max(tokens * assignments, 1))  # of Σ p of each expert

    def backward(grad):
        slopes = kernels.current().empty(p.shape, p.dtype)
        slopes[...] = factors * grad
        return kernels.softmax_backward(slopes, p, 1)

    return kernels.matmul(kernels.column_sum(p), factors), backward
