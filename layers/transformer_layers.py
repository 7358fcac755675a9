"""The layers that a transformer repeats: attention, and a small network for each row, around both of which the rows
are carried past.

    norm_first    x + dropout(inner(norm(x)))          else    norm(x + dropout(inner(x)))
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels import check
from .activations import GELU, ReLU
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .rows import LayerNorm

ACTIVATIONS = {"relu": ReLU, "gelu": GELU}

# inner(x) → its output and the way back, which takes (grad, input_gradient) and returns x's gradient
Inner = Callable[[Any], tuple[Any, Callable[[Any, bool], Any]]]


class _Layer(Module):
    """What both kinds have: the network for each row, and the way around an inner part."""

    self_attn: MultiheadAttention
    norm1: LayerNorm
    norm2: LayerNorm
    dropout1: Dropout
    dropout2: Dropout

    def _finish(
        self,
        d_model: int,
        dim_feedforward: int,
        dropout: float,
        activation: str | Module,
        eps: float,
        norm_first: bool,
        bias: bool,
        dtype: Any,
        parts: int,
    ) -> None:
        """All but attention, in PyTorch's order; a norm and a dropout for each part."""
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype=dtype)
        self.norm_first = norm_first
        for part in range(1, parts + 1):
            setattr(self, f"norm{part}", LayerNorm(d_model, eps, bias=bias, dtype=dtype))
        for part in range(1, parts + 1):
            setattr(self, f"dropout{part}", Dropout(dropout))
        self.activation = self._named(activation)

    def _among(self, masks: tuple, training: bool, cache: Any) -> Inner:
        """Attention among the rows."""

        def attend(x):
            y, way = _attended(self.self_attn, x, x, masks, training, cache)

            def back(grad, input_gradient):
                found = way(grad, input_gradient)
                return None if found is None else found[0]

            return y, back

        return attend

    def _fed(self, x: Any, training: bool) -> tuple[Any, Any]:
        """linear2(dropout(activation(linear1(x)))), row by row."""
        ways = []
        for layer in (self.linear1, self.activation, self.dropout, self.linear2):
            if layer is self.dropout and not (training and self.dropout.p):
                continue
            if training:
                x, way = layer.forward(x)
                ways.append(way)
            else:
                x = layer(x)

        def back(grad, input_gradient):
            for way in reversed(ways[1:]):
                grad = way(grad)
            return ways[0](grad, input_gradient=input_gradient)

        return x, back

    def _around(self, x: Any, norm: LayerNorm, dropout: Dropout, inner: Inner, training: bool) -> tuple[Any, Any]:
        """The output and the way back; `inner` knows by itself whether this is training."""

        def normalised(x):
            return norm.forward(x) if training else (norm(x), None)

        inside, norm_back = normalised(x) if self.norm_first else (x, None)
        y, inner_back = inner(inside)
        drop_back = None
        if training and dropout.p:
            y, drop_back = dropout.forward(y)
        y += x  # nobody else holds y
        if not self.norm_first:
            y, norm_back = normalised(y)

        def backward(grad, input_gradient=True):
            assert norm_back is not None
            if not self.norm_first:
                grad = norm_back(grad)
            within = grad if drop_back is None else drop_back(grad)
            within = inner_back(within, input_gradient or self.norm_first)
            if self.norm_first:
                within = norm_back(within, input_gradient=input_gradient)
            return None if within is None or not input_gradient else grad + within

        return y, backward

    def _named(self, activation: Any) -> Module:
        """An activation by its name, or as it is."""
        if isinstance(activation, Module):
            return activation
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            wanted = "it must be one of 'relu', 'gelu', or a Module"
            raise ValueError(f"{type(self).__name__}: activation is {activation!r}, {wanted}")
        return ACTIVATIONS[activation]()

    def _checked(self, name: str, x: Any) -> None:
        check.real(type(self).__name__, name, x)
        width = self.self_attn.embed_dim
        if x.ndim not in (2, 3) or x.shape[-1] != width:
            axes = "(batch, rows, {0})" if self.self_attn.batch_first else "(rows, batch, {0})"
            wanted = f"(rows, {width}) or {axes.format(width)}"
            raise ValueError(f"{type(self).__name__}: {name} has the shape {x.shape}, it must be {wanted}")


class TransformerEncoderLayer(_Layer):
    """Attention among the rows, then a network for each: linear2(dropout(activation(linear1(x)))).

    Parameters
    ----------
    d_model, nhead : int
        The width of a row, and the number of heads of attention.
    dim_feedforward : int
        The width between the two linear layers.
    dropout : number from 0 to 1
        Of attention's weights, between the linear layers, and of what both parts add to the rows.
    activation : "relu", "gelu" or a Module
    layer_norm_eps : float
    batch_first : bool
        Whether inputs are (batch, rows, d_model) rather than (rows, batch, d_model); without a batch (rows, d_model).
    norm_first : bool
        Normalise what goes into each part rather than the sum that comes out: x + part(norm(x)), norm(x + part(x)).
    bias : bool
        Of linear layers and norms.
    rotary : number, optional
        As for MultiheadAttention.
    dtype : float32 or float64

    `forward(src, src_mask=None, src_key_padding_mask=None, is_causal=False)` and a call take masks as
    MultiheadAttention does, True for what is *not* seen; `is_causal` needs no mask. A call takes `cache`, too.
    Sources: Vaswani et al., Attention Is All You Need, arXiv:1706.03762; with the norm first: Xiong et al., On Layer
    Normalization in the Transformer Architecture, arXiv:2002.04745.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Module = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rotary: float | None = None,
        dtype: Any = np.float32,
    ):
        options: Any = {"bias": bias, "batch_first": batch_first, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, rotary=rotary, **options)
        self._finish(d_model, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, bias, dtype, 2)

    def __call__(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False, *, cache=None):  # type: ignore[override]
        return self._run(src, src_mask, src_key_padding_mask, is_causal, False, cache)[0]

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):  # type: ignore[override]
        return self._run(src, src_mask, src_key_padding_mask, is_causal, True)

    def _run(self, src: Any, mask: Any, padding: Any, is_causal: bool, training: bool, cache: Any = None):
        self._checked("src", src)
        attend = self._among((padding, mask, is_causal), training, cache)
        x, first = self._around(src, self.norm1, self.dropout1, attend, training)
        x, second = self._around(x, self.norm2, self.dropout2, lambda x: self._fed(x, training), training)

        def backward(grad, input_gradient=True):
            return first(second(grad), input_gradient=input_gradient)

        return x, backward


class TransformerDecoderLayer(_Layer):
    """Attention among the rows, then to another sequence's, `memory`, then a network for each row.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, rotary, dtype
        As for TransformerEncoderLayer; rotary positions are for the attention among the rows alone.

    `forward(tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None,
    tgt_is_causal=False, memory_is_causal=False)` and a call take masks as MultiheadAttention does, True for what is
    *not* seen. The way back returns the gradients of tgt and memory. A call takes `cache`, a KeyValueCache, too; it
    reads the memory in the first call with it alone.
    Source: Vaswani et al., Attention Is All You Need, arXiv:1706.03762.
    """

    multihead_attn: MultiheadAttention
    norm3: LayerNorm
    dropout3: Dropout

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Module = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rotary: float | None = None,
        dtype: Any = np.float32,
    ):
        options: Any = {"bias": bias, "batch_first": batch_first, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, rotary=rotary, **options)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, **options)
        self._finish(d_model, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, bias, dtype, 3)

    def __call__(  # type: ignore[override]
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=False,
        memory_is_causal=False,
        *,
        cache=None,
    ):
        own = tgt_key_padding_mask, tgt_mask, tgt_is_causal
        others = memory_key_padding_mask, memory_mask, memory_is_causal
        return self._run(tgt, memory, own, others, False, cache)[0]

    def forward(  # type: ignore[override]
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=False,
        memory_is_causal=False,
    ):
        own = tgt_key_padding_mask, tgt_mask, tgt_is_causal
        others = memory_key_padding_mask, memory_mask, memory_is_causal
        return self._run(tgt, memory, own, others, True)

    def _run(self, tgt: Any, memory: Any, own: tuple, others: tuple, training: bool, cache: Any = None):
        self._checked("tgt", tgt)
        self._checked("memory", memory)
        if cache is not None and others[2]:
            raise ValueError("TransformerDecoderLayer: memory_is_causal with a cache: it must be a memory_mask instead")
        of_memory = None if cache is None else cache.memory
        if of_memory is not None and self.multihead_attn in of_memory:
            memory = None
        grad_memory: Any = None

        def look(x):
            y, way = _attended(self.multihead_attn, x, memory, others, training, of_memory)

            def back(grad, input_gradient):
                nonlocal grad_memory
                found = way(grad, input_gradient)
                grad_x, grad_memory = (None, None) if found is None else found[:2]
                return grad_x

            return y, back

        x, first = self._around(tgt, self.norm1, self.dropout1, self._among(own, training, cache), training)
        x, second = self._around(x, self.norm2, self.dropout2, look, training)
        x, third = self._around(x, self.norm3, self.dropout3, lambda x: self._fed(x, training), training)

        def backward(grad, input_gradient=True):
            grad = second(third(grad))
            grad_tgt = first(grad, input_gradient=input_gradient)
            return (grad_tgt, grad_memory) if input_gradient else None

        return x, backward


def _attended(
    layer: MultiheadAttention, query: Any, memory: Any, masks: tuple, training: bool, cache: Any
) -> tuple[Any, Any]:
    """Attention to `memory`, and the way back to (query, memory, None), or (query, None, None) where both are one."""
    padding, mask, is_causal = masks
    given = query, memory, memory, padding, False, mask, True, is_causal
    if not training:
        return layer(*given, cache=cache)[0], None
    (y, _), way = layer.forward(*given)
    return y, lambda grad, input_gradient: way(grad, input_gradient=input_gradient)
