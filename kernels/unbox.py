"""How a NumPy array gets into a kernel: by reading its object, which takes a few nanoseconds.

    object header │ data │ ndim │ shape ─► n₀ n₁ … │ strides ─► s₀ s₁ … │ …      (PyArrayObject, NumPy's C API)

Numba's own way makes a record that counts references to the array, for each array of each call: for a small product of
matrices that takes as long as the product. A kernel needs none, for its caller keeps the arrays alive.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel.models import ArrayModel
from numba.core.datamodel.registry import register_default
from numba.extending import NativeValue, unbox
from numba.np.arrayobj import populate_array

I32, I64, POINTER = ir.IntType(32), ir.IntType(64), ir.IntType(8).as_pointer()
DATA = object.__basicsize__  # bytes before the pointer to the data
NDIM, SHAPE, STRIDES = DATA + 8, DATA + 16, DATA + 24


class Borrowed(types.Array):
    """An array that its owner, outside, keeps alive; within a kernel it is one like any other."""

    def __init__(self, dtype: Any, ndim: int, layout: Any, readonly: bool):
        name = f"borrowed({dtype}, {ndim}, {layout}, {'read' if readonly else 'written'})"
        super().__init__(dtype, ndim, layout, readonly=readonly, name=name)


register_default(Borrowed)(ArrayModel)


@unbox(Borrowed)
def _unbox(kind: Any, obj: Any, c: Any) -> NativeValue:
    """The rest has been checked by the contract; but no kernel shall read a shape that isn't there.

    An array without gaps of any number of axes will do where a kernel wants one axis: flat.
    """
    b = c.builder

    def field(offset: int, type: Any) -> Any:
        return b.load(b.bitcast(b.gep(b.bitcast(obj, POINTER), [I64(offset)]), type.as_pointer()))

    array = c.context.make_array(kind)(c.context, b)
    size = kind.dtype.bitwidth // 8
    axes = field(NDIM, I32)
    if kind.ndim == 1 and kind.layout == "C":
        sizes, count = field(SHAPE, I64.as_pointer()), cgutils.alloca_once_value(b, I64(1))
        with cgutils.for_range(b, axes) as loop:
            b.store(b.mul(b.load(count), b.load(b.gep(sizes, [loop.index]))), count)
        shape, strides, unlike = (b.load(count),), (I64(size),), cgutils.false_bit
    else:
        unlike = b.icmp_signed("!=", axes, I32(kind.ndim))
        with b.if_then(unlike, likely=False):
            c.pyapi.err_set_string("PyExc_TypeError", f"a kernel needs an array of {kind.ndim} axes here")
        row = ir.ArrayType(I64, kind.ndim)
        nothing = cgutils.alloca_once_value(b, ir.Constant(row, None))
        shape, strides = (
            b.load(b.select(unlike, nothing, field(place, row.as_pointer()))) for place in (SHAPE, STRIDES)
        )
    populate_array(array, field(DATA, array.data.type), shape, strides, size, None)
    return NativeValue(array._getvalue(), is_error=unlike)
