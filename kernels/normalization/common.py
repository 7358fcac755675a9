"""What the contracts of all normalisations share: their outputs, and parameters that may be missing."""

from typing import Any

from .. import check
from ..backend import current


def output(function: str, out: Any, x: Any, given: tuple) -> Any:
    """The array to fill; it may be x, which is read a row ahead of it, but no parameter, which each row needs."""
    if out is not None:
        check.output(function, out, x.shape, x.dtype, *(p for p in given if p is not None))
    return check.output(function, out, x.shape, x.dtype, x, in_place=True)


def flat(x: Any, given: tuple) -> list:
    """Parameters as kernels take them: empty for none."""
    none = current().nothing(x.dtype)
    return [none if parameter is None else check.contiguous(parameter).reshape(-1) for parameter in given]


def gradients(x: Any, given: tuple) -> list:
    """Arrays for the gradients of x and the parameters: empty where there is none."""
    sizes = (0 if parameter is None else parameter.size for parameter in given)
    return [current().empty(x.shape, x.dtype), *(current().empty((size,), x.dtype) for size in sizes)]


def shaped(gradient: Any, parameter: Any) -> Any:
    return None if parameter is None else gradient.reshape(parameter.shape)
