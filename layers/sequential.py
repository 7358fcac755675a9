"""Layers one after another."""

from collections.abc import Iterator
from typing import overload

from .module import Module


class Sequential(Module):
    """The output of each layer is the input of the next; the way back walks them in reverse.

    Its keys are PyTorch's: "0.weight", "0.bias", "2.weight", …
    """

    def __init__(self, *layers: Module):
        for i, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise TypeError(f"Sequential: layer {i} is {layer!r}, it must be a Module")
        self.layers = layers

    def children(self):
        return ((str(i), layer) for i, layer in enumerate(self.layers))

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, x):
        ways = []
        for layer in self.layers:
            x, way = layer.forward(x)
            ways.append(way)

        def backward(grad, input_gradient=True):
            # Without the input's gradient, nothing below the first layer with parameters needs to be walked.
            last = 0 if input_gradient else self._first_with_parameters()
            for i in range(len(ways) - 1, last - 1, -1):
                grad = ways[i](grad, input_gradient=input_gradient or i > last)
            return grad if input_gradient else None

        return x, backward

    def _first_with_parameters(self) -> int:
        return next((i for i, layer in enumerate(self.layers) if layer.parameters()), len(self.layers))

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> "Sequential": ...
    def __getitem__(self, index):
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]
