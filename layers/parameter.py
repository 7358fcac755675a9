"""What a layer holds: parameters, numbers that training changes, with their gradient; and buffers, without."""

import copy
from typing import Any

import numpy as np

from .. import kernels


class Buffer:
    """An array `data` that a layer keeps and no optimizer changes, such as a running mean.

    Assigning to it copies the values into the memory that is there already.
    """

    def __init__(self, data: Any, name: str = ""):
        self.name = name
        self.backend = kernels.current()
        self._data = self.backend.from_numpy(np.array(data, order="C"))

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def size(self) -> int:
        return self._data.size

    @property
    def dtype(self) -> np.dtype:
        return self._data.dtype

    @property
    def data(self) -> Any:
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        if value is not self._data:  # `buffer.data += x` has added in place and assigns what is there
            self._fill("data", self._data, value)

    def numpy(self) -> np.ndarray:
        """A copy of the data as a NumPy array."""
        return np.array(self.backend.to_numpy(self._data), order="C")

    def to(self, name: str) -> None:
        """Move to that backend; between two that share a kind of array, nothing is copied."""
        old, self.backend = self.backend, kernels.backend(name)
        if self.backend.array_type is not old.array_type:
            self._data = self.backend.from_numpy(old.to_numpy(self._data))

    def __deepcopy__(self, memo: dict) -> "Buffer":
        """In memory of its own, on the same backend."""
        other = copy.copy(self)
        other._data = self._data.copy()
        return other

    def _fill(self, what: str, array: Any, value: Any) -> None:
        if not isinstance(value, self.backend.array_type):
            value = self.backend.from_numpy(np.asarray(value, self.dtype))
        if value.shape != self.shape:
            kind = type(self).__name__
            raise ValueError(f"{kind} {self.name}: {what} has the shape {value.shape}, it must be {self.shape}")
        array[...] = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name or '?'}: {'×'.join(map(str, self.shape))} {self.dtype})"


class Parameter(Buffer):
    """An array `data` and its gradient `grad`, of the same shape, on one backend.

    Assigning to either copies the values into the memory that is there already, so that whoever holds a view of it
    (an optimizer holds all parameters of a network as one flat array) goes on seeing them.
    """

    def __init__(self, data: np.ndarray, name: str = ""):
        data = np.array(data, order="C")
        if data.dtype.kind != "f":
            raise TypeError(f"Parameter {name}: data must be float32 or float64, not {data.dtype}")
        super().__init__(data, name)
        self.storage: Any = None  # whose memory this is, if another object lent it with `bind`
        self._grad: Any = None  # made when first asked for: inference needs none
        self._grad_is_zero = False  # whatever its memory holds: it is set to zero when somebody looks

    @property
    def grad(self) -> Any:
        """The sum of all gradients since the last `zero_grad`; at first zero."""
        if self._grad is None:
            self._grad, self._grad_is_zero = self.backend.empty(self.shape, self.dtype), True
        if self._grad_is_zero:
            self._grad.fill(0)
            self._grad_is_zero = False
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not self._grad:  # `parameter.grad += x` has added in place and assigns what is there
            self._fill("grad", self.grad, value)

    def zero_grad(self) -> None:
        if self._grad is not None:
            self._grad.fill(0)
            self._grad_is_zero = False

    def drop_grad(self) -> None:
        """As `zero_grad`, but the memory is left as it is until `grad` is read: most often the next thing to happen
        to it is that it is written anew."""
        self._grad_is_zero = self._grad is not None

    def grad_to_write(self) -> Any:
        """The gradient's memory, for the first gradient to be written straight into; None if there has been one, to
        which others must be added. Whoever asks must write."""
        if self._grad is None:
            self._grad, self._grad_is_zero = self.backend.empty(self.shape, self.dtype), True
        if not self._grad_is_zero:
            return None
        self._grad_is_zero = False
        return self._grad

    def add_grad(self, grad: Any) -> None:
        """Add a gradient, unless it has been written where it belongs."""
        if grad is not self._grad:
            self.grad += grad

    def __deepcopy__(self, memo: dict) -> "Parameter":
        """Without the gradient, and not the optimizer's."""
        other: Any = super().__deepcopy__(memo)
        other.storage, other._grad, other._grad_is_zero = None, None, False
        return other

    def bind(self, data: Any, grad: Any, storage: Any) -> None:
        """Move into memory that `storage` lends: views of this shape, which take over the values."""
        data[...] = self._data
        if self._grad is None:
            grad.fill(0)
        else:
            grad[...] = self.grad
        self._data, self._grad, self.storage = data, grad, storage

    def to(self, name: str) -> None:
        """Move to that backend, the gradient too."""
        old, grad = self.backend, self._grad if self._grad is None else self.grad
        super().to(name)
        if self.backend.array_type is not old.array_type:
            self._grad = None if grad is None else self.backend.from_numpy(old.to_numpy(grad))
            self.storage = None
