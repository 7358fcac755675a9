"""One peer trains one network."""

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np

from .. import memory
from . import work

FIRST = 3  # losses that are compared with NumPy's, to see that all do the same work


@dataclass
class Measured:
    step: float  # seconds, the median but for the first
    first_step: float  # with whatever is compiled then
    steps: int
    losses: list[float]  # of the first steps
    accuracy: float | None  # where the training ended
    reached: float | None  # seconds of training until the accuracy was reached, tests not counted
    peak: int | None  # bytes above those with images and library but without network, what the first step took apart


def module(peer: str):
    return importlib.import_module(f".with_{peer}", __package__)


def measure(make: Callable, given: work.Work, seconds: float) -> Measured:
    """Train until the accuracy is reached, or for so many seconds after the first step; what goes on then is ended."""
    before = memory.resident("VmRSS") if memory.is_known() else None
    step, scores = make(given.network, work.parameters(given.network), work.LR)
    batches, times, losses = given.batches(), [], []
    accuracy, reached = None, None
    while reached is None and (sum(times[1:]) < seconds or len(times) < 2):
        images, labels = next(batches)
        started = time.perf_counter()
        loss = step(images, labels)
        times.append(time.perf_counter() - started)
        losses.append(loss)
        if len(times) == 1 and before is not None:
            memory.forget_the_highest()
        if len(times) % work.EVERY == 0:
            accuracy = _accuracy(scores, given)
            reached = sum(times) if accuracy >= work.ACCURACY else None
    peak = None if before is None else memory.resident("VmHWM") - before
    return Measured(median(times[1:]), times[0], len(times), losses[:FIRST], accuracy, reached, peak)


def _accuracy(scores: Callable, given: work.Work) -> float:
    """In batches as large as in training, so that testing takes no more memory."""
    starts = range(0, len(given.test_images), work.BATCH)
    found = [np.argmax(scores(given.test_images[start : start + work.BATCH]), 1) for start in starts]
    return float((np.concatenate(found) == given.test_labels).mean())
