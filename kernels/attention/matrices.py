"""Arrays (..., rows, width) as the kernels of attention take them: (batch, heads, rows, width), each row in one piece.

Heads are often views of what one product has made for all of them, and so is the memory to be filled: (batch, rows,
heads, width), axes exchanged.
"""

import math
from typing import Any

import numpy as np

from .. import check
from ..backend import current


def in_rows(x: Any) -> Any:
    """`x`, the numbers of its last axis side by side; a copy only if they aren't."""
    x = check.aligned(x)
    return x if x.strides[-1] == x.itemsize or x.shape[-1] < 2 else check.contiguous(x)


def matrices(x: Any) -> Any:
    """(..., rows, width) as (batch, heads, rows, width), each row in one piece."""
    x = in_rows(x)
    if x.ndim <= 4:
        return x[(None,) * (4 - x.ndim)]
    return x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:])


def output(name: str, shape: tuple[int, ...], dtype: Any, out: Any, *inputs: Any, in_place: bool = False) -> Any:
    """As check.output, but a view will do in which rows lie in one piece."""
    is_view = isinstance(out, current().array_type) and out.shape == shape and out.dtype == dtype and out.ndim <= 4
    if not is_view or out.strides[-1] != out.itemsize or not (_flag(out, "writeable") and _flag(out, "aligned")):
        return check.output(name, out, shape, dtype, *inputs, in_place=in_place)
    for x in inputs if isinstance(out, np.ndarray) else ():
        if x is None or (in_place and x is out) or not np.may_share_memory(out, x):
            continue
        if not in_place or x.ctypes.data != out.ctypes.data or x.strides != out.strides:
            raise ValueError(f"{name}: out overlaps an input, which is still needed while out is written")
    return out


def _flag(x: Any, name: str) -> bool:
    """NumPy's; CuPy's arrays have none of these, and are always so."""
    return getattr(x.flags, name, True)
