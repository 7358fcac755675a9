"""Attention with several heads."""

import math
from typing import Any

import numpy as np

from .. import kernels
from ..kernels import check
from ..kernels.attention import attention_counters
from .cache import KeyValueCache
from .initial import counter_stream, mask_stream, uniform
from .linear import Linear
from .module import Module
from .parameter import Parameter


class MultiheadAttention(Module):
    """y = [head₁ … headₕ] Wₒᵀ + bₒ, headᵢ = softmax(qᵢ kᵢᵀ/√d + mask) vᵢ, and q, k, v = inputs · Wᵀ + b in parts.

    Parameters
    ----------
    embed_dim : int
        The width of query and output; each head has d = embed_dim / num_heads of it.
    num_heads : int
    dropout : number from 0 to 1
        The probability of a weight to be dropped in training. The matrix of weights is made, and kept, only where it is
        asked for.
    bias : bool
    kdim, vdim : int, by default embed_dim
        The widths of key and value.
    batch_first : bool
        Whether inputs are (batch, rows, width) rather than (rows, batch, width); without a batch (rows, width).
    rotary : number, optional
        Turn queries and keys by their rows' positions, as kernels.rotary_embedding does with this base: 10000 is usual.
    dtype : float32 or float64

    `forward(query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True,
    is_causal=False)` and a call take the same arguments, and return the output and the weights (batch, queries, keys),
    the mean over the heads unless `average_attn_weights` is False; None unless needed. In masks of bool, True is
    what is *not* seen, as in PyTorch; numbers are added. `key_padding_mask` is (batch, keys), `attn_mask` (queries,
    keys) or (batch · num_heads, queries, keys). With `is_causal` query i sees the keys 0 … i, whatever `attn_mask` is.
    A query that sees nothing has weights of 0.

    A call also takes `cache`, a KeyValueCache: the rows come behind those that it holds, whose keys and values aren't
    computed again, and theirs are kept in it. Masks are then for all of the keys. With None for key and value, those
    of the cache are used and none are added.

    The way back takes the output's gradient alone and returns those of query, key and value. Where the same array was
    given twice, its whole gradient stands in the first of its places and None in the others: one product makes it.

    `in_proj_weight` is (3 embed_dim, embed_dim), the weights of q, k and v; with other widths, there are
    `q_proj_weight`, `k_proj_weight` and `v_proj_weight` instead.
    Source: Vaswani et al., Attention Is All You Need, arXiv:1706.03762.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        rotary: float | None = None,
        dtype: Any = np.float32,
    ):
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        sizes = {"embed_dim": embed_dim, "num_heads": num_heads, "kdim": self.kdim, "vdim": self.vdim}
        for name, value in sizes.items():
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"MultiheadAttention: {name} is {value!r}, it must be an integer of at least 1")
        if embed_dim % num_heads:
            wanted = f"a multiple of num_heads, which is {num_heads}"
            raise ValueError(f"MultiheadAttention: embed_dim is {embed_dim}, it must be {wanted}")
        self.embed_dim, self.num_heads, self.batch_first = int(embed_dim), int(num_heads), batch_first
        self.dropout = check.number("MultiheadAttention", "dropout", dropout, 0, 1)
        self.rotary = None if rotary is None else check.number("MultiheadAttention", "rotary", rotary, 0)
        if rotary is not None and embed_dim // num_heads % 2:
            width = embed_dim // num_heads
            raise ValueError(f"MultiheadAttention: rotary needs heads of an even width, and theirs is {width}")
        # Xavier's even draws
        self._packed = self.kdim == self.vdim == embed_dim
        if self._packed:
            self.in_proj_weight = Parameter(_xavier(3 * embed_dim, embed_dim, dtype), "in_proj_weight")
        else:
            for name, width in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
                setattr(self, f"{name}_proj_weight", Parameter(_xavier(embed_dim, width, dtype), f"{name}_proj_weight"))
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype), "in_proj_bias") if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        if self.out_proj.bias is not None:
            self.out_proj.bias.data[...] = 0

    def __call__(  # type: ignore[override]
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
        *,
        cache: KeyValueCache | None = None,
    ):
        masks: Any = (key_padding_mask, attn_mask, is_causal)
        return self._run(query, key, value, masks, need_weights, average_attn_weights, 0, cache)[0]

    def forward(  # type: ignore[override]
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
    ):
        masks: Any = (key_padding_mask, attn_mask, is_causal)
        return self._run(query, key, value, masks, need_weights, average_attn_weights, self.dropout)

    def _run(
        self,
        query: Any,
        key: Any,
        value: Any,
        masks: Any,
        need_weights: bool,
        average: bool,
        dropout: float,
        cache: KeyValueCache | None = None,
    ):
        inputs = query, key, value
        whole = cache.of(self) if cache is not None and key is value is None and self in cache else None
        known = whole is not None  # all keys and values
        before = 0 if cache is None or known else cache.rows(self)
        self._check(*inputs, known)
        stretches = [(0, 1)] if known else self._stretches(inputs)
        buffers = [self._project(inputs[first], first, last) for first, last in stretches]
        heads = [head for buffer in buffers for head in self._heads(buffer)]
        self._turn(buffers, kernels.rotary_embedding, before)
        q, k, v = (*heads, *whole) if whole is not None else heads
        padding, given, is_causal = masks
        mask, is_causal = self._mask(padding, given, is_causal, q.shape, before + k.shape[2], before)
        if cache is not None and not known:
            k, v = cache.add(self, k, v)
        joined = kernels.current().empty(query.shape, query.dtype)
        (y,) = self._heads(joined)
        options: dict[str, Any] = {"attn_mask": mask, "is_causal": is_causal}
        weights: Any = None
        kept: Any = None
        drawn = sums = None
        if need_weights:
            weights = kept = self._weights(q, k, mask, is_causal)
        elif dropout:
            seed, offset = counter_stream(attention_counters(q.shape, k.shape[2]))
            options |= {"dropout_p": dropout, "seed": seed, "offset": offset}
        if need_weights and dropout:
            drawn = dropout, *mask_stream(weights.size)
            kept = kernels.dropout(weights, *drawn)
            y[...] = kernels.matmul(kept, v)
        else:
            _, sums = kernels.scaled_dot_product_attention_with_logsumexp(q, k, v, **options, out=y)
        output, out_back = self.out_proj.forward(joined)

        def backward(grad, input_gradient=True):
            (g,) = self._heads(out_back(grad))
            found = [kernels.current().empty(buffer.shape, buffer.dtype) for buffer in buffers]
            outs = tuple(head for buffer in found for head in self._heads(buffer))
            if drawn is not None:
                grads = _through_weights(g, q, k, v, weights, kept, drawn)
                for out, one in zip(outs, grads):
                    out[...] = one
            else:
                given = {"y": y, "logsumexp": sums, "out": outs}
                kernels.scaled_dot_product_attention_backward(g, q, k, v, **options, **given)
            self._turn(found, kernels.rotary_embedding_backward, 0)
            result: list[Any] = [None] * 3
            for (first, last), slopes in zip(stretches, found):
                place = next(i for i in range(3) if inputs[i] is inputs[first])
                one = self._project_back(slopes, inputs[first], first, last, input_gradient)
                result[place] = one if result[place] is None else result[place] + one
            return tuple(result) if input_gradient else None

        shown = None
        if need_weights:
            shown = kept[0] if query.ndim == 2 else kept
            shown = shown.mean(axis=-3) if average else shown
        return (output, shown), backward

    def _check(self, query: Any, key: Any, value: Any, query_alone: bool) -> None:
        """Wrong widths; rows and batch that don't fit."""
        name = "MultiheadAttention"
        wanted: Any = (("query", query, self.embed_dim), ("key", key, self.kdim), ("value", value, self.vdim))
        for what, x, width in wanted[:1] if query_alone else wanted:
            check.real(name, what, x)
            if x.ndim not in (2, 3) or x.ndim != query.ndim or x.shape[-1] != width:
                batched = "(batch, rows, {0})" if self.batch_first else "(rows, batch, {0})"
                axes = "(rows, {0})" if query.ndim == 2 else batched
                raise ValueError(f"{name}: {what} has the shape {x.shape}, it must be {axes.format(width)}")
        if query_alone:
            return
        check.shape(name, "value", value, (*key.shape[:-1], self.vdim), "as key, but for the last axis")
        if query.ndim == 3:
            axis = 0 if self.batch_first else 1
            wanted = tuple(query.shape[i] if i == axis else key.shape[i] for i in range(3))
            check.shape(name, "key", key, wanted, f"for query {query.shape}")

    def _stretches(self, inputs: Any) -> list[tuple[int, int]]:
        """Runs first … last − 1 of q, k, v that one product makes: of the same input, if their weights are one."""
        if self._packed and inputs[1] is inputs[2]:
            return [(0, 3)] if inputs[0] is inputs[1] else [(0, 1), (1, 3)]
        return [(0, 1), (1, 2), (2, 3)]

    def _part(self, first: int, last: int) -> tuple[Parameter, slice, slice]:
        """The weight of a stretch, the rows of it, and those of the bias."""
        rows = slice(first * self.embed_dim, last * self.embed_dim)
        if self._packed:
            return self.in_proj_weight, rows, rows
        return getattr(self, f"{'qkv'[first]}_proj_weight"), slice(None), rows

    def _project(self, x: Any, first: int, last: int) -> Any:
        weight, rows, places = self._part(first, last)
        bias = None if self.in_proj_bias is None else self.in_proj_bias.data[places]
        return kernels.linear(x, weight.data[rows], bias)

    def _project_back(self, grad: Any, x: Any, first: int, last: int, input_gradient: bool) -> Any:
        weight, rows, places = self._part(first, last)
        bias = None if self.in_proj_bias is None else self.in_proj_bias.data[places]
        found = kernels.linear_backward(grad, x, weight.data[rows], bias, input_gradient=input_gradient)
        weight.grad[rows] += found[1]
        if self.in_proj_bias is not None:
            self.in_proj_bias.grad[places] += found[2]
        return found[0]

    def _heads(self, x: Any) -> list[Any]:
        """The stretches of embed_dim in (…, width) as views (batch, heads, rows, d)."""
        every, n = self._every_head(x), self.num_heads
        return [every[:, first : first + n] for first in range(0, every.shape[1], n)]

    def _every_head(self, x: Any) -> Any:
        """(…, width) as a view (batch, heads, rows, d), the heads of all its stretches."""
        width = self.embed_dim // self.num_heads
        x = x.reshape(*x.shape[:-1], x.shape[-1] // width, width)
        if x.ndim == 3:  # no batch
            x = x[None] if self.batch_first else x[:, None]
        return x.transpose((0, 2, 1, 3) if self.batch_first else (1, 2, 0, 3))

    def _turn(self, buffers: list[Any], turn: Any, offset: int) -> None:
        """Queries and keys, the first heads, in place: with one call, where one product has made both."""
        left = 0 if self.rotary is None else 2 * self.num_heads
        for buffer in buffers:
            x = self._every_head(buffer)[:, :left]
            if x.shape[1]:
                turn(x, offset, self.rotary, out=x)
            left -= x.shape[1]

    def _mask(
        self, padding: Any, mask: Any, is_causal: bool, queries: tuple[int, ...], keys: int, before: int
    ) -> tuple[Any, bool]:
        """What is added to the scores, for scaled_dot_product_attention; and whether it is to be causal.

        Query i stands at the place before + i.
        """
        name = "MultiheadAttention"
        batch, heads, rows, _ = queries
        if is_causal and padding is None and (before == 0 or rows == 1):
            return None, before == 0
        total = None
        if padding is not None:
            unbatched = padding.ndim == 1 and batch == 1
            check.shape(name, "key_padding_mask", padding, (keys,) if unbatched else (batch, keys), "for each key")
            total = self._added("key_padding_mask", padding).reshape(batch, 1, 1, keys)
        if is_causal:
            mask = kernels.current().from_numpy(~np.tri(rows, keys, before, dtype=bool))
        if mask is not None:
            if mask.ndim == 3:
                check.shape(name, "attn_mask", mask, (batch * heads, rows, keys), "for each head, query and key")
                mask = mask.reshape(batch, heads, rows, keys)
            else:
                check.shape(name, "attn_mask", mask, (rows, keys), "for each query and key")
            more = self._added("attn_mask", mask)
            total = more if total is None else total + more
        return total, False

    def _added(self, name: str, mask: Any) -> Any:
        """A mask as numbers to be added."""
        dtype = self.out_proj.weight.dtype
        if mask.dtype == bool:
            found = kernels.current().empty(mask.shape, dtype)
            found[...] = 0
            found[mask] = -math.inf
            return found
        check.same_dtype("MultiheadAttention", name, mask, "the weight", self.out_proj.weight.data)
        return mask

    def _weights(self, q: Any, k: Any, mask: Any, is_causal: bool) -> Any:
        """The matrix of weights (batch, heads, queries, keys)."""
        scores = kernels.matmul(q, k.swapaxes(-1, -2)) * q.dtype.type(1 / math.sqrt(q.shape[-1]))
        if mask is not None:
            scores = scores + mask
        if is_causal:
            scores[..., kernels.current().from_numpy(~np.tri(*scores.shape[2:], dtype=bool))] = -math.inf
        if not scores.size:
            return scores
        blind = scores.max(axis=-1) == -math.inf
        weights = kernels.softmax(scores)
        weights[blind] = 0
        return weights

    def extra_repr(self) -> str:
        rotary = "" if self.rotary is None else f", rotary={self.rotary:g}"
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}{rotary}"


def _xavier(rows: int, columns: int, dtype: Any) -> np.ndarray:
    return uniform((rows, columns), math.sqrt(6 / (rows + columns)), dtype)


def _through_weights(grad: Any, q: Any, k: Any, v: Any, weights: Any, kept: Any, drawn: Any) -> tuple[Any, Any, Any]:
    """The gradients of kept · v by q, k and v, where `kept` is dropout of softmax(q kᵀ/√d + mask)."""
    by_weights = kernels.dropout_backward(kernels.matmul(grad, v.swapaxes(-1, -2)), *drawn)
    by_scores = kernels.softmax_backward(by_weights, weights) * q.dtype.type(1 / math.sqrt(q.shape[-1]))
    turned = by_scores.swapaxes(-1, -2)
    return kernels.matmul(by_scores, k), kernels.matmul(turned, q), kernels.matmul(kept.swapaxes(-1, -2), grad)
