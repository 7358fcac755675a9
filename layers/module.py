"""The base of all layers: forward returns the way back.

    y, backward = layer.forward(x)      grad_x = backward(grad_y)

There is no tape. What the way back needs lives in the function `backward` alone: a layer may be called any number
of times before any way back is walked, and the memory goes when the function goes.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

import numpy as np

from .. import kernels
from .parameter import Buffer, Parameter

# backward(grad, input_gradient=True) → the input's gradient, or None if it isn't wanted
Backward = Callable[..., Any]
Held = TypeVar("Held", bound=Buffer)


class Keys(NamedTuple):
    """What `load_state_dict` found only on one side."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """A layer, or a network of layers.

    A subclass defines `forward`. Attributes that are parameters, buffers or modules are found by themselves, in the
    order in which they were first assigned, and give the keys of `state_dict` their names.

    A class that names activations in `fused` takes one as an argument of `forward` and of a call, applies it to its
    output, and walks its way back, too. `Sequential` asks for that where such an activation follows.
    """

    fused: ClassVar[tuple[str, ...]] = ()

    def forward(self, x: Any) -> tuple[Any, Backward]:
        """The output in training, and the way back.

        `backward(grad, input_gradient=True)` takes the output's gradient, adds into the `.grad` of every parameter
        and returns the input's gradient; with `input_gradient=False` it returns None and skips that work. It
        reads the parameters as they are then, so walk it before an optimizer changes them.
        """
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def __call__(self, x: Any) -> Any:
        """The output in inference."""
        return self.forward(x)[0]

    def children(self) -> Iterator[tuple[str, "Module"]]:
        """The modules directly inside this one, by name."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def named_parameters(self, remove_duplicate: bool = True) -> Iterator[tuple[str, Parameter]]:
        """All parameters by their key in `state_dict`, but for frozen ones; a shared one once, under its first key."""
        return ((key, held) for key, held in self._unique(remove_duplicate, Parameter) if not held.frozen)

    def named_buffers(self, remove_duplicate: bool = True) -> Iterator[tuple[str, Buffer]]:
        """All buffers by their key in `state_dict`: what is kept beside the parameters, such as running statistics, and
        frozen parameters."""
        unique = self._unique(remove_duplicate, Buffer)
        return ((key, held) for key, held in unique if not isinstance(held, Parameter) or held.frozen)

    def _unique(self, remove_duplicate: bool, kind: type[Held]) -> Iterator[tuple[str, Held]]:
        seen = set()
        for key, held in self._walk(""):
            if isinstance(held, kind) and (id(held) not in seen or not remove_duplicate):
                seen.add(id(held))
                yield key, held

    def _walk(self, prefix: str) -> Iterator[tuple[str, Buffer]]:
        """Of each module its parameters, its buffers, then what its modules have: PyTorch's order."""
        own = [(prefix + name, value) for name, value in vars(self).items() if isinstance(value, Buffer)]
        yield from sorted(own, key=lambda item: not isinstance(item[1], Parameter))
        for name, child in self.children():
            yield from child._walk(f"{prefix}{name}.")

    def parameters(self) -> list[Parameter]:
        return [parameter for _, parameter in self.named_parameters()]

    def buffers(self) -> list[Buffer]:
        return [buffer for _, buffer in self.named_buffers()]

    def freeze(self) -> Self:
        """Let all parameters stay as they are: from now on they are buffers, in `state_dict` but no optimizer's."""
        for parameter in self.parameters():
            parameter.frozen = True
        return self

    def zero_grad(self) -> None:
        for parameter in self.parameters():
            parameter.zero_grad()

    def to(self, name: str) -> Self:
        """Move all parameters and buffers to the backend of that name."""
        kernels.backend(name)  # refuses before any has moved
        for held in (*self.parameters(), *self.buffers()):
            held.to(name)
        return self

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers as NumPy arrays: the keys, shapes and layouts are PyTorch's."""
        return {key: held.numpy() for key, held in self._walk("")}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Keys:
        """Take over the values of another network of the same form, ours or PyTorch's (tensors on the CPU).

        Raises
        ------
        ValueError
            A shape or a kind of number doesn't fit, or, if `strict`, a key is missing or unknown. The message
            lists all that is wrong, and nothing has been changed.
        """
        own = dict(self._walk(""))
        found = {key: np.asarray(state_dict[key]) for key in own if key in state_dict}
        keys = Keys([key for key in own if key not in found], [key for key in state_dict if key not in own])
        wrong = []
        if strict:
            wrong += [
                f"{what} keys: {', '.join(names)}" for what, names in zip(("missing", "unexpected"), keys) if names
            ]
        for key, value in found.items():
            held = own[key]
            if value.shape != held.shape:
                wrong.append(f"{key} has the shape {value.shape}, it must be {held.shape}")
            elif not np.can_cast(value.dtype, held.dtype, "same_kind"):
                wrong.append(f"{key} is {value.dtype}, it must be {held.dtype}")
        if wrong:
            raise ValueError(f"load_state_dict: this doesn't fit the {type(self).__name__}: {'; '.join(wrong)}")
        for key, value in found.items():
            own[key].data = value
        return keys

    def extra_repr(self) -> str:
        """The arguments, as they stand in the text of this layer."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): {child!r}" for name, child in self.children()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        inside = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {inside}\n)"
