"""Several schedules on one optimizer: all at once, or one after the other."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from ..optimizers import Optimizer
from .base import LRScheduler
from .plateau import ReduceLROnPlateau


class _Together(LRScheduler):
    """The base: holds the schedules, and saves and loads them."""

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None):
        kind = type(self).__name__
        if not schedulers:
            raise ValueError(f"{kind}: schedulers is empty, it must have at least one")
        self.optimizer = optimizer or schedulers[0].optimizer
        for number, schedule in enumerate(schedulers):
            if not isinstance(schedule, LRScheduler):
                raise TypeError(f"{kind}: schedulers must be schedules, but number {number} is {schedule!r}")
            if isinstance(schedule, ReduceLROnPlateau):
                raise ValueError(
                    f"{kind}: number {number} of schedulers is a ReduceLROnPlateau, whose step needs metrics"
                )
            if schedule.optimizer is not self.optimizer:
                raise ValueError(f"{kind}: number {number} of schedulers is of another optimizer")
        self.schedulers = list(schedulers)
        self.last_epoch = 0

    def undo(self) -> None:
        for schedule in self.schedulers:
            schedule.undo()

    def _note(self) -> None:
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        states = [schedule.state_dict() for schedule in self.schedulers]
        return {"last_epoch": self.last_epoch, "lr": self.get_last_lr(), "schedulers": states}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self._refuse(state_dict, {"last_epoch", "lr", "schedulers"})
        if len(state_dict["schedulers"]) != len(self.schedulers):
            counts = len(state_dict["schedulers"]), len(self.schedulers)
            raise ValueError(f"load_state_dict: the state is of {counts[0]} schedules, but there are {counts[1]}")
        for schedule, state in zip(self.schedulers, state_dict["schedulers"]):
            schedule.load_state_dict(state)
        self.last_epoch = state_dict["last_epoch"]
        self._set(list(state_dict["lr"]))


class ChainedScheduler(_Together):
    """All schedules act at every step, each on the rates that the ones before it have set."""

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None):
        super().__init__(schedulers, optimizer)
        self._note()

    def begin(self) -> None:
        self.step()  # as PyTorch's: in a SequentialLR a chain's first step isn't marked as such
        self.last_epoch = 0

    def step(self) -> None:
        for schedule in self.schedulers:
            schedule.step()
        self.last_epoch += 1
        self._note()

    def restart(self) -> None:
        for schedule in self.schedulers:
            schedule.restart()
        self.last_epoch = 0
        self._note()


class SequentialLR(_Together):
    """One schedule after the other: number i + 1 takes over, from its beginning, at step milestones[i]."""

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ):
        super().__init__(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            counts = f"has {len(milestones)} entries, but there are {len(schedulers)} schedules"
            raise ValueError(f"SequentialLR: milestones {counts}: it must have one less")
        self.milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        self.undo()
        self._now().begin()
        self._note()

    def begin(self) -> None:
        self._now().begin()
        self._note()

    def _now(self) -> LRScheduler:
        return self.schedulers[bisect_right(self.milestones, self.last_epoch)]

    def step(self) -> None:
        self.last_epoch += 1
        schedule = self._now()
        if self.last_epoch in self.milestones:
            schedule.restart()
        else:
            schedule.step()
        self._note()

    def restart(self) -> None:
        self.last_epoch = 0
        self._now().restart()
        self._note()
