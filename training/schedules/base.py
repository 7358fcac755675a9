"""What all schedules share: a rate for each group of the optimizer's parameters at each step, saving and resuming."""

from collections.abc import Mapping
from typing import Any

from ...kernels import capture
from ..optimizers import Optimizer


class LRScheduler:
    """The base of all schedules: call `step()` after each step of the optimizer, or after each epoch, as you count.

    Most make the next rate out of the last one, as PyTorch's do, so that several can act on one optimizer.
    `last_epoch` = −1 begins; another number goes on from there, with the groups' "initial_lr" as they were at the
    beginning.
    """

    saved: tuple[str, ...] = ()  # what changes from step to step beside `last_epoch` and the rates

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                kind = type(self).__name__
                raise ValueError(f'{kind}: last_epoch is {last_epoch}, so group {number} must have an "initial_lr"')
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.begin()

    def rate(self, number: int, lr: float, base: float, initial: bool) -> float:
        """The rate of that group at `last_epoch`: `lr` is its last one, `base` its first; none yet if `initial`."""
        raise NotImplementedError

    def at_zero(self, number: int, lr: float, base: float) -> float:
        """The rate of that group where another schedule hands over to this one."""
        return self.rate(number, base, base, True)

    def begin(self) -> None:
        """The first step, which the constructor takes."""
        self.last_epoch += 1
        self._set([self.rate(i, lr, base, True) for i, lr, base in self._groups()])

    def step(self) -> None:
        """Set the rates of the next step."""
        self.last_epoch += 1
        self._set([self.rate(i, lr, base, False) for i, lr, base in self._groups()])

    def restart(self) -> None:
        """Take over from another schedule."""
        self.last_epoch = 0
        self._set([self.at_zero(i, lr, base) for i, lr, base in self._groups()])

    def undo(self) -> None:
        """Wait for `begin`, as if the constructor hadn't taken a step."""
        self.last_epoch -= 1

    def get_last_lr(self) -> list[float]:
        """The rates of the groups, as this schedule has set them last."""
        return list(self._last_lr)

    def _groups(self):
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return zip(range(len(rates)), rates, self.base_lrs, strict=True)

    def _set(self, rates: list[float]) -> None:
        capture.refuse(f"a step of {type(self).__name__}", "step the schedule outside, after it")
        for group, lr in zip(self.optimizer.param_groups, rates):
            group["lr"] = lr
        self._last_lr = rates

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on exactly from here. Functions, such as LambdaLR's, aren't in it."""
        state = {name: getattr(self, name) for name in self.saved}
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs), "lr": self.get_last_lr(), **state}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned; the optimizer's rates are set, too.

        Raises
        ------
        ValueError
            It is of another kind of schedule, or of another number of groups. Nothing has been changed.
        """
        self._refuse(state_dict, {"last_epoch", "base_lrs", "lr", *self.saved})
        if len(state_dict["lr"]) != len(self.optimizer.param_groups):
            counts = len(state_dict["lr"]), len(self.optimizer.param_groups)
            raise ValueError(f"load_state_dict: the state is of {counts[0]} groups, but the optimizer has {counts[1]}")
        self.last_epoch, self.base_lrs = state_dict["last_epoch"], list(state_dict["base_lrs"])
        for name in self.saved:
            setattr(self, name, state_dict[name])
        self._set(list(state_dict["lr"]))

    def _refuse(self, state_dict: Mapping[str, Any], keys: set[str]) -> None:
        if set(state_dict) != keys:
            raise ValueError(f"load_state_dict: this isn't the state of a schedule {type(self).__name__}")

    def by_group(self, name: str, value: Any) -> list[Any]:
        """An argument that is one value for all groups, or a list of one for each."""
        groups = self.optimizer.param_groups
        if not isinstance(value, (list, tuple)):
            return [value] * len(groups)
        if len(value) != len(groups):
            kind = type(self).__name__
            raise ValueError(f"{kind}: {name} has {len(value)} values, but the optimizer has {len(groups)} groups")
        return list(value)


def refuse(schedule: LRScheduler, name: str, value: Any, right: bool, what: str) -> None:
    """Raise unless the argument is right."""
    if not right:
        raise ValueError(f"{type(schedule).__name__}: {name} is {value!r}, it must be {what}")


class Momentum:
    """The momentum, or Adam's β₁, of an optimizer's groups."""

    def __init__(self, schedule: LRScheduler, optimizer: Optimizer):
        if not all({"momentum", "betas"} & set(group) for group in optimizer.param_groups):
            raise ValueError(f"{type(schedule).__name__}: {optimizer!r} has no momentum: set cycle_momentum=False")
        self.optimizer = optimizer

    def set(self, values: list[float]) -> None:
        for group, value in zip(self.optimizer.param_groups, values):
            if "betas" in group:
                group["betas"] = (value, *group["betas"][1:])
            else:
                group["momentum"] = value
