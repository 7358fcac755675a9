"""Layers one after another; and lists and dictionaries of layers, which only hold them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

from .activations import ReLU, Sigmoid, Tanh
from .linear import Linear
from .module import Module

# What may be fused with the layer before it: these classes alone, for a subclass may do something else.
ACTIVATIONS = {ReLU: "relu", Sigmoid: "sigmoid", Tanh: "tanh"}


class Holder(Module):
    """Layers by name, whose keys in `state_dict` begin with it: "0.weight", …"""

    def __init__(self, layers: Mapping[str, Module]):
        self._held: dict[str, Module] = {}
        for name, layer in layers.items():
            self._hold(name, layer)

    def _hold(self, name: str, layer: Any) -> None:
        if not isinstance(layer, Module):
            raise TypeError(f"{type(self).__name__}: layer {name} is {layer!r}, it must be a Module")
        if not isinstance(name, str) or not name or "." in name:
            raise ValueError(f"{type(self).__name__}: a layer's name is {name!r}, it must be a word without dots")
        self._held[name] = layer

    def children(self):
        return iter(self._held.items())

    def __getattr__(self, name: str) -> Module:
        if name in self.__dict__.get("_held", {}):
            return self._held[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}")

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        return super().__repr__() if self._held else f"{type(self).__name__}()"


class Listed(Holder):
    """Layers in an order, "0", "1", …"""

    def __init__(self, layers: Iterable[Module] = ()):
        super().__init__({str(i): layer for i, layer in enumerate(layers)})

    @property
    def layers(self) -> tuple[Module, ...]:
        return tuple(self._held.values())

    def append(self, layer: Module) -> Self:
        self._hold(str(len(self)), layer)
        return self

    def extend(self, layers: Iterable[Module]) -> Self:
        for layer in layers:
            self.append(layer)
        return self

    def insert(self, index: int, layer: Module) -> Self:
        """Put a layer before the one at that index; those behind it get the next names."""
        self._hold("new", layer)
        del self._held["new"]
        layers = list(self.layers)
        layers.insert(index, layer)
        self._held = {str(i): layer for i, layer in enumerate(layers)}
        return self

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index):
        if not isinstance(index, slice):
            return self.layers[index]
        part, held = type(self)(), dict(list(self._held.items())[index])
        numbered = all(name.isdigit() for name in held)  # those get new numbers
        Holder.__init__(part, {str(i): layer for i, layer in enumerate(held.values())} if numbered else held)
        return part


class Sequential(Listed):
    """The output of each layer is the input of the next; the way back walks them in reverse.

    Sequential(layer, layer, …), or Sequential({"name": layer, …}). Its keys are PyTorch's: "0.weight", "0.bias",
    "2.weight", …

    A `Linear` or a batch norm makes the ReLU behind it, too, a `Linear` also Sigmoid and Tanh; on the way back a
    `Linear` walks through the activation of one before it. That saves passes over memory and, on a GPU, launches.
    """

    def __init__(self, *layers: Module | Mapping[str, Module]):
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            Holder.__init__(self, layers[0])
        else:
            super().__init__(layers)  # type: ignore[arg-type]

    def _calls(self) -> Iterator[tuple[Module, dict[str, Any]]]:
        """The layers to call, each with the activation behind it, if it makes that, too."""
        layers, made = self.layers, False  # made: whether the layer before makes this one, too
        for layer, after in zip(layers, (*layers[1:], None)):
            if made:
                made = False
                continue
            activation = ACTIVATIONS.get(type(after))  # type: ignore[arg-type]
            made = activation in vars(type(layer)).get("fused", ())  # its own: a subclass's forward may not know it
            yield layer, {"activation": activation} if made else {}

    def __call__(self, x):
        for layer, options in self._calls():
            x = layer(x, **options)
        return x

    def forward(self, x):
        calls, ways = list(self._calls()), []
        for layer, options in calls:
            x, way = layer.forward(x, **options)
            ways.append(way)

        def backward(grad, input_gradient=True):
            # Without the input's gradient, nothing below the first layer with parameters needs to be walked.
            with_parameters = (i for i, (layer, _) in enumerate(calls) if layer.parameters())
            last = 0 if input_gradient else next(with_parameters, len(calls))
            for i in range(len(ways) - 1, last - 1, -1):
                options: dict[str, Any] = {"input_gradient": input_gradient or i > last}
                if _meet(calls[i : i + 2]):
                    options["walked"] = True
                if i > last and _meet(calls[i - 1 : i + 1]):
                    options["input_activation"] = calls[i - 1][1]["activation"]
                grad = ways[i](grad, **options)
            return grad if input_gradient else None

        return x, backward


def _meet(calls: list[tuple[Module, dict[str, Any]]]) -> bool:
    """Whether these are two linear layers, of which the second walks back through the activation between them."""
    return [type(layer) for layer, _ in calls] == [Linear, Linear] and bool(calls[0][1])


class ModuleList(Listed):
    """A list of layers for a layer of your own, which calls them as it likes: ModuleList([layer, layer, …])."""

    def __setitem__(self, index: int, layer: Module) -> None:
        self._hold(list(self._held)[index], layer)


class ModuleDict(Holder):
    """A dictionary of layers for a layer of your own, which calls them as it likes: ModuleDict({"name": layer, …})."""

    def __init__(self, modules: Mapping[str, Module] | None = None):
        super().__init__(modules or {})

    def __getitem__(self, name: str) -> Module:
        return self._held[name]

    def __setitem__(self, name: str, layer: Module) -> None:
        self._hold(name, layer)

    def __delitem__(self, name: str) -> None:
        del self._held[name]

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def keys(self):
        return self._held.keys()

    def values(self):
        return self._held.values()

    def items(self):
        return self._held.items()
