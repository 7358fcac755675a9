"""What a training calls on its way: early stopping here, logs in logs.py, and yours."""

import math
from typing import TYPE_CHECKING, Any

from ..kernels import check

if TYPE_CHECKING:
    from .trainer import Trainer


class Callback:
    """The base of all callbacks. Override what you need; `trainer.stop = True` ends the training after the epoch.

    What a callback remembers belongs into `state_dict`, numbers, texts and arrays, so that an interrupted
    training goes on as if nothing had happened.
    """

    def on_fit_begin(self, trainer: "Trainer") -> None:
        """The first epoch is about to begin, or an interrupted one to go on: `trainer.epoch` are complete."""

    def on_step_end(self, trainer: "Trainer") -> None:
        """The optimizer has made its step number `trainer.step`; `trainer.loss` is the batch's, on its backend."""

    def on_epoch_end(self, trainer: "Trainer", row: dict[str, Any]) -> None:
        """`row` is the epoch's line of `trainer.history`."""

    def on_fit_end(self, trainer: "Trainer") -> None:
        """The training is over, by whatever cause."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        pass


class EarlyStopping(Callback):
    """Ends the training when what the trainer monitors hasn't become better for `patience` epochs.

    Better is: by more than `min_delta`. NaN never is.
    """

    def __init__(self, patience: int = 10, min_delta: float = 0.0):
        self.patience = int(check.number("EarlyStopping", "patience", patience, 0))
        self.min_delta = check.number("EarlyStopping", "min_delta", min_delta, 0)
        self.best, self.bad_epochs = math.inf, 0  # the best of values that fall

    def on_fit_begin(self, trainer):
        if trainer.monitor is None:
            raise ValueError('EarlyStopping: the trainer monitors nothing: give it monitor="val_loss", for instance')
        trainer.stop = self.bad_epochs > self.patience

    def on_epoch_end(self, trainer, row):
        value = trainer.sign * trainer.monitored(row)
        if value < self.best - self.min_delta:
            self.best, self.bad_epochs = value, 0
        else:
            self.bad_epochs += 1
        trainer.stop = trainer.stop or self.bad_epochs > self.patience

    def state_dict(self):
        return {"best": self.best, "bad_epochs": self.bad_epochs}

    def load_state_dict(self, state_dict):
        self.best, self.bad_epochs = state_dict["best"], state_dict["bad_epochs"]
