"""Layers that look rows of a table up. Their inputs are numbers of rows, which have no gradient."""

from typing import Any, Self

import numpy as np

from .. import kernels
from .affine import integer
from .initial import generator
from .module import Module
from .parameter import Parameter


class _Table(Module):
    """A table of rows, N(0, 1) at first; of zeros where the padding row is."""

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None, dtype: Any):
        name = type(self).__name__
        self.num_embeddings = integer(self, "num_embeddings", num_embeddings)
        self.embedding_dim = integer(self, "embedding_dim", embedding_dim)
        if padding_idx is not None:
            if not isinstance(padding_idx, (int, np.integer)) or isinstance(padding_idx, bool):
                raise TypeError(f"{name}: padding_idx must be an integer or None, not {padding_idx!r}")
            low, high = -self.num_embeddings, self.num_embeddings - 1
            if not low <= padding_idx <= high:
                raise ValueError(f"{name}: padding_idx is {padding_idx}, it must be from {low} to {high}")
            padding_idx = int(padding_idx) % self.num_embeddings
        self.padding_idx = padding_idx
        numbers = generator().standard_normal((self.num_embeddings, self.embedding_dim)).astype(dtype)
        if padding_idx is not None:
            numbers[padding_idx] = 0
        self.weight = Parameter(numbers, "weight")

    @classmethod
    def from_pretrained(cls, embeddings: Any, **options: Any) -> Self:
        """A layer with a copy of this table, an array (num_embeddings, embedding_dim), and the other arguments.

        Whether it is trained isn't its own affair: a table that shall stay is kept from the optimizer.
        """
        table = np.asarray(embeddings)
        if table.ndim != 2:
            raise ValueError(f"{cls.__name__}: embeddings has {table.ndim} axes, it must have 2")
        layer = cls(*table.shape, dtype=table.dtype, **options)
        layer.weight.data = table
        return layer


class Embedding(_Table):
    """The rows of a table that the input names: integers of any shape become (..., embedding_dim).

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        The table's size.
    padding_idx : int, optional
        A row that begins as zeros and gets no gradient; a negative one counts from the end.
    scale_grad_by_freq : bool
        Whether a row's gradient is divided by how often the input names it.
    dtype : float32 or float64

    `weight` is (num_embeddings, embedding_dim). The way back returns None.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        scale_grad_by_freq: bool = False,
        dtype: Any = np.float32,
    ):
        super().__init__(num_embeddings, embedding_dim, padding_idx, dtype)
        self.scale_grad_by_freq = bool(scale_grad_by_freq)

    def __call__(self, x):
        return kernels.embedding(x, self.weight.data)

    def forward(self, x):
        def backward(grad, input_gradient=True):
            weight, out, by_frequency = self.weight.data, self.weight.grad_to_write(), self.scale_grad_by_freq
            found = kernels.embedding_backward(
                grad, x, weight, self.padding_idx, scale_grad_by_freq=by_frequency, out=out
            )
            self.weight.add_grad(found)

        return self(x), backward

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        scaled = ", scale_grad_by_freq=True" if self.scale_grad_by_freq else ""
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}{scaled}"


class EmbeddingBag(_Table):
    """Sums, means or maxima of bags of rows of a table.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        The table's size.
    mode : "mean", "sum" or "max"
    include_last_offset : bool
        Whether offsets have one number more, the size of the input.
    padding_idx : int, optional
        A row that begins as zeros and is left out of every bag; a negative one counts from the end.
    dtype : float32 or float64

    `weight` is (num_embeddings, embedding_dim). The input is (bags, terms), or (positions,) with the offsets at which
    bags begin; `per_sample_weights`, of its shape, are factors for the mode "sum". The result is (bags, embedding_dim).
    The way back returns the gradient of `per_sample_weights`, None without them.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        mode: str = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        dtype: Any = np.float32,
    ):
        super().__init__(num_embeddings, embedding_dim, padding_idx, dtype)
        if mode not in ("sum", "mean", "max"):
            raise ValueError(f"EmbeddingBag: mode is {mode!r}, it must be one of 'sum', 'mean', 'max'")
        self.mode, self.include_last_offset = mode, bool(include_last_offset)

    def __call__(self, x, offsets=None, per_sample_weights=None):  # type: ignore[override]
        return kernels.embedding_bag(*self._arguments(x, offsets, per_sample_weights))

    def _arguments(self, x: Any, offsets: Any, factors: Any) -> tuple:
        return x, self.weight.data, offsets, self.mode, factors, self.include_last_offset, self.padding_idx

    def forward(self, x, offsets=None, per_sample_weights=None):  # type: ignore[override]
        def backward(grad, input_gradient=True):
            arguments, out = self._arguments(x, offsets, per_sample_weights), self.weight.grad_to_write()
            found, slopes = kernels.embedding_bag_backward(grad, *arguments, out=out)
            self.weight.add_grad(found)
            return slopes if input_gradient else None

        return self(x, offsets, per_sample_weights), backward

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}, mode={self.mode!r}{padding}"
