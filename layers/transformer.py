"""Stacks of transformer layers: an encoder, a decoder, and both."""

import copy
import math
from typing import Any

import numpy as np

from .. import kernels
from .affine import integer
from .init import xavier_uniform_
from .module import Module
from .rows import LayerNorm
from .sequential import ModuleList
from .transformer_layers import TransformerDecoderLayer, TransformerEncoderLayer


class _Stack(Module):
    """So many copies of a layer, and a norm at the end."""

    def __init__(self, layer: Any, kind: type[Module], num_layers: int, norm: Module | None):
        if not isinstance(layer, kind):
            raise TypeError(f"{type(self).__name__}: the layer is {layer!r}, it must be a {kind.__name__}")
        if norm is not None and not isinstance(norm, Module):
            raise TypeError(f"{type(self).__name__}: norm is {norm!r}, it must be a Module or None")
        self.layers = ModuleList(copy.deepcopy(layer) for _ in range(integer(self, "num_layers", num_layers)))
        self.num_layers, self.norm = num_layers, norm


class TransformerEncoder(_Stack):
    """num_layers copies of a TransformerEncoderLayer, one after another, and a norm at the end.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        Is copied: all copies begin with its weights, as in PyTorch.
    num_layers : int
    norm : Module, optional

    `forward(src, mask=None, src_key_padding_mask=None, is_causal=False)` and a call hand on what a layer takes; a call
    takes `cache`, a KeyValueCache, too.
    """

    def __init__(self, encoder_layer: TransformerEncoderLayer, num_layers: int, norm: Module | None = None):
        super().__init__(encoder_layer, TransformerEncoderLayer, num_layers, norm)

    def __call__(self, src, mask=None, src_key_padding_mask=None, is_causal=False, *, cache=None):  # type: ignore[override]
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, is_causal, cache=cache)  # type: ignore[call-arg]
        return src if self.norm is None else self.norm(src)

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=False):  # type: ignore[override]
        ways = []
        for layer in self.layers:
            src, way = layer.forward(src, mask, src_key_padding_mask, is_causal)  # type: ignore[call-arg]
            ways.append(way)
        if self.norm is not None:
            src, way = self.norm.forward(src)
            ways.append(way)

        def backward(grad, input_gradient=True):
            for i in range(len(ways) - 1, -1, -1):
                grad = ways[i](grad, input_gradient=input_gradient or i > 0)
            return grad if input_gradient else None

        return src, backward


class TransformerDecoder(_Stack):
    """num_layers copies of a TransformerDecoderLayer, one after another, and a norm at the end.

    Parameters
    ----------
    decoder_layer : TransformerDecoderLayer
        Is copied: all copies begin with its weights, as in PyTorch.
    num_layers : int
    norm : Module, optional

    `forward(tgt, memory, …)` and a call hand on what a layer takes; all layers look at the same memory. The way back
    returns the gradients of tgt and memory.
    """

    def __init__(self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None):
        super().__init__(decoder_layer, TransformerDecoderLayer, num_layers, norm)

    def __call__(self, tgt, memory, *masks, **options):  # type: ignore[override]
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, **options)  # type: ignore[call-arg]
        return tgt if self.norm is None else self.norm(tgt)

    def forward(self, tgt, memory, *masks, **options):  # type: ignore[override]
        ways, norm_back = [], None
        for layer in self.layers:
            tgt, way = layer.forward(tgt, memory, *masks, **options)  # type: ignore[call-arg]
            ways.append(way)
        if self.norm is not None:
            tgt, norm_back = self.norm.forward(tgt)

        def backward(grad, input_gradient=True):
            total = None
            if norm_back is not None:
                grad = norm_back(grad)
            for i in range(len(ways) - 1, -1, -1):
                found = ways[i](grad, input_gradient=input_gradient or i > 0)
                if found is not None:
                    grad, of_memory = found
                    total = of_memory if total is None else total + of_memory
            return (grad, total) if input_gradient else None

        return tgt, backward


class Transformer(Module):
    """An encoder of one sequence, and a decoder of another that looks at what the encoder made.

    Parameters
    ----------
    d_model, nhead : int
        The width of a row, and the number of heads of attention.
    num_encoder_layers, num_decoder_layers : int
    dim_feedforward, dropout, activation
        As for TransformerEncoderLayer.
    custom_encoder, custom_decoder : Module, optional
        To take instead.
    layer_norm_eps, batch_first, norm_first, bias, dtype
        As for TransformerEncoderLayer. Both stacks end with a norm.

    `forward(src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None,
    tgt_key_padding_mask=None, memory_key_padding_mask=None, src_is_causal=False, tgt_is_causal=False,
    memory_is_causal=False)` and a call return (batch, rows of tgt, d_model), axes as in the inputs. Masks are
    MultiheadAttention's, True for what is *not* seen. The way back returns the gradients of src and tgt.

    Matrices begin as Xavier's even draws. To make a sequence row by row, call `encoder` once, then `decoder` with a
    KeyValueCache. Source: Vaswani et al., Attention Is All You Need, arXiv:1706.03762.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Module = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ):
        given = dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias

        def norm():
            return LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)

        def encoder():
            layer = TransformerEncoderLayer(d_model, nhead, *given, dtype=dtype)
            return TransformerEncoder(layer, num_encoder_layers, norm())

        def decoder():
            layer = TransformerDecoderLayer(d_model, nhead, *given, dtype=dtype)
            return TransformerDecoder(layer, num_decoder_layers, norm())

        self.encoder = encoder() if custom_encoder is None else custom_encoder
        self.decoder = decoder() if custom_decoder is None else custom_decoder
        for name in ("encoder", "decoder"):
            if not isinstance(getattr(self, name), Module):
                raise TypeError(f"Transformer: custom_{name} is {getattr(self, name)!r}, it must be a Module")
        for parameter in self.parameters():
            if len(parameter.shape) > 1:
                xavier_uniform_(parameter)
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    @staticmethod
    def generate_square_subsequent_mask(sz: int, dtype: Any = np.float32) -> Any:
        """(sz, sz), to be added: row i sees the columns 0 … i; −∞ beyond."""
        return kernels.current().from_numpy(np.triu(np.full((sz, sz), -math.inf, dtype), 1))

    def __call__(  # type: ignore[override]
        self,
        src,
        tgt,
        src_mask=None,
        tgt_mask=None,
        memory_mask=None,
        src_key_padding_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        src_is_causal=False,
        tgt_is_causal=False,
        memory_is_causal=False,
    ):
        self._check(src, tgt)
        memory: Any = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)  # type: ignore[call-arg]
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask, tgt_is_causal, memory_is_causal
        return self.decoder(tgt, memory, *masks)  # type: ignore[call-arg]

    def forward(  # type: ignore[override]
        self,
        src,
        tgt,
        src_mask=None,
        tgt_mask=None,
        memory_mask=None,
        src_key_padding_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        src_is_causal=False,
        tgt_is_causal=False,
        memory_is_causal=False,
    ):
        self._check(src, tgt)
        masks: Any = src_mask, src_key_padding_mask, src_is_causal
        memory, encoder_back = self.encoder.forward(src, *masks)
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask, tgt_is_causal, memory_is_causal
        decoder: Any = self.decoder
        y, decoder_back = decoder.forward(tgt, memory, *masks)

        def backward(grad, input_gradient=True):
            grad_tgt, grad_memory = decoder_back(grad)
            if grad_memory is None:  # a decoder of no layers
                return (src * 0, grad_tgt) if input_gradient else None
            grad_src = encoder_back(grad_memory, input_gradient=input_gradient)
            return (grad_src, grad_tgt) if input_gradient else None

        return y, backward

    def _check(self, src: Any, tgt: Any) -> None:
        axis = 0 if self.batch_first else 1
        if src.ndim == tgt.ndim == 3 and src.shape[axis] != tgt.shape[axis]:
            text = f"src has a batch of {src.shape[axis]} and tgt one of {tgt.shape[axis]}: they must be the same"
            raise ValueError(f"Transformer: {text}")
