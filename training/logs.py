"""Logs of a training, as callbacks with Keras's names."""

import csv
from pathlib import Path

from .callbacks import Callback
from .optional import optional
from .whole import whole


class CSVLogger(Callback):
    """The history as a table: one line for each epoch, one column for each figure.

    The file is written anew after each epoch, so it is whole at any moment, and right after `resume`, too.
    """

    def __init__(self, filename: str | Path):
        self.filename = Path(filename)

    def on_epoch_end(self, trainer, row):
        with whole(self.filename) as draft, open(draft, "w", newline="") as file:
            writer = csv.DictWriter(file, list(trainer.history[0]))
            writer.writeheader()
            writer.writerows(trainer.history)


class TensorBoard(Callback):
    """Event files that `tensorboard --logdir` shows: each figure of the history by the epoch, the loss by the step.

    `update_freq` is after how many steps the loss of a batch is written, 0 for never. A resumed training goes on in
    the same directory; what the interrupted one wrote beyond its checkpoint is hidden.
    """

    def __init__(self, log_dir: str | Path, update_freq: int = 20):
        self.log_dir, self.update_freq = Path(log_dir), update_freq
        self.batches = self.epochs = None  # the writers

    def on_fit_begin(self, trainer):
        # Two, for steps and epochs are counted apart, and what is hidden is told by either.
        self.batches, self.epochs = self._writer("batches", trainer.step), self._writer("epochs", trainer.epoch)

    def _writer(self, name, done):
        """One that goes on after so many steps; its file, which is named by the second, gets that number, too."""
        place, purge_step = str(self.log_dir / name), done + 1 if done else None
        return optional("tensorboardX").SummaryWriter(place, purge_step=purge_step, filename_suffix=f".{done}")

    def on_step_end(self, trainer):
        if self.batches and self.update_freq and trainer.step % self.update_freq == 0:
            self.batches.add_scalar("batch_loss", float(trainer.loss), trainer.step)

    def on_epoch_end(self, trainer, row):
        if self.epochs:
            for name, value in row.items():
                if name != "epoch":
                    self.epochs.add_scalar(name, value, row["epoch"])

    def on_fit_end(self, trainer):
        for writer in (self.batches, self.epochs):
            if writer:
                writer.close()
        self.batches = self.epochs = None
