"""Layers side by side: each gets the same input, and their outputs are added, joined, or returned one by one.

The way back adds up what they return.
"""

from typing import Any

from .. import kernels
from ..kernels import check
from .module import Module
from .sequential import Listed
from .shape import Identity


class Parallel(Listed):
    """(first(x), second(x), …), a tuple; the way back takes one of gradients, None for an output that isn't used."""

    def __init__(self, *layers: Module):
        super().__init__(layers)

    def __call__(self, x):
        return tuple(layer(x) for layer in self.layers)

    def forward(self, x):
        outputs, ways = zip(*(layer.forward(x) for layer in self.layers)) if len(self) else ((), ())

        def backward(grads, input_gradient=True):
            if len(grads) != len(ways):
                raise ValueError(f"Parallel: {len(grads)} gradients are given, there must be {len(ways)}")
            total = None
            for way, grad in zip(ways, grads):
                if grad is not None:
                    found = way(grad, input_gradient=input_gradient)
                    total = found if total is None else total + found
            return total

        return outputs, backward


class Concatenate(Listed):
    """The outputs of several layers, joined along an axis: Concatenate(first, second, …, axis=1)."""

    def __init__(self, *layers: Module, axis: int = 1):
        if not layers:
            raise ValueError("Concatenate: there must be at least one layer")
        super().__init__(layers)
        self.axis = axis

    def __call__(self, x):
        return self._join([layer(x) for layer in self.layers])[0]

    def forward(self, x):
        outputs, ways = zip(*(layer.forward(x) for layer in self.layers))
        y, places = self._join(outputs)

        def backward(grad, input_gradient=True):
            total = None
            for way, place in zip(ways, places):
                found = way(grad[place], input_gradient=input_gradient)
                total = found if total is None else total + found
            return total

        return y, backward

    def _join(self, parts: Any) -> tuple[Any, list[tuple[slice, ...]]]:
        """The parts as one array, and where in it each lies."""
        first = parts[0]
        axis = check.axis("Concatenate", self.axis, first.ndim)
        places, end = [], 0
        for part in parts:
            start, end = end, end + (part.shape[axis] if part.ndim == first.ndim else 0)
            places.append((slice(None),) * axis + (slice(start, end),))
            others = (*first.shape[:axis], end - start, *first.shape[axis + 1 :])
            check.shape("Concatenate", f"the output of layer {len(places) - 1}", part, others)
        y = kernels.current().empty((*first.shape[:axis], end, *first.shape[axis + 1 :]), first.dtype)
        for part, place in zip(parts, places):
            y[place] = part
        return y, places

    def extra_repr(self) -> str:
        return f"axis={self.axis}"


class Residual(Module):
    """inner(x) + shortcut(x); the shortcut is x itself where none is given.

    Source: He et al., Deep Residual Learning for Image Recognition, arXiv:1512.03385.
    """

    def __init__(self, inner: Module, shortcut: Module | None = None):
        for name, layer in (("inner", inner), ("shortcut", shortcut)):
            if not isinstance(layer, Module) and (layer is not None or name == "inner"):
                raise TypeError(f"Residual: {name} is {layer!r}, it must be a Module")
        self.inner, self.shortcut = inner, shortcut or Identity()

    def __call__(self, x):
        return self._add(self.inner(x), self.shortcut(x))

    def forward(self, x):
        (y, through), (short, past) = self.inner.forward(x), self.shortcut.forward(x)

        def backward(grad, input_gradient=True):
            found: Any = through(grad, input_gradient=input_gradient)
            other: Any = past(grad, input_gradient=input_gradient)
            return found + other if input_gradient else None

        return self._add(y, short), backward

    def _add(self, y: Any, short: Any) -> Any:
        check.shape("Residual", "the output of shortcut", short, y.shape, "as that of inner")
        return y + short
