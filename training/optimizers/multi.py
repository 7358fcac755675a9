"""Several optimizers, each for some of a network's parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

from .base import Group, Optimizer


class MultiOptimizer:
    """Steps them all: `MultiOptimizer([Muon(matrices), AdamW(vectors)])`. To schedules, their groups are one list."""

    def __init__(self, optimizers: Sequence[Optimizer]):
        if not optimizers:
            raise ValueError("MultiOptimizer: optimizers is empty, it must have at least one")
        self.optimizers = list(optimizers)
        seen: set[int] = set()
        for group in self.param_groups:
            for parameter in group["params"]:
                if id(parameter) in seen:
                    raise ValueError(f"MultiOptimizer: {parameter!r} is in two optimizers, it must be in one")
                seen.add(id(parameter))

    @property
    def param_groups(self) -> list[Group]:
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    @property
    def options(self) -> tuple[str, ...]:
        """Those that all have."""
        first, *others = (optimizer.options for optimizer in self.optimizers)
        return tuple(name for name in first if all(name in options for options in others))

    def zero_grad(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def step(self) -> None:
        for group in self.param_groups:
            group.flat.check()
        for optimizer in self.optimizers:
            optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        return {"optimizers": [optimizer.state_dict() for optimizer in self.optimizers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        states = state_dict.get("optimizers", ())
        if len(states) != len(self.optimizers):
            counts = f"{len(states)} optimizers, but there are {len(self.optimizers)}"
            raise ValueError(f"load_state_dict: the state is of {counts}")
        for optimizer, state in zip(self.optimizers, states):
            optimizer.refuse_state(state)
        for optimizer, state in zip(self.optimizers, states):
            optimizer.load_state_dict(state)

    def __repr__(self) -> str:
        return f"MultiOptimizer({', '.join(map(repr, self.optimizers))})"
