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


class Unflatten(Module):
    """Divides the axis `dim` into axes of the sizes `unflattened_size`, of which one may be −1: what is left."""

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]):
        if not isinstance(unflattened_size, (tuple, list)) or not all(type(n) is int for n in unflattened_size):
            raise TypeError(f"Unflatten: unflattened_size is {unflattened_size!r}, it must be a tuple of integers")
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x):
        if not -x.ndim <= self.dim < x.ndim:
            raise ValueError(f"Unflatten: dim is {self.dim}, it must be from {-x.ndim} to {x.ndim - 1}")
        dim, before, sizes = self.dim % x.ndim, x.shape, self.unflattened_size
        known = math.prod(n for n in sizes if n != -1)
        if sizes.count(-1) == 1 and known > 0 and before[dim] % known == 0:
            sizes = tuple(before[dim] // known if n == -1 else n for n in sizes)
        if min(sizes, default=0) < 0 or math.prod(sizes) != before[dim]:
            raise ValueError(
                f"Unflatten: x has the shape {before}, its axis {dim} can't be divided into {self.unflattened_size}"
            )

        def backward(grad, input_gradient=True):
            return grad.reshape(before) if input_gradient else None

        return x.reshape(*before[:dim], *sizes, *before[dim + 1 :]), backward

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
