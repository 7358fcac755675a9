"""The training loop."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import kernels
from ..layers import Loss, Module
from .data import Part, batches
from .metrics import accuracy
from .optimizers import Optimizer
from .progress import progress


class Epoch(NamedTuple):
    """What an epoch came to. Training figures are of the batches as they were learnt from, augmented."""

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float


def fit(
    network: Module,
    criterion: Loss,
    optimizer: Optimizer,
    train: Part,
    test: Part,
    *,
    epochs: int,
    batch_size: int,
    seed: int = 0,
    schedule: Any = None,
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
) -> list[Epoch]:
    """Train a classifier, telling loss and accuracy after each epoch.

    Parameters
    ----------
    train, test : Part
        Images and labels; the test part is only looked at, never learnt from.
    seed : int
        Decides the order of the samples and what `augment` draws: the same seed, the same network.
    schedule : with a method `step()`, called after each step of the optimizer
    augment : function (images, generator) → images

    Raises
    ------
    ValueError
        The loss became infinite or NaN.
    """
    # A stream of its own: initial weights are drawn from Philox(seed) too, and must not repeat in the order.
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 1])))
    backend = kernels.current()
    samples, history = len(train.labels), []
    if not samples or not len(test.labels):
        raise ValueError(f"fit: there are {samples} training and {len(test.labels)} test samples, none may be 0")
    with progress("", epochs * samples, "samples") as bar:
        for epoch in range(1, epochs + 1):
            begin = time.perf_counter()
            loss_sum: Any = 0.0
            correct: Any = 0
            for step, batch in enumerate(batches(samples, batch_size, rng)):
                images = train.images[batch] if augment is None else augment(train.images[batch], rng)
                x, t = backend.from_numpy(images), backend.from_numpy(train.labels[batch])
                optimizer.zero_grad()
                scores, backward = network.forward(x)
                loss, loss_backward = criterion.forward(scores, t)
                backward(loss_backward(), input_gradient=False)
                optimizer.step()
                if schedule is not None:
                    schedule.step()
                # Summed where they are, and read now and then: to read a number from a GPU is to wait for it.
                loss_sum = loss_sum + loss * len(batch)
                correct = correct + (scores.argmax(-1) == t).sum()
                text = f"epoch {epoch}/{epochs}  loss {float(loss):.4f}" if step % 20 == 0 else None
                bar.advance(len(batch), text)
            seconds = time.perf_counter() - begin
            train_loss = float(loss_sum) / samples
            if not math.isfinite(train_loss):
                raise ValueError(f"the loss became {train_loss} in epoch {epoch}: try a lower learning rate")
            tested = evaluate(network, criterion, test)
            history.append(Epoch(epoch, train_loss, int(correct) / samples, *tested, seconds))
            bar.line(_line(history[-1], epochs, samples))
    return history


def predict(network: Module, images: np.ndarray, batch_size: int = 1000) -> np.ndarray:
    """The scores (n, classes) of all images, as a NumPy array."""
    backend = kernels.current()
    parts = batches(len(images), batch_size)
    return np.concatenate([backend.to_numpy(network(backend.from_numpy(images[part]))) for part in parts])


def evaluate(network: Module, criterion: Loss, part: Part) -> tuple[float, float]:
    """Loss and accuracy on that part of a data set."""
    backend = kernels.current()
    scores = predict(network, part.images)
    loss = criterion(backend.from_numpy(scores), backend.from_numpy(part.labels))
    return float(loss), accuracy(scores, part.labels)


def _line(row: Epoch, epochs: int, samples: int) -> str:
    return (
        f"epoch {row.epoch:{len(str(epochs))}}/{epochs}   loss {row.train_loss:.4f}   "
        f"train {row.train_accuracy:7.2%}   test {row.test_accuracy:7.2%}   {samples / row.seconds:9,.0f} samples/s"
    )
