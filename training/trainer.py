"""The training loop."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels, layers
from ..kernels import check
from ..layers import Module
from .average import AveragedModel
from .callbacks import Callback
from .capture import capture as captured
from .checkpoint import save as save_checkpoint
from .clip import clip_grad_norm_, clip_grad_value_
from .inference import Metric, evaluate
from .interrupt import deferred_interrupt
from .loader import DataLoader
from .optimizers import Optimizer
from .progress import progress
from .schedules import ReduceLROnPlateau
from .state import load_state, save_state

LAST, BEST = "last.safetensors", "best.safetensors"


class Trainer:
    """Trains a network, tells how it goes, keeps checkpoints and goes on from them exactly.

    Parameters
    ----------
    criterion : a loss of the output and the target, their mean over the batch
    metrics : names and functions (outputs, targets) → number, such as {"accuracy": accuracy}
        Of the training batches the mean of each batch's; of the validation data, of all at once.
    schedule, schedule_by : the learning rates, a step of them after each "step" of the optimizer or each "epoch"
        A ReduceLROnPlateau looks at `monitor` after each epoch.
    clip_norm, clip_value : float, optional
        The largest norm of all gradients together, and the largest of their elements.
    average : AveragedModel, optional
        Updated after each step, and, with `evaluate_average`, what is validated and kept as the best.
    monitor, mode : a column of the history, such as "val_loss", which is best at its "min" or "max"
        For early stopping, ReduceLROnPlateau, and the best checkpoint.
    callbacks : Callback objects
    capture : bool
        On a GPU, replay the step from a CUDA graph (`training.capture`).

    `history` has a row for each epoch: epoch, loss, the metrics, the same of the validation data as val_…, lr and
    seconds. `epoch` counts the complete epochs, `step` the steps of the optimizer.

    To learn from batches of another form than (x, target), override `learn`.
    """

    def __init__(
        self,
        network: Module,
        criterion: Any,
        optimizer: Optimizer,
        *,
        metrics: Mapping[str, Metric] | None = None,
        schedule: Any = None,
        schedule_by: str = "step",
        clip_norm: float | None = None,
        clip_value: float | None = None,
        average: AveragedModel | None = None,
        evaluate_average: bool = True,
        monitor: str | None = None,
        mode: str = "min",
        callbacks: Sequence[Callback] = (),
        capture: bool = False,
    ):
        check.choice("Trainer", "schedule_by", schedule_by, ("step", "epoch"))
        check.choice("Trainer", "mode", mode, ("min", "max"))
        if isinstance(schedule, ReduceLROnPlateau) and monitor is None:
            raise ValueError("Trainer: monitor is None, a ReduceLROnPlateau needs one")
        self.network, self.criterion, self.optimizer = network, criterion, optimizer
        self.metrics = dict(metrics or {})
        self.schedule: Any = schedule
        self.schedule_by = schedule_by
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self.average, self.evaluate_average = average, evaluate_average
        self.monitor, self.sign = monitor, 1 if mode == "min" else -1
        self.callbacks = list(callbacks)
        self.capture = capture
        self._step = captured(self._one_step) if capture else self._one_step
        self.history: list[dict[str, Any]] = []
        self.epoch = self.step = 0
        self.best = math.inf  # of sign · monitor
        self.stop = False
        self.loss: Any = None
        self._begun = _Begun()
        self._loader: dict[str, int] | None = None  # whose batches the epochs so far were

    def learn(self, batch: Sequence[np.ndarray]) -> tuple[Any, dict[str, Any]]:
        """One step of the optimizer on a batch (x, target); the loss and the metrics before it."""
        backend = kernels.current()
        x, target = (backend.from_numpy(array) for array in batch)
        loss, output = self._step(x, target)
        return loss, {name: metric(output, target) for name, metric in self.metrics.items()}

    def _one_step(self, x: Any, target: Any) -> tuple[Any, Any]:
        """The loss and the network's output, before the step that follows from them."""
        found = []

        def closure():
            self.optimizer.zero_grad()
            output, backward = self.network.forward(x)
            loss, loss_backward = self.criterion.forward(output, target)
            backward(loss_backward(), input_gradient=False)
            if self.clip_norm is not None:
                clip_grad_norm_(self.network.parameters(), self.clip_norm)
            if self.clip_value is not None:
                clip_grad_value_(self.network.parameters(), self.clip_value)
            found.append((loss, output))
            return loss

        self.optimizer.step(closure)  # most call it once, LBFGS several times
        return found[0]

    def fit(
        self,
        train: DataLoader,
        validation: DataLoader | Sequence[np.ndarray] | None = None,
        *,
        epochs: int,
        directory: str | Path | None = None,
        resume: bool = False,
        report: bool = True,
    ) -> list[dict[str, Any]]:
        """Train until `epochs` epochs are complete, and return the history.

        Into `directory` go last.safetensors, all that is needed to go on, after each epoch and at Ctrl-C, which
        waits for the end of a step; and best.safetensors, the network when `monitor` was best. `resume` goes on from
        last.safetensors: the end is the same, bit for bit, as without the interruption.

        Raises
        ------
        ValueError
            The loss became infinite or NaN, there are no samples, or the checkpoint is of another training.
        KeyboardInterrupt
            Ctrl-C. The trainer is as the last step has left it: `fit` goes on from there, too.
        """
        if not len(train):
            raise ValueError("fit: there are no training samples")
        directory = None if directory is None else Path(directory)
        if resume:
            if directory is None:
                raise ValueError("fit: resume needs the directory of the interrupted training")
            self.load(directory / LAST)
        loader = {"samples": train.samples, "batch_size": train.batch_size, "seed": train.seed}
        if self._loader not in (None, loader):
            raise ValueError(f"fit: the training was begun with the batches {self._loader}, these are {loader}")
        self._loader, self.stop = loader, False
        try:
            for callback in self.callbacks:
                callback.on_fit_begin(self)
            with deferred_interrupt() as interrupt, progress("", epochs * train.samples, "samples") as bar:
                bar.advance(self.epoch * train.samples + self._begun.samples)
                while self.epoch < epochs and not self.stop:
                    self._learn_epoch(train, bar, f"epoch {self.epoch + 1}/{epochs}", interrupt, directory)
                    row = self._end_epoch(validation, directory)
                    if report:
                        bar.line(_line(row, epochs, train.samples))
                    if interrupt.wanted:
                        self._give_up(directory)
        finally:
            for callback in self.callbacks:
                callback.on_fit_end(self)
        return self.history

    def _learn_epoch(self, train: DataLoader, bar: Any, title: str, interrupt: Any, directory: Path | None) -> None:
        begun = self._begun
        begin = time.perf_counter() - begun.seconds
        with closing(train.batches(self.epoch, begun.batches)) as batches:
            for batch in batches:
                self.loss, metrics = self.learn(batch)
                self.step += 1
                if self.schedule is not None and self._schedule_by_step:
                    self.schedule.step()
                if self.average is not None:
                    self.average.update_parameters(self.network)
                count = len(batch[0])
                begun.add({"loss": self.loss, **metrics}, count)
                begun.seconds = time.perf_counter() - begin
                # To read a number from a GPU is to wait for it: now and then is enough.
                text = f"{title}  {_figures(begun.means())}" if begun.batches % 20 == 1 else None
                bar.advance(count, text)
                for callback in self.callbacks:
                    callback.on_step_end(self)
                if interrupt.wanted:
                    self._give_up(directory)

    def _end_epoch(self, validation: Any, directory: Path | None) -> dict[str, Any]:
        row: dict[str, Any] = {"epoch": self.epoch + 1, **self._begun.means()}
        if not math.isfinite(row["loss"]):
            raise ValueError(f"the loss became {row['loss']} in epoch {row['epoch']}: try a lower learning rate")
        seconds = self._begun.seconds
        with _evaluating(self.optimizer):
            if validation is not None:
                found = evaluate(self.evaluated, self.criterion, validation, self.metrics)
                row |= {f"val_{name}": value for name, value in found.items()}
            row |= {"lr": self.optimizer.param_groups[0]["lr"], "seconds": seconds}
            if self.monitor is not None:
                self._note_best(row, directory)
        self.epoch += 1
        self.history.append(row)
        self._begun = _Begun()
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(self.monitored(row))
        elif self.schedule is not None and not self._schedule_by_step:
            self.schedule.step()
        for callback in self.callbacks:
            callback.on_epoch_end(self, row)
        if directory is not None:
            self.save(directory / LAST)
        return row

    def _note_best(self, row: dict[str, Any], directory: Path | None) -> None:
        value = self.monitored(row)
        if self.sign * value < self.best:
            self.best = self.sign * value
            if directory is not None:
                save_checkpoint(directory / BEST, self.evaluated, **{"epoch": row["epoch"], str(self.monitor): value})

    def monitored(self, row: dict[str, Any]) -> float:
        """The figure of an epoch that is monitored."""
        if self.monitor not in row:
            raise ValueError(f"Trainer: monitor is {self.monitor!r}, it must be one of {', '.join(row)}")
        return row[self.monitor]

    def _give_up(self, directory: Path | None) -> None:
        """Ctrl-C: save, and say how to go on."""
        place = f"interrupted in epoch {self.epoch + 1} after {self._begun.batches} batches"
        if directory is not None:
            self.save(directory / LAST)
            place += f"; saved {directory / LAST}, from which resume=True (--resume) goes on"
        print(place, flush=True)
        raise KeyboardInterrupt

    @property
    def evaluated(self) -> Module:
        """The network that is validated: the averaged one, if there is one."""
        return self.average.module if self.average is not None and self.evaluate_average else self.network

    @property
    def _schedule_by_step(self) -> bool:
        return self.schedule_by == "step" and not isinstance(self.schedule, ReduceLROnPlateau)

    def _parts(self) -> dict[str, Any]:
        """What has a state of its own."""
        parts = {"network": self.network, "optimizer": self.optimizer}
        parts |= {} if self.schedule is None else {"schedule": self.schedule}
        parts |= {} if self.average is None else {"average": self.average}
        return parts | {f"callback {type(callback).__name__}": callback for callback in self.callbacks}

    def save(self, path: str | Path) -> None:
        """Write all that is needed to go on exactly from here, in the middle of an epoch, too."""
        numbers = {name: getattr(self, name) for name in ("epoch", "step", "best", "history")}
        own = {**numbers, "begun": self._begun.state_dict(), "loader": self._loader, "random": layers.get_rng_state()}
        save_state(path, {"trainer": own, **{name: part.state_dict() for name, part in self._parts().items()}})

    def load(self, path: str | Path) -> None:
        """Go on from what `save` wrote, with a network, an optimizer and so on made as then.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        ValueError
            It isn't a whole checkpoint of a training, or of one with other parts.
        """
        state, parts = load_state(path), self._parts()
        if set(state) != {"trainer", *parts}:
            texts = ", ".join(sorted(state)), ", ".join(parts)
            raise ValueError(f"{path} is the checkpoint of another training: it has {texts[0]}; this one {texts[1]}")
        for name, part in parts.items():
            try:
                part.load_state_dict(state[name])
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from None
        if self.capture:  # of the state that was there before
            self._step = captured(self._one_step)
        own = state["trainer"]
        for name in ("epoch", "step", "best", "history"):
            setattr(self, name, own[name])
        self._begun, self._loader = _Begun(**own["begun"]), own["loader"]
        layers.set_rng_state(own["random"])


class _Begun:
    """The epoch that isn't over yet: sums over its batches, in double precision, on the backend of the network."""

    def __init__(self, batches: int = 0, samples: int = 0, seconds: float = 0.0, sums: dict[str, Any] | None = None):
        self.batches, self.samples, self.seconds = batches, samples, seconds
        self.sums: dict[str, Any] = dict(sums or {})

    def add(self, values: dict[str, Any], count: int) -> None:
        for name, value in values.items():
            value = value.astype(np.float64) if hasattr(value, "astype") else float(value)
            self.sums[name] = self.sums.get(name, 0.0) + value * count
        self.batches, self.samples = self.batches + 1, self.samples + count

    def means(self) -> dict[str, float]:
        return {name: float(value) / self.samples for name, value in self.sums.items()}

    def state_dict(self) -> dict[str, Any]:
        return {**vars(self), "sums": {name: float(value) for name, value in self.sums.items()}}


@contextmanager
def _evaluating(optimizer: Any):
    """Let the parameters be those to judge, where an optimizer trains others (AdamWScheduleFree)."""
    switched = [one for one in getattr(optimizer, "optimizers", [optimizer]) if hasattr(one, "eval")]
    for one in switched:
        one.eval()
    try:
        yield
    finally:
        for one in switched:
            one.train()


def _line(row: dict[str, Any], epochs: int, samples: int) -> str:
    shown = _figures({name: x for name, x in row.items() if name not in ("epoch", "lr", "seconds")})
    return f"epoch {row['epoch']:{len(str(epochs))}}/{epochs}   {shown}   {samples / row['seconds']:,.0f} samples/s"


def _figures(values: dict[str, float]) -> str:
    return "   ".join(f"{name} {value:.4f}" for name, value in values.items())
