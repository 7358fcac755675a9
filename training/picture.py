"""The picture of a training: how it went, and what the network makes of images it has never seen."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .data import Dataset
from .optional import optional
from .trainer import Epoch
from .whole import whole

INK, QUIET, RIGHT, WRONG = "#222222", "#8a8a8a", "#1f6fb2", "#d1422f"
COLUMNS = 10


def training_picture(path: Path, title: str, history: Sequence[Epoch], data: Dataset, scores: np.ndarray) -> None:
    """Draw loss and accuracy over the epochs, a sample of test images and the worst mistakes.

    `scores` (n, classes) are the network's of all test images.
    """
    labels, answers = data.test.labels, scores.argmax(-1)
    mistakes = np.flatnonzero(answers != labels)
    # By how much a wrong class was preferred to the right one: the largest first.
    margin = scores[mistakes, answers[mistakes]] - scores[mistakes, labels[mistakes]]
    worst = mistakes[np.argsort(-margin, kind="stable")][: 2 * COLUMNS]
    first = np.arange(min(2 * COLUMNS, len(labels)))

    heights = (3.2, *(0.35 + 1.2 * max(_rows(indices), 0.1) for indices in (first, worst)))
    figure = optional("matplotlib.figure").Figure(figsize=(10, sum(heights) + 0.4), dpi=120, layout="constrained")
    figure.suptitle(title, color=INK, fontsize=13, x=0.01, ha="left")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=heights)
    loss, accuracy = top.subplots(1, 2)
    epochs = [row.epoch for row in history]
    _curves(loss, epochs, [row.train_loss for row in history], [row.test_loss for row in history], "loss")
    train, test = ([100 * getattr(row, f"{part}_accuracy") for row in history] for part in ("train", "test"))
    _curves(accuracy, epochs, train, test, "accuracy, %")
    loss.legend(frameon=False, labelcolor="linecolor")

    _images(middle, "Test images: the first ones, and what the network takes them for", first, data, answers)
    heading = f"Wrong are {len(mistakes):,} of {len(labels):,}; the surest mistakes first, the truth in brackets"
    _images(bottom, heading, worst, data, answers)
    with whole(path) as draft:
        figure.savefig(draft)


def _curves(axes, epochs, train, test, name):
    marker = "o" if len(epochs) < 20 else None
    axes.plot(epochs, train, color=QUIET, marker=marker, markersize=3, label="train")
    axes.plot(epochs, test, color=RIGHT, marker=marker, markersize=3, label="test")
    axes.set_xlabel("epoch", color=QUIET)
    axes.set_title(name, color=INK, loc="left", fontsize=10)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(colors=QUIET)
    axes.grid(color="#eeeeee")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def _rows(indices) -> int:
    return math.ceil(len(indices) / COLUMNS)


def _images(figure, heading, indices, data: Dataset, answers):
    figure.suptitle(heading, color=INK, fontsize=10, x=0.01, ha="left")
    if not len(indices):
        return
    grid = figure.subplots(_rows(indices), COLUMNS, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, i in zip(grid, indices):
        label, answer = data.test.labels[i], answers[i]
        axes.imshow(data.test.images[i].reshape(data.shape), cmap="gray_r", vmin=0, vmax=1)
        right = answer == label
        text = data.classes[answer] if right else f"{data.classes[answer]}\n({data.classes[label]})"
        axes.set_title(text, fontsize=8, color=RIGHT if right else WRONG, pad=3)
