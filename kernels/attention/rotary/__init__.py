"""Rotary positions: queries and keys are turned by angles that grow with their rows, so that what they make of each
other depends on how far apart they are alone."""

import functools
import math
from typing import Any

import numpy as np

from ... import check
from ...backend import current, kernel
from ...operation import Cost, Draw, Sample, operation
from ..matrices import matrices, output


def _samples(draw: Draw):
    yield Sample((draw.normal(1, 2),), note="one row of one pair")
    yield Sample((draw.normal(2, 3, 5, 34), 7), note="more than a vector, at an offset")
    yield Sample((draw.normal(3, 70, 16), 1000, 500.0), note="another base")
    yield Sample((draw.normal(2, 5, 3, 8).swapaxes(1, 2), 1), note="a view")
    yield Sample((draw.normal(2, 1, 2, 3, 4, layout="strided"), 2), note="more axes")
    yield Sample((draw.normal(2, 0, 4),), note="no rows")
    yield Sample((draw.normal(2, 3, 0),), note="no columns")
    yield Sample((draw.extremes().reshape(7, 2), 3), smooth=False, note="extreme values")


@operation(
    formula="(yᵢ, yᵢ₊ₙ) = (xᵢ, xᵢ₊ₙ) turned by (offset + row) · base^(−i/n), n = width/2",
    samples=_samples,
    cost=lambda x, *_, **__: Cost(3 * x.size, 2 * x.nbytes),
    backward_cost=lambda x, *_, **__: Cost(3 * x.size, 2 * x.nbytes),
    example=lambda draw, *shape: Sample((draw.normal(*shape[:-1], shape[-1] // 2 * 2),)),
    workloads={"16×4×128×32": (16, 4, 128, 32), "4×8×512×64": (4, 8, 512, 64)},
    outputs=("y",),
    differentiable=("x",),
    kernel="rotate",
)
def rotary_embedding(x, offset=0, base=10000.0, *, out=None):
    """Each pair (xᵢ, xᵢ₊ₙ) of a row, n = width/2 and i < n, turned by the angle a = position · base^(−i/n):

    yᵢ = xᵢ cos a − xᵢ₊ₙ sin a, yᵢ₊ₙ = xᵢ₊ₙ cos a + xᵢ sin a.

    Parameters
    ----------
    x : array (..., rows, width), the width even
        Queries or keys. Row r is at the position offset + r.
    offset : integer of at least 0
        How many rows have gone before.
    base : number above 0
    out : array like x, optional
        May be `x`; of at most 4 axes it may be a view in which the numbers of a row lie together.

    The product of a query and a key turned so is a function of both and of the difference of their positions. The paper
    pairs neighbours, x₂ᵢ and x₂ᵢ₊₁; halves, as in GPT-NeoX, are the same with the columns in another order.
    Source: Su et al., RoFormer, arXiv:2104.09864.
    """
    return _turn("rotary_embedding", "x", x, offset, base, 1.0, out)


def rotary_embedding_backward(grad, offset=0, base=10000.0, *, out=None):
    """The gradient of `rotary_embedding` by x: grad, turned back. `out` may be `grad`."""
    return _turn("rotary_embedding_backward", "grad", grad, offset, base, -1.0, out)


def _turn(function: str, name: str, x: Any, offset: Any, base: Any, direction: float, out: Any) -> Any:
    check.real(function, name, x)
    if x.ndim < 2 or x.shape[-1] % 2:
        raise ValueError(f"{function}: {name} has the shape {x.shape}, it must be (…, rows, width), the width even")
    if not isinstance(offset, (int, np.integer)) or isinstance(offset, bool) or offset < 0:
        raise ValueError(f"{function}: offset is {offset!r}, it must be an integer of at least 0")
    base = check.number(function, "base", base, 0)
    if base == 0:
        raise ValueError(f"{function}: base is 0, it must be above 0")
    out = output(function, x.shape, x.dtype, out, x, in_place=True)
    if x.size:
        place = int(offset) % STRETCH  # tables begin and end so that few are made, where rows come one by one
        end = place + x.shape[-2]
        about = int(offset) - place, -(-end // STRETCH) * STRETCH, x.shape[-1] // 2, base
        cosines, sines = (table[place:end] for table in _table(current(), x.dtype, *about))
        kernel("attention.rotary.rotate")(matrices(x), cosines, sines, direction, matrices(out))
    return out


STRETCH = 256  # positions


@functools.lru_cache(maxsize=64)
def _table(backend: Any, dtype: Any, offset: int, rows: int, n: int, base: float) -> tuple[Any, Any]:
    """The angles' cosines and sines (rows, n), found in double precision: all heads and layers need the same ones."""
    places = np.arange(offset, offset + rows, dtype=np.float64)
    angles = places[:, None] * np.exp(np.arange(n) * (-math.log(base) / n))
    return tuple(backend.from_numpy(f(angles).astype(dtype)) for f in (np.cos, np.sin))  # type: ignore[return-value]
