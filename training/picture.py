"""Pictures of a training: how it went, and what the network makes of images that it has never seen.

`draw` makes a figure of bands, one above the other, each drawn by one of the functions below it: a new recipe's picture
is a few lines.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .data import Dataset
from .metrics import confusion_matrix
from .optional import optional
from .whole import whole

INK, QUIET, RIGHT, WRONG = "#222222", "#8a8a8a", "#1f6fb2", "#d1422f"
COLUMNS = 10
Band = tuple[float, Callable[[Any], None]]  # its height in inches, and what draws it into a subfigure


def draw(path: Path, title: str, bands: Sequence[Band]) -> None:
    """Write a picture of these bands."""
    heights = [height for height, _ in bands]
    figure = optional("matplotlib.figure").Figure(figsize=(10, sum(heights) + 0.4), dpi=120, layout="constrained")
    figure.suptitle(title, color=INK, fontsize=13, x=0.01, ha="left")
    parts = np.atleast_1d(figure.subfigures(len(bands), 1, height_ratios=heights))
    for part, (_, fill) in zip(parts, bands):
        fill(part)
    with whole(path) as draft:
        figure.savefig(draft)


def training_picture(path: Path, title: str, history: Sequence[dict], data: Dataset, scores: np.ndarray) -> None:
    """Draw what `training_bands` makes."""
    draw(path, title, training_bands(history, data, scores))


def training_bands(history: Sequence[dict], data: Dataset, scores: np.ndarray) -> list[Band]:
    """A classifier's loss and accuracy over the epochs, which classes it confuses, a sample of test images and
    the worst mistakes. `scores` (n, classes) are the network's of all test images."""
    labels, answers = data.test.labels, scores.argmax(-1)
    mistakes = np.flatnonzero(answers != labels)
    # By how much a wrong class was preferred to the right one: the largest first.
    margin = scores[mistakes, answers[mistakes]] - scores[mistakes, labels[mistakes]]
    worst = mistakes[np.argsort(-margin, kind="stable")][: 2 * COLUMNS]
    first = np.arange(min(2 * COLUMNS, len(labels)))

    def top(figure):
        loss, accuracy, confused = figure.subplots(1, 3, width_ratios=(1, 1, 1.25))
        curves(loss, history, "loss")
        curves(accuracy, history, "accuracy", percent=True)
        loss.legend(frameon=False, labelcolor="linecolor")
        confusion(confused, confusion_matrix(scores, labels), data.classes)

    def answered(heading, indices):
        titles, colors = [], []
        for i in indices:
            right = answers[i] == labels[i]
            truth = "" if right else f"\n({data.classes[labels[i]]})"
            titles.append(f"{data.classes[answers[i]]}{truth}")
            colors.append(RIGHT if right else WRONG)
        return images(heading, data.test.images[indices], data.shape, titles, colors)

    heading = f"Wrong are {len(mistakes):,} of {len(labels):,}; the surest mistakes first, the truth in brackets"
    seen = answered("Test images: the first ones, and what the network takes them for", first)
    return [(3.4, top), seen, answered(heading, worst)]


def curves(axes: Any, history: Sequence[dict], name: str, percent: bool = False) -> None:
    """That column of the history over the epochs, and the validation data's."""
    epochs, factor = [row["epoch"] for row in history], 100 if percent else 1
    marker = "o" if len(epochs) < 20 else None
    for column, color, label in ((name, QUIET, "train"), (f"val_{name}", RIGHT, "test")):
        if column in history[0]:
            values = [factor * row[column] for row in history]
            axes.plot(epochs, values, color=color, marker=marker, markersize=3, label=label)
    axes.set_xlabel("epoch", color=QUIET)
    axes.xaxis.get_major_locator().set_params(integer=True)
    plain(axes, f"{name}, %" if percent else name)


def plain(axes: Any, heading: str) -> None:
    """A heading, a faint grid, no frame."""
    axes.set_title(heading, color=INK, loc="left", fontsize=10)
    axes.tick_params(colors=QUIET)
    axes.grid(color="#eeeeee")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def confusion(axes: Any, matrix: np.ndarray, classes: Sequence[str]) -> None:
    """A confusion matrix: the darker a square, the larger its share of the row's samples."""
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            color = "white" if share[row, column] > 0.5 else INK
            axes.text(column, row, f"{count}", ha="center", va="center", fontsize=5, color=color)
    axes.set_xticks(range(len(classes)), classes, rotation=90, fontsize=6)
    axes.set_yticks(range(len(classes)), classes, fontsize=6)
    axes.tick_params(length=0, colors=QUIET)
    axes.set_title("what (row) is taken for what (column)", color=INK, loc="left", fontsize=10)


def images(
    heading: str,
    pixels: np.ndarray,
    shape: tuple[int, ...],
    titles: Sequence[str] = (),
    colors: Sequence[str] = (),
    columns: int = COLUMNS,
) -> Band:
    """A grid of images, each of the given shape, (height, width) or (channels, height, width), from 0 to 1, in rows;
    a title above each."""
    rows = math.ceil(len(pixels) / columns)

    def fill(figure):
        figure.suptitle(heading, color=INK, fontsize=10, x=0.01, ha="left")
        if not rows:
            return
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in grid:
            axes.axis("off")
        for i, (axes, image) in enumerate(zip(grid, pixels)):
            image = image.reshape(shape)
            if image.ndim == 3:
                image = np.moveaxis(image, 0, -1)
            axes.imshow(np.clip(image, 0, 1), cmap="gray_r", vmin=0, vmax=1)
            if titles:
                axes.set_title(titles[i], fontsize=8, color=colors[i] if colors else INK, pad=3)

    return 0.35 + 10 / columns * 1.2 * max(rows, 0.1) if titles else 0.35 + 9.5 / columns * max(rows, 0.1), fill


def points(axes: Any, places: np.ndarray, labels: np.ndarray, classes: Sequence[str], heading: str) -> None:
    """Points of the plane (n, 2), coloured by class."""
    colors = optional("matplotlib").colormaps["tab10"]
    for number, name in enumerate(classes):
        chosen = places[labels == number]
        axes.scatter(chosen[:, 0], chosen[:, 1], s=4, color=colors(number % 10), label=name, linewidths=0)
    axes.set_title(heading, color=INK, loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=7, markerscale=3, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
