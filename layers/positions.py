"""Where a row stands, added to what it holds. Positions by rotation are an argument of MultiheadAttention, `rotary`."""

import functools
from typing import Any

import numpy as np

from .. import kernels
from ..kernels import check
from .affine import integer
from .module import Module


class SinusoidalPositions(Module):
    """x + p, where p[row, 2i] = sin(row / 10000^(2i/d_model)) and p[row, 2i + 1] the cosine of the same.

    Parameters
    ----------
    d_model : int
        The width of the rows.
    max_len : int
        The most rows that there may be.
    batch_first : bool
        Whether x is (batch, rows, d_model) rather than (rows, batch, d_model); without a batch (rows, d_model).

    `layer(x, offset)` and `forward(x, offset)` take x's rows as those from `offset` on. There are no parameters, and
    nothing in `state_dict`. Source: Vaswani et al., Attention Is All You Need, arXiv:1706.03762.
    """

    def __init__(self, d_model: int, max_len: int = 5000, batch_first: bool = False):
        self.d_model, self.max_len = integer(self, "d_model", d_model), integer(self, "max_len", max_len)
        self.batch_first = batch_first

    def __call__(self, x, offset=0):  # type: ignore[override]
        name = "SinusoidalPositions"
        check.real(name, "x", x)
        if x.ndim not in (2, 3) or x.shape[-1] != self.d_model:
            axes = "(rows, {0}) or " + ("(batch, rows, {0})" if self.batch_first else "(rows, batch, {0})")
            raise ValueError(f"{name}: x has the shape {x.shape}, it must be {axes.format(self.d_model)}")
        rows = x.shape[-2] if self.batch_first else x.shape[0]
        if not 0 <= offset <= self.max_len - rows:
            rest = f"at most {self.max_len - rows}, for there are {rows} rows, and max_len is {self.max_len}"
            raise ValueError(f"{name}: offset is {offset}, it must be from 0 on and {rest}")
        table = _table(kernels.current(), x.dtype, self.max_len, self.d_model)[offset : offset + rows]
        return x + (table if self.batch_first or x.ndim == 2 else table[:, None])

    def forward(self, x, offset=0):  # type: ignore[override]
        def backward(grad, input_gradient=True):
            return grad if input_gradient else None

        return self(x, offset), backward

    def extra_repr(self) -> str:
        return f"{self.d_model}, max_len={self.max_len}, batch_first={self.batch_first}"


@functools.lru_cache(maxsize=8)
def _table(backend: Any, dtype: Any, rows: int, width: int) -> Any:
    """(rows, width), found in double precision."""
    angles = np.arange(rows)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    found = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(rows, -1)[:, :width]
    return backend.from_numpy(found.astype(dtype))
