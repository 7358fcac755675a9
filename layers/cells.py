"""Recurrent cells: one step of RNN, LSTM, GRU.

state, backward = cell.forward(x, state)      grad_x, grad_state = backward(grad_state)
"""

import math
from typing import Any, ClassVar

import numpy as np

from ..kernels import check
from ..kernels.recurrence.rnn import NONLINEARITIES
from .affine import integer
from .initial import uniform
from .module import Module
from .parameter import Parameter
from .steps import NAMES, sequence


class _Cell(Module):
    """A sequence of one step."""

    function: ClassVar[str]
    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def __init__(self, input_size, hidden_size, bias, dtype):
        self.input_size = integer(self, "input_size", input_size, 1)
        self.hidden_size = integer(self, "hidden_size", hidden_size, 1)
        bound, rows = 1 / math.sqrt(hidden_size), self.gates * hidden_size
        shapes = (rows, input_size), (rows, hidden_size), (rows,), (rows,)
        for name, shape in zip(NAMES, shapes):
            wanted = bias or len(shape) == 2
            setattr(self, name, Parameter(uniform(shape, bound, dtype), name) if wanted else None)
        self.bias = bool(bias)

    def __call__(self, x, state=None):  # type: ignore[override]
        return self._run(x, state, training=False)[0]

    def forward(self, x, state=None):  # type: ignore[override]
        return self._run(x, state, training=True)

    def _options(self) -> dict[str, Any]:
        return {}

    def _run(self, x: Any, state: Any, training: bool) -> tuple[Any, Any]:
        name = type(self).__name__
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            text = f"it must be (B, {self.input_size}), or ({self.input_size},) without a batch"
            raise ValueError(f"{name}: x has the shape {x.shape}, {text}")
        shape = (*x.shape[:-1], self.hidden_size)
        states = self._arrays("state", state)
        for one in states if state is not None else ():
            check.same_dtype(name, "state", one, "x", x)
            check.shape(name, "state", one, shape)
        steps = x.reshape(1, -1 if x.size else len(x), self.input_size)
        states = [None if one is None else one.reshape(steps.shape[1], self.hidden_size) for one in states]
        parameters = {key: getattr(self, key) for key in NAMES}
        _, end, way = sequence(self.function, steps, parameters, states, self._options(), training)

        def backward(grad, input_gradient=True):
            grads = [g if g is None else g.reshape(end[0].shape) for g in self._arrays("grad_state", grad)]
            grad_x, begin = way(None, grads, input_gradient)
            back = None if state is None else self._state([one.reshape(shape) for one in begin])
            return grad_x if grad_x is None else grad_x.reshape(x.shape), back

        return self._state([one.reshape(shape) for one in end]), backward

    def _arrays(self, what: str, state: Any) -> list:
        if state is None:
            return [None] * self.states
        arrays = list(state) if self.states > 1 else [state]
        if len(arrays) != self.states:
            raise ValueError(f"{type(self).__name__}: {what} has {len(arrays)} arrays, it must be (h, c)")
        return arrays

    def _state(self, arrays: list) -> Any:
        return tuple(arrays) if self.states > 1 else arrays[0]

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ", bias=False" * (not self.bias)


class LSTMCell(_Cell):
    """One step of LSTM: (h, c) from x and (h, c), zeros without.

    x is (B, input_size), h and c are (B, hidden_size), all three without B for a single one. `weight_ih` is
    (4·hidden_size, input_size), `weight_hh` (4·hidden_size, hidden_size), `bias_ih` and `bias_hh` (4·hidden_size,), all
    even draws from −1/√hidden_size to 1/√hidden_size. The way back takes the gradients of (h, c), None for one of
    zeros, and returns those of x and of the given state, None if there was none.
    """

    function, gates, states = "lstm", 4, 2

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, dtype: Any = np.float32):
        super().__init__(input_size, hidden_size, bias, dtype)


class GRUCell(_Cell):
    """One step of GRU: h from x and h; else as LSTMCell, with thirds for quarters."""

    function, gates = "gru", 3

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, dtype: Any = np.float32):
        super().__init__(input_size, hidden_size, bias, dtype)


class RNNCell(_Cell):
    """One step of RNN: h from x and h, by the `nonlinearity` "tanh" or "relu"; else as LSTMCell, of one part."""

    function, gates = "rnn", 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        dtype: Any = np.float32,
    ):
        super().__init__(input_size, hidden_size, bias, dtype)
        check.choice("RNNCell", "nonlinearity", nonlinearity, NONLINEARITIES)
        self.nonlinearity = nonlinearity

    def _options(self):
        return {"nonlinearity": self.nonlinearity}

    def extra_repr(self) -> str:
        return super().extra_repr() + f", nonlinearity={self.nonlinearity}" * (self.nonlinearity != "tanh")
