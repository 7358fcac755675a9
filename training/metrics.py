"""How good a classifier is: scikit-learn's definitions, of scores (n, classes) or of answers (n,), which are classes.

A class that neither an answer nor a label names doesn't count in a mean over the classes; where a denominator is 0, so
is the result.
"""

from typing import Any

import numpy as np

from .. import kernels
from ..kernels import check

AVERAGES = ("micro", "macro", "weighted", None)


def accuracy(scores: Any, labels: Any) -> Any:
    """The share of samples whose highest score is that of their label: scores (n, classes), labels (n,).

    Labels that are probabilities of the classes (n, classes) count by their highest. A number, on the arrays' backend.
    """
    labels = labels.argmax(-1) if labels.ndim == 2 else labels
    _check("accuracy", scores, labels)
    return (scores.argmax(-1) == labels).mean()


def top_k_accuracy(scores: Any, labels: Any, k: int = 5) -> Any:
    """The share of samples with fewer than `k` classes of a higher score than their label's, or an equal one and a
    higher number, which is how scikit-learn decides ties."""
    _check("top_k_accuracy", scores, labels)
    check.number("top_k_accuracy", "k", k, 1)
    scores, labels = _numpy(scores), _numpy(labels)
    own = scores[np.arange(len(labels)), labels][:, None]
    before = (scores > own) | ((scores == own) & (np.arange(scores.shape[1]) > labels[:, None]))
    return (before.sum(-1) < k).mean()


def confusion_matrix(scores: Any, labels: Any, classes: int | None = None) -> np.ndarray:
    """How often a sample of class i, the row, was taken for one of class j, the column: (classes, classes) of int64.

    `classes` is by default as many as there are scores, or the highest number that occurs, + 1.
    """
    answers, labels = _answers("confusion_matrix", scores, labels)
    most = scores.shape[1] if scores.ndim == 2 else int(max(answers.max(), labels.max())) + 1
    size = most if classes is None else classes
    for name, x in (("scores", answers), ("labels", labels)):
        if not 0 <= x.min() <= x.max() < size:
            raise ValueError(f"confusion_matrix: {name} are from {x.min()} to {x.max()}, they must be below {size}")
    return np.bincount(labels * size + answers, minlength=size * size).reshape(size, size)


def precision(scores: Any, labels: Any, average: str | None = "macro") -> Any:
    """Right answers of a class / answers of it: (classes,) with average=None, or one number.

    "micro" counts the right answers of all classes together, "macro" is the mean over the classes, and "weighted" has
    each count as often as it has samples.
    """
    right, answered, actual = _counts("precision", scores, labels, average)
    return _averaged(right, answered, actual, average)


def recall(scores: Any, labels: Any, average: str | None = "macro") -> Any:
    """Right answers of a class / samples of it; averages as for `precision`."""
    right, _, actual = _counts("recall", scores, labels, average)
    return _averaged(right, actual, actual, average)


def f1(scores: Any, labels: Any, average: str | None = "macro") -> Any:
    """The harmonic mean of precision and recall: 2 right / (answers + samples) of a class."""
    right, answered, actual = _counts("f1", scores, labels, average)
    return _averaged(2 * right, answered + actual, actual, average)


def _averaged(above: np.ndarray, below: np.ndarray, actual: np.ndarray, average: str | None) -> Any:
    if average == "micro":
        above, below = above.sum(keepdims=True), below.sum(keepdims=True)
    ratio = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    if average == "weighted":
        return float(ratio @ actual / actual.sum())
    return ratio if average is None else float(ratio.mean())


def _counts(function: str, scores: Any, labels: Any, average: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right answers, answers and samples of each class; with an average, of those that occur."""
    check.choice(function, "average", average, AVERAGES)
    classes = scores.shape[1] if scores.ndim == 2 else None
    matrix = confusion_matrix(*_answers(function, scores, labels), classes)
    right, answered, actual = matrix.diagonal(), matrix.sum(0), matrix.sum(1)
    chosen = slice(None) if average is None else answered + actual > 0
    return right[chosen], answered[chosen], actual[chosen]


def _answers(function: str, scores: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = _numpy(scores), _numpy(labels)
    if scores.ndim == 1 and scores.dtype.kind in "iu" and scores.shape == labels.shape and labels.size:
        return scores.astype(np.int64), labels.astype(np.int64)
    _check(function, scores, labels)
    return scores.argmax(-1), labels.astype(np.int64)


def _check(function: str, scores: Any, labels: Any) -> None:
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(f"{function}: scores {scores.shape} and labels {labels.shape} must be (n, classes) and (n,)")
    if not labels.size:
        raise ValueError(f"{function}: there are no samples")


def _numpy(x: Any) -> np.ndarray:
    return x if isinstance(x, np.ndarray) else kernels.current().to_numpy(x)
