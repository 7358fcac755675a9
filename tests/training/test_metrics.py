"""Metrics against scikit-learn's, classes that are absent among them."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from kernelwright import training


def answers(case):
    rng = np.random.default_rng(5)
    answered, labels = rng.integers(0, 5, 60), rng.integers(0, 5, 60)
    if case == "no answer":
        answered[answered == 2] = 3
    elif case == "no sample":
        labels[labels == 1] = 0
    elif case == "neither":
        answered[answered == 2] = labels[labels == 2] = 4
    elif case == "all right":
        answered = labels
    elif case == "all wrong":
        answered = (labels + 1) % 5
    return answered, labels


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", None])
@pytest.mark.parametrize("case", ["all", "no answer", "no sample", "neither", "all right", "all wrong"])
def test_by_class(case, average):
    answered, labels = answers(case)
    scores = np.eye(5)[answered]
    among = {"labels": range(5)} if average is None else {}
    for name in ("precision", "recall", "f1"):
        expected = getattr(theirs, f"{name}_score")(labels, answered, average=average, zero_division=0, **among)
        ours = getattr(training, name)
        np.testing.assert_allclose(ours(scores, labels, average), expected, rtol=1e-12)
        if case != "neither" or average:
            np.testing.assert_allclose(ours(answered, labels, average), expected, rtol=1e-12)
    matrix = training.confusion_matrix(scores, labels)
    np.testing.assert_array_equal(matrix, theirs.confusion_matrix(labels, answered, labels=range(5)))
    np.testing.assert_array_equal(training.confusion_matrix(answered, labels, 5), matrix)
    assert training.accuracy(scores, labels) == theirs.accuracy_score(labels, answered)


@pytest.mark.parametrize("k", [1, 2, 4, 5])
def test_top_k(k):
    rng = np.random.default_rng(6)
    scores, labels = rng.integers(0, 4, (200, 5)) / 4, rng.integers(0, 5, 200)  # with many ties
    expected = theirs.top_k_accuracy_score(labels, scores, k=k, labels=range(5)) if k < 5 else 1.0
    assert training.top_k_accuracy(scores, labels, k) == pytest.approx(expected)


def test_accuracy():
    scores = np.array([[1, 2], [2, 1], [0, 5], [3, 0]])
    assert training.accuracy(scores, np.array([1, 0, 0, 0])) == 0.75
    assert training.accuracy(scores, np.array([[0.2, 0.8], [0.9, 0.1], [0.6, 0.4], [1, 0]])) == 0.75


SCORES, LABELS = np.zeros((4, 2)), np.zeros(4, int)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: training.accuracy(SCORES, np.zeros(3)), r"accuracy: scores \(4, 2\) and labels \(3,\) must be"),
        (lambda: training.f1(np.zeros(4), LABELS), r"f1: scores \(4,\) and labels \(4,\) must be"),
        (lambda: training.accuracy(SCORES[:0], LABELS[:0]), "accuracy: there are no samples"),
        (lambda: training.recall(SCORES, LABELS, "binary"), "recall: average is 'binary', it must be one of 'micro'"),
        (lambda: training.top_k_accuracy(SCORES, LABELS, 0), "top_k_accuracy: k is 0, it must be at least 1"),
        (lambda: training.confusion_matrix(SCORES, LABELS + 2), "labels are from 2 to 2, they must be below 2"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
