"""Flat parameter storage: all parameters of a network in one array, all gradients in another.

    data  │ 0.weight ········ │ 0.bias · 0 0 0 │ 2.weight ···· │ …
    grad  │ ∂0.weight ······· │ ∂0.bias  0 0 0 │ ∂2.weight ··· │ …

An optimizer's step is then one kernel over one array, and so is setting all gradients to zero. Each parameter begins
at a multiple of 16 elements, which is a cache line of float32; the gaps are zero.
"""

import math
from collections.abc import Iterable
from typing import Any

from ..layers import Parameter

ALIGNMENT = 16


class Flat:
    """The storage of some parameters, whose `data` and `grad` become views of it."""

    def __init__(self, parameters: list[Parameter]):
        self.parameters = parameters
        self.backend = parameters[0].backend
        self.dtype = parameters[0].dtype
        self.offsets, self.size = [], 0
        for parameter in parameters:
            self.offsets.append(self.size)
            self.size += math.ceil(parameter.size / ALIGNMENT) * ALIGNMENT
        self.data, self.whole_grad = self.zeros(), self.zeros()
        for parameter, data, grad in zip(parameters, self.views(self.data), self.views(self.whole_grad)):
            parameter.bind(data, grad, self)

    def views(self, array: Any) -> list[Any]:
        """Each parameter's part of an array of this length, in its shape."""
        return [
            array[offset : offset + parameter.size].reshape(parameter.shape)
            for parameter, offset in zip(self.parameters, self.offsets)
        ]

    @property
    def grad(self) -> Any:
        """All gradients; those that are zero are set to zero only now."""
        for parameter in self.parameters:
            _ = parameter.grad
        return self.whole_grad

    def zeros(self) -> Any:
        """A new array of the same length, for an optimizer's state."""
        array = self.backend.empty((self.size,), self.dtype)
        array.fill(0)
        return array

    def strays(self) -> list[Parameter]:
        """The parameters that have moved elsewhere since."""
        return [parameter for parameter in self.parameters if parameter.storage is not self]

    def check(self) -> None:
        """All parameters must still live here."""
        for parameter in self.strays():
            raise RuntimeError(
                f"{parameter!r} was moved after this optimizer was made, by another optimizer that has some of the "
                "same parameters, or by to(…): make the optimizer after the move"
            )


def gather(parameters: Iterable[Parameter]) -> Flat:
    """The parameters' common storage, each parameter once: the one they are in already, or else a new one.

    Raises
    ------
    TypeError
        Something else than parameters, or parameters of several dtypes or backends.
    ValueError
        There are none.
    """
    unique = list({id(parameter): parameter for parameter in parameters}.values())
    for parameter in unique:
        if not isinstance(parameter, Parameter):
            raise TypeError(f"an optimizer needs parameters, as from network.parameters(), not {parameter!r}")
    if not unique:
        raise ValueError("an optimizer needs at least one parameter, and got none")
    first = unique[0]
    for parameter in unique:
        if parameter.dtype != first.dtype:
            raise TypeError(f"an optimizer's parameters must share a dtype: {first!r}, but {parameter!r}")
        if parameter.backend.array_type is not first.backend.array_type:
            names = first.backend.name, parameter.backend.name
            raise TypeError(
                f"an optimizer's parameters must share a backend: {first!r} is on {names[0]}, "
                f"but {parameter!r} is on {names[1]}"
            )
    return storage_of(unique) or Flat(unique)


def storage_of(parameters: list[Parameter]) -> Flat | None:
    """The storage of just these parameters, if there is one, and they are all still there.

    In the same order, for the state of an optimizer is saved as flat arrays.
    """
    storage = parameters[0].storage
    if isinstance(storage, Flat) and [*map(id, storage.parameters)] == [*map(id, parameters)] and not storage.strays():
        return storage
    return None
