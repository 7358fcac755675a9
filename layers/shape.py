"""Layers that compute nothing."""

import math

from .module import Module


class Identity(Module):
    """The input itself."""

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return grad if input_gradient else None

        return x, backward


class Flatten(Module):
    """Joins the axes `start_dim` to `end_dim` into one: (n, c, h, w) becomes (n, c·h·w)."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        before = x.shape
        first, last = self._axis("start_dim", x.ndim), self._axis("end_dim", x.ndim)
        if first > last:
            raise ValueError(f"Flatten: start_dim {self.start_dim} comes after end_dim {self.end_dim}")
        after = (*before[:first], math.prod(before[first : last + 1]), *before[last + 1 :])

        def backward(grad, input_gradient=True):
            return grad.reshape(before) if input_gradient else None

        return x.reshape(after), backward

    def _axis(self, name: str, ndim: int) -> int:
        """An axis counted from the front; a 0-dimensional array has one, as in PyTorch."""
        value, ndim = getattr(self, name), max(ndim, 1)
        if not -ndim <= value < ndim:
            raise ValueError(f"Flatten: {name} is {value}, it must be from {-ndim} to {ndim - 1}")
        return value % ndim

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
