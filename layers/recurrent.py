"""Recurrent layers over whole sequences: RNN, LSTM, GRU.

    (y, state), backward = layer.forward(x, state, lengths)      grad_x, grad_state = backward(grad_y, grad_state)

`lengths` takes the place of PyTorch's PackedSequence: how many steps of each row of the batch count, in any order.
"""

import math
from typing import Any, ClassVar

import numpy as np

from .. import kernels
from ..kernels import check
from ..kernels.recurrence.rnn import NONLINEARITIES
from .affine import integer
from .initial import mask_stream, uniform
from .module import Module
from .parameter import Parameter
from .steps import NAMES, projected, sequence


class _Recurrent(Module):
    """Layers one after another, each in one direction or both; a direction is one call of the kernels."""

    function: ClassVar[str]
    gates: ClassVar[int]  # how many a hidden unit has
    states: ClassVar[int] = 1  # how many arrays a state is

    def __init__(
        self, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype, proj_size=0
    ):
        self.input_size = integer(self, "input_size", input_size, 1)
        self.hidden_size = integer(self, "hidden_size", hidden_size, 1)
        self.num_layers = integer(self, "num_layers", num_layers, 1)
        self.proj_size = integer(self, "proj_size", proj_size)
        self.bias, self.batch_first, self.bidirectional = bool(bias), bool(batch_first), bool(bidirectional)
        if not 0 <= dropout <= 1:
            raise ValueError(f"{type(self).__name__}: dropout is {dropout}, it must be from 0 to 1")
        self.dropout = float(dropout)
        if self.proj_size >= self.hidden_size:
            raise ValueError(
                f"{type(self).__name__}: proj_size is {proj_size}, it must be less than hidden_size, {hidden_size}"
            )
        bound, rows = 1 / math.sqrt(self.hidden_size), self.gates * self.hidden_size
        for layer, width in enumerate((self.input_size, *[self._width * self._directions] * (self.num_layers - 1))):
            for end in ("", "_reverse")[: self._directions]:
                shapes = {"weight_ih": (rows, width), "weight_hh": (rows, self._width)}
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if self.bias else {}
                shapes |= {"weight_hr": (self.proj_size, self.hidden_size)} if self.proj_size else {}
                for name, shape in shapes.items():
                    key = f"{name}_l{layer}{end}"
                    setattr(self, key, Parameter(uniform(shape, bound, dtype), key))

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _width(self) -> int:
        """Of the outputs of a direction."""
        return self.proj_size or self.hidden_size

    def _parameter(self, name: str, k: int) -> Any:
        """That of layer k // directions, direction k % directions; None without."""
        layer, direction = divmod(k, self._directions)
        return getattr(self, f"{name}_l{layer}{'_reverse' * direction}", None)

    def _options(self) -> dict[str, Any]:
        return {}

    def __call__(self, x, state=None, lengths=None):  # type: ignore[override]
        return self._run(x, state, lengths, training=False)[0]

    def forward(self, x, state=None, lengths=None):  # type: ignore[override]
        return self._run(x, state, lengths, training=True)

    def _run(self, x: Any, state: Any, lengths: Any, training: bool) -> tuple[Any, Any]:
        unbatched, count, n = x.ndim == 2, self._directions, self._width
        x, states = self._checked(x, state)
        walked, ends = [], []
        for layer in range(self.num_layers):
            outputs, ways = [], []
            for k in range(layer * count, (layer + 1) * count):
                begin = [None if one is None else one[k] for one in states]
                y, end, way = self._direction(x, k, begin, lengths, training)
                outputs.append(y)
                ends.append(end)
                ways.append(way)
            x, drawn = _joined(outputs), None
            if training and self.dropout and layer + 1 < self.num_layers:
                drawn = self.dropout, *mask_stream(x.size)
                x = kernels.dropout(x, *drawn)
            walked.append((ways, drawn))

        def backward(grad, grad_state=None, input_gradient=True):
            grad = None if grad is None else self._turned(grad, unbatched)
            of_ends = self._as_tuple("grad_state", grad_state, unbatched)
            begins: list = [()] * len(ends)
            for layer, (ways, drawn) in reversed(list(enumerate(walked))):
                if drawn is not None:
                    grad = kernels.dropout_backward(grad, *drawn)
                total = None
                for direction, way in enumerate(ways):
                    k, place = layer * count + direction, slice(direction * n, (direction + 1) * n)
                    of_end = [None if one is None else one[k] for one in of_ends]
                    part = None if grad is None else grad[..., place]
                    found, begins[k] = way(part, of_end, layer > 0 or input_gradient)
                    total = found if total is None else total + found
                grad = total
            grad_x = self._given_back(grad, unbatched) if input_gradient else None
            return grad_x, None if state is None else self._state(begins, unbatched)

        return (self._given_back(x, unbatched), self._state(ends, unbatched)), backward

    def _direction(self, x: Any, k: int, states: list, lengths: Any, training: bool) -> tuple[Any, tuple, Any]:
        """The outputs of one direction of one layer, the state at its end, and the way back."""
        parameters = {name: self._parameter(name, k) for name in NAMES}
        options = {"lengths": lengths, "reverse": k % self._directions == 1}
        if self.proj_size:
            return projected(x, parameters, self._parameter("weight_hr", k), states, **options)
        return sequence(self.function, x, parameters, states, {**options, **self._options()}, training)

    def _checked(self, x: Any, state: Any) -> tuple[Any, list]:
        """x as (T, B, input_size), and the arrays of the state, each (layers · directions, B, width), or None."""
        name = type(self).__name__
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            form = "(B, T, " if self.batch_first else "(T, B, "
            text = f"it must be {form}{self.input_size}), or (T, {self.input_size}) without a batch"
            raise ValueError(f"{name}: x has the shape {x.shape}, {text}")
        unbatched = x.ndim == 2
        x = self._turned(x, unbatched)
        states = self._as_tuple("state", state, unbatched)
        for one, width in zip(states, (self._width, self.hidden_size)):
            if state is not None:
                check.same_dtype(name, "state", one, "x", x)
                check.shape(name, "state", one, (self.num_layers * self._directions, x.shape[1], width))
        return x, states

    def _turned(self, x: Any, unbatched: bool) -> Any:
        """As (T, B, …), from what users have."""
        if unbatched:
            return x[:, None]
        return check.contiguous(x.swapaxes(0, 1)) if self.batch_first else x

    def _given_back(self, x: Any, unbatched: bool) -> Any:
        """The other way."""
        return x[:, 0] if unbatched else x.swapaxes(0, 1) if self.batch_first else x

    def _as_tuple(self, what: str, state: Any, unbatched: bool) -> list:
        if state is None:
            return [None] * self.states
        arrays = list(state) if self.states > 1 else [state]
        if len(arrays) != self.states:
            raise ValueError(f"{type(self).__name__}: {what} has {len(arrays)} arrays, it must be (h, c)")
        return [None if one is None else one[:, None] if unbatched else one for one in arrays]

    def _state(self, ends: list, unbatched: bool) -> Any:
        """One array, or a tuple, of those of all layers and directions."""
        arrays = [_stacked(list(parts)) for parts in zip(*ends)]
        arrays = [one[:, 0] for one in arrays] if unbatched else arrays
        return tuple(arrays) if self.states > 1 else arrays[0]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
        for name, value in {**usual, "bidirectional": False}.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        return text


def _joined(parts: list) -> Any:
    """Side by side along the last axis."""
    if len(parts) == 1:
        return parts[0]
    n = parts[0].shape[-1]
    y = kernels.current().empty((*parts[0].shape[:-1], n * len(parts)), parts[0].dtype)
    for k, part in enumerate(parts):
        y[..., k * n : (k + 1) * n] = part
    return y


def _stacked(parts: list) -> Any:
    y = kernels.current().empty((len(parts), *parts[0].shape), parts[0].dtype)
    for k, part in enumerate(parts):
        y[k] = part
    return y


class LSTM(_Recurrent):
    """Long short-term memory: layers of c = σ(f) c + σ(i) tanh(g), h = σ(o) tanh(c), where

        i, f, g, o = the four quarters of weight_ih x + bias_ih + weight_hh h + bias_hh

    Parameters
    ----------
    input_size, hidden_size : int
    num_layers : int
        Layers one after another: each takes the outputs of the one before.
    bias : bool
    batch_first : bool
        x and y are (B, T, …) rather than (T, B, …).
    dropout : number from 0 to 1
        Between layers, in training.
    bidirectional : bool
        Each layer walks both ways; outputs are joined along the last axis.
    proj_size : int
        If not 0, h is weight_hr (σ(o) tanh(c)), of so many numbers, less than hidden_size.
    dtype : float32 or float64

    `layer(x, state, lengths)` is (y, (h_n, c_n)): y (T, B, hidden_size), twice as wide if bidirectional; h_n and c_n,
    as `state`, (num_layers, B, hidden_size), twice as many if bidirectional. Without `state` it is 0. An x
    (T, input_size) has no batch, and nor has what is returned. `lengths` are B integers up to T: beyond its length a
    row's y is 0, and its state stays. The way back takes the gradients of y and of the state, None for one of zeros,
    and returns those of x and of the state (None if there was none).

    `weight_ih_l0` is (4·hidden_size, input_size), `weight_hh_l0` (4·hidden_size, hidden_size), `bias_ih_l0` and
    `bias_hh_l0` (4·hidden_size,); those of other layers are numbered, those of the way from the end are named
    …_reverse. All begin as even draws from −1/√hidden_size to 1/√hidden_size.

    Sources: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; with projections, Sak et al., arXiv:1402.1128.
    """

    function, gates, states = "lstm", 4, 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        dtype: Any = np.float32,
    ):
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype, proj_size
        )


class GRU(_Recurrent):
    """Gated recurrent units: layers of h = (1 − z) n + z h, where, in thirds of weights and biases,

        r = σ(W_ir x + b_ir + W_hr h + b_hr)        z = σ(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r (W_hn h + b_hn))

    Parameters, arguments and what is returned are as for LSTM, but without `proj_size`; a state is one array, h.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, arXiv:1406.1078.
    """

    function, gates = "gru", 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        dtype: Any = np.float32,
    ):
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype)


class RNN(_Recurrent):
    """The plain recurrent network: layers of h = act(weight_ih x + bias_ih + weight_hh h + bias_hh).

    `nonlinearity` is "tanh" or "relu". Parameters, arguments and what is returned are else as for LSTM, but without
    `proj_size`; a state is one array, h.

    Source: Elman, Finding Structure in Time, 1990.
    """

    function, gates = "rnn", 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        dtype: Any = np.float32,
    ):
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype)
        check.choice("RNN", "nonlinearity", nonlinearity, NONLINEARITIES)
        self.nonlinearity = nonlinearity

    def _options(self):
        return {"nonlinearity": self.nonlinearity}
