"""What all optimizers share: groups of parameters, their options and state, saving and resuming."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ... import kernels
from ...kernels import capture
from ...layers import Parameter
from ..flat import gather

NEWER = {"amsgrad", "maximize"}  # options that states of before don't have: these stay as they are


def lerp(a: Any, b: Any, weight: float) -> None:
    """a ← a + weight (b − a), in place: a step against the "gradient" a − b."""
    kernels.sgd_update(a, b, lr=weight, weight_decay=1, maximize=True)


class Group(dict):
    """Some parameters and the options of their own, as in PyTorch: `group["lr"] = 0.1`, `group["params"]`.

    They live in one flat storage, and so does the state, made when the first step needs it: a step is one kernel.
    """

    def __init__(self, parameters: list[Parameter], options: dict[str, Any]):
        super().__init__(options)
        self.flat = gather(parameters)
        self["params"] = self.flat.parameters
        self.steps = 0
        self.state: dict[str, Any] = {}  # flat arrays, and a few numbers

    def zeros(self, name: str, value: float = 0.0) -> Any:
        """The state of that name: at first zero, or that value."""
        if name not in self.state:
            self.state[name] = self.flat.zeros()
            if value:
                self.state[name].fill(value)
        return self.state[name]

    def pick(self, *names: str) -> dict[str, Any]:
        """These options, as keywords for a kernel."""
        return {name: self[name] for name in names}

    def state_dict(self, options: Iterable[str]) -> dict[str, Any]:
        to_numpy = self.flat.backend.to_numpy
        state = {key: x if isinstance(x, float) else np.array(to_numpy(x)) for key, x in self.state.items()}
        return {"steps": self.steps, "options": self.pick(*options), "state": state}

    def refuse(
        self, state_dict: Mapping[str, Any], kind: str, options: Iterable[str], size: Callable[["Group", str], int]
    ) -> None:
        """Raise if it isn't the state of such a group; `size` is how long a state of a name is."""
        right = set(state_dict) == {"steps", "options", "state"}
        if not right or set(state_dict["options"]) | (NEWER & set(options)) != set(options):
            raise ValueError(f"load_state_dict: this isn't the state of an optimizer {kind}")
        for name, x in state_dict["state"].items():
            if not isinstance(x, float) and (x.shape != (size(self, name),) or x.dtype != self.flat.dtype):
                raise ValueError(
                    f"load_state_dict: {name} is {x.dtype} {x.shape}, but the parameters of this {kind} "
                    f"are {self.flat.dtype} {(size(self, name),)}"
                )

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        from_numpy = self.flat.backend.from_numpy
        self.steps = state_dict["steps"]
        self.update(state_dict["options"])
        self.state = {k: x if isinstance(x, float) else from_numpy(x.copy()) for k, x in state_dict["state"].items()}


class Optimizer:
    """The base of all optimizers.

    `params` are parameters, or groups of them with options of their own: `[{"params": …, "lr": 0.1}, {"params": …}]`.
    Options (`lr`, …) may be changed between steps: in `param_groups`, or as attributes, which stand for all groups.
    """

    options: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()  # the options that may be negative
    capturable = False  # whether `update` is one kernel, its numbers functions of the options and the steps
    param_groups: list[Group]
    lr: float

    def __init__(self, params: Iterable[Any], **options: Any):
        self.options, self.param_groups, self.defaults = tuple(options), [], options
        self._refuse(options)
        params = list(params)
        groups = params if any(isinstance(entry, Mapping) for entry in params) else [{"params": params}]
        prepared = [self._prepared(group, i) for i, group in enumerate(groups)]
        self._refuse_twice([parameters for parameters, _ in prepared])
        self.param_groups = [Group(parameters, chosen) for parameters, chosen in prepared]

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Train these parameters too: `{"params": …, "lr": …}`."""
        parameters, options = self._prepared(param_group, len(self.param_groups))
        self._refuse_twice([*(group["params"] for group in self.param_groups), parameters])
        self.param_groups.append(Group(parameters, options))

    def _prepared(self, group: Any, number: int) -> tuple[list[Parameter], dict[str, Any]]:
        """A group's parameters and all its options."""
        kind = type(self).__name__
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f'{kind}: group {number} must be a dictionary with "params", not {group!r}')
        own = {name: value for name, value in group.items() if name != "params"}
        for name in own:
            if name not in self.options:
                known = ", ".join(self.options)
                raise ValueError(f"{kind}: group {number} has an option {name!r}, it must be one of {known}")
        options = {**self.defaults, **own}
        self._refuse(options)
        parameters = group["params"]
        parameters = [parameters] if isinstance(parameters, Parameter) else list(parameters)
        for parameter in parameters:
            if isinstance(parameter, Parameter):  # else `gather` says what it is
                self.check_parameter(parameter)
        return parameters, options

    def check_parameter(self, parameter: Parameter) -> None:
        """Raise a ValueError if this optimizer can't train such a parameter."""

    def _refuse(self, options: dict[str, Any]) -> None:
        """Raise if a number is negative or not finite, or the optimizer has another objection."""
        for name, value in options.items():
            for number in value if isinstance(value, tuple) else (value,):
                low = -math.inf if name in self.signed else 0
                if isinstance(number, (int, float, np.number)) and not low <= number < math.inf:
                    kind = type(self).__name__
                    raise ValueError(f"{kind}: {name} is {value}, it must be at least 0 and finite")
        self.check(**options)

    def _refuse_twice(self, groups: list[list[Parameter]]) -> None:
        seen: dict[int, int] = {}
        for number, group in enumerate(groups):
            for parameter in group:
                other = seen.setdefault(id(parameter), number)
                if other != number:
                    kind = type(self).__name__
                    raise ValueError(f"{kind}: {parameter!r} is in the groups {other} and {number}, it must be in one")

    def check(self, **options: Any) -> None:
        """Raise a ValueError if these options don't go together; all numbers are at least 0."""

    def __getattr__(self, name: str) -> Any:
        """An option that all groups share."""
        if name not in type(self).options and name not in self.__dict__.get("options", ()):
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        first, *others = (group[name] for group in self.param_groups)
        if any(other != first for other in others):
            raise AttributeError(f"{type(self).__name__}: {name} differs from group to group: read param_groups")
        return first

    def __setattr__(self, name: str, value: Any) -> None:
        """An option, in all groups; or any other attribute."""
        if name not in self.__dict__.get("options", ()):
            object.__setattr__(self, name, value)
            return
        for group in self.param_groups:
            group[name] = value

    @property
    def flat(self) -> Any:
        """The storage of the only group."""
        (group,) = self.param_groups
        return group.flat

    @property
    def state(self) -> dict[str, Any]:
        """The state of the only group."""
        (group,) = self.param_groups
        return group.state

    def zero_grad(self) -> None:
        """Let all gradients count as zero. A view of one that you keep shows its old values until somebody reads
        `parameter.grad`, or the way back writes it."""
        for group in self.param_groups:
            for parameter in group.flat.parameters:
                parameter.drop_grad()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change all parameters by their gradients; with a `closure`, by those that it computes, and return its loss.

        Raises
        ------
        RuntimeError
            A parameter was moved to other memory after this optimizer was made.
        """
        loss = None if closure is None else closure()
        for group in self.param_groups:
            group.flat.check()
        for group in self.param_groups:
            _ = group.flat.grad  # those that are zero are set to zero
        recording = capture.recording()
        if recording:
            if not self.capturable:
                capture.refuse(f"a step of {type(self).__name__}", "it computes between its kernels, or on the CPU")
            before = [(group, group.steps, dict(group.state)) for group in self.param_groups]
            recording.repeat_with(self._update_all, lambda: self._set_back(before))
        self._update_all()
        return loss

    def _update_all(self) -> None:
        for group in self.param_groups:
            group.steps += 1
            self.update(group, group.flat.data, group.flat.whole_grad)

    def _set_back(self, before: list[tuple[Group, int, dict[str, Any]]]) -> None:
        for group, steps, state in before:
            group.steps, group.state = steps, state

    def update(self, group: Group, parameter: Any, grad: Any) -> None:
        """Run the kernel over a group's flat arrays."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on exactly from here, beside the parameters."""
        groups = [group.state_dict(self.options) for group in self.param_groups]
        return groups[0] if len(groups) == 1 else {"groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned.

        Raises
        ------
        ValueError
            It is of another optimizer, of other parameters or other groups. Nothing has been changed.
        """
        for group, state in zip(self.param_groups, self.refuse_state(state_dict)):
            group.load_state_dict(state)

    def refuse_state(self, state_dict: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Raise if it can't be loaded; else its part for each group."""
        states = state_dict.get("groups", [state_dict])
        if len(states) != len(self.param_groups):
            counts = f"{len(states)} groups, but this {type(self).__name__} has {len(self.param_groups)}"
            raise ValueError(f"load_state_dict: the state has {counts}")
        for group, state in zip(self.param_groups, states):
            group.refuse(state, type(self).__name__, self.options, self.state_size)
        return states

    def state_size(self, group: Group, name: str) -> int:
        """How long a group's state of that name is."""
        return group.flat.size

    def __repr__(self) -> str:
        kind, several = type(self).__name__, len(self.param_groups) > 1
        texts = [", ".join(f"{name}={group[name]}" for name in self.options) for group in self.param_groups]
        return f"{kind}({'; '.join(texts)})" if several else f"{kind}({texts[0]})"
