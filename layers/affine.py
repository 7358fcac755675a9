"""What normalising layers share: parameters that may be missing, and checks of their arguments."""

from typing import Any

import numpy as np

from .parameter import Buffer, Parameter


def scale_and_shift(shape: Any, weight: bool, bias: bool, dtype: Any) -> tuple[Parameter | None, Parameter | None]:
    """A weight of ones and a bias of zeros, or None."""
    return (
        Parameter(np.ones(shape, dtype), "weight") if weight else None,
        Parameter(np.zeros(shape, dtype), "bias") if bias else None,
    )


def data(held: Buffer | None) -> Any:
    return None if held is None else held.data


def add_gradients(parameters: tuple[Parameter | None, ...], gradients: tuple) -> None:
    for parameter, gradient in zip(parameters, gradients):
        if parameter is not None:
            parameter.add_grad(gradient)


def integer(layer: Any, name: str, value: Any, low: int = 0) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < low:
        raise ValueError(f"{type(layer).__name__}: {name} is {value!r}, it must be an integer of at least {low}")
    return int(value)


def axes(layer: Any, x: Any, allowed: tuple[int, ...]) -> None:
    if x.ndim not in allowed:
        numbers = " or ".join(map(str, allowed))
        raise ValueError(f"{type(layer).__name__}: x has {x.ndim} axes, it must have {numbers}")
