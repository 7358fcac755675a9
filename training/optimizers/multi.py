"""Several optimizers, each for some of a network's parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .base import Optimizer
from .lbfgs import LBFGS


class MultiOptimizer(Optimizer):
    """Steps them all: `MultiOptimizer([Muon(matrices), AdamW(vectors)])`. To schedules, their groups are one list.

    Its options are those that all of them have.
    """

    def __init__(self, optimizers: Sequence[Optimizer]):
        if not optimizers:
            raise ValueError("MultiOptimizer: optimizers is empty, it must have at least one")
        self.optimizers = list(optimizers)
        for optimizer in self.optimizers:
            if isinstance(optimizer, LBFGS):
                raise TypeError("MultiOptimizer: an LBFGS can't be among others, for its step needs a closure")
        self.param_groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        self._refuse_twice([group["params"] for group in self.param_groups])
        first, *others = (optimizer.options for optimizer in self.optimizers)
        self.options = tuple(name for name in first if all(name in options for options in others))

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        raise TypeError("MultiOptimizer: add the group to one of the optimizers, before they are put together")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None if closure is None else closure()
        for group in self.param_groups:
            group.flat.check()  # before any has moved
        for optimizer in self.optimizers:
            optimizer.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        return {"optimizers": [optimizer.state_dict() for optimizer in self.optimizers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        for optimizer, state in zip(self.optimizers, self.refuse_state(state_dict)):
            optimizer.load_state_dict(state)

    def refuse_state(self, state_dict: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        states = state_dict.get("optimizers", [])
        if len(states) != len(self.optimizers):
            counts = f"{len(states)} optimizers, but there are {len(self.optimizers)}"
            raise ValueError(f"load_state_dict: the state is of {counts}")
        for optimizer, state in zip(self.optimizers, states):
            optimizer.refuse_state(state)
        return states

    def __repr__(self) -> str:
        return f"MultiOptimizer({', '.join(map(repr, self.optimizers))})"
