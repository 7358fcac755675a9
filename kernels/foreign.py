"""Arrays of other libraries in any public function, without a copy: a PyTorch tensor, say, on the CPU or on a GPU.

    kernels.relu(tensor)                    an array of the backend in use, over new memory
    kernels.relu(tensor, out=other)         an array over the memory of `other`
    torch.from_dlpack(kernels.relu(tensor)) the way back, without a copy, too

They are taken by DLPack (https://dmlc.github.io/dlpack), or by __cuda_array_interface__ or __array_interface__, if they
lie where the backend works. Calls with the backend's own arrays don't pay for that: only where `check` has
refused one is the call made anew, with what can be taken of its arguments.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .backend import current

WAYS = ("__dlpack_device__", "__cuda_array_interface__", "__array_interface__")


class NotAnArray(TypeError):
    """An argument isn't an array of the backend in use."""


def accepting(function: Callable) -> Callable:
    """The public function, taking arrays of other libraries as well."""

    @functools.wraps(function)
    def call(*args, **options):
        try:
            return function(*args, **options)
        except NotAnArray:
            bound = inspect.signature(function).bind(*args, **options)
            given = dict(bound.arguments)
            bound.arguments.update({name: _own(function.__name__, name, x) for name, x in given.items()})
            if all(bound.arguments[name] is x for name, x in given.items()):
                raise
        return function(*bound.args, **bound.kwargs)

    return call


def _own(function: str, name: str, x: Any) -> Any:
    """The argument as an array of the backend in use; as it is, if it is one, or can't be."""
    backend = current()
    # What is wrong with an array of NumPy's or CuPy's, `check` has said already.
    known = type(x).__module__.partition(".")[0] in ("numpy", "cupy")
    if known or not any(hasattr(x, way) for way in WAYS):
        return x
    try:
        return backend.adopt(x)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}"
        said = str(error).rstrip(".")
        raise TypeError(
            f"{function}: {name}, a {kind}, can't be taken without a copy on the backend {backend.name}: {said}"
        ) from None
