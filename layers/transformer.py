"""Stacks of transformer layers."""

import copy
from typing import Any

from .affine import integer
from .module import Module
from .sequential import ModuleList
from .transformer_layers import TransformerEncoderLayer


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
