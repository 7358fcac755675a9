"""Two tasks in one data set: digits and clothes, of one size, and what a mixture of experts makes of them."""

import numpy as np

from .data import Dataset, Part, load

SIDE = 8
DIGITS, CLOTHES = 0, 1  # the tasks


def digits_and_clothes(clothes: int) -> Dataset:
    """Images of 8 × 8 pixels: classes 0 to 9 are the digits, 10 to 19 the clothes of Fashion-MNIST.

    For training there are the first `clothes` of those, and the digits again and again until they are as many, as
    nearly as whole repetitions come; for the test all of both.

    Raises
    ------
    FileNotFoundError, ValueError
        Fashion-MNIST isn't here, or is damaged: see `load`.
    """
    two = load("digits"), load("fashion-mnist")
    train = Part(two[1].train.images[:clothes], two[1].train.labels[:clothes])
    times = max(1, round(len(train.labels) / len(two[0].train.labels)))
    again = Part(np.tile(two[0].train.images, (times, 1)), np.tile(two[0].train.labels, times))
    parts = [
        Part(np.concatenate([a.images, shrunk(b.images)]), np.concatenate([a.labels, b.labels + 10]))
        for a, b in ((again, train), (two[0].test, two[1].test))
    ]
    return Dataset(parts[0], parts[1], (SIDE, SIDE), two[0].classes + two[1].classes)


def shrunk(images: np.ndarray) -> np.ndarray:
    """28 × 28 pixels with two more on each side, each 4 × 4 averaged to one: (n, 64)."""
    padded = np.pad(images.reshape(-1, 28, 28), ((0, 0), (2, 2), (2, 2)))
    return padded.reshape(-1, SIDE, 4, SIDE, 4).mean((2, 4)).reshape(-1, SIDE**2)


def standardised(images: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Each pixel less its mean, by its standard deviation, in the images `like`."""
    return (images - like.mean(0)) / (like.std(0) + np.float32(1e-3))


def task(labels: np.ndarray) -> np.ndarray:
    """DIGITS or CLOTHES."""
    return np.where(labels < 10, DIGITS, CLOTHES)


def shares(served: np.ndarray, groups: np.ndarray, experts: int) -> np.ndarray:
    """Of each group of samples, such as a task, the share that each expert serves: (groups, experts)."""
    counts = np.zeros((groups.max() + 1, experts))
    np.add.at(counts, (groups, served), 1)
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def mutual_information(shares: np.ndarray) -> float:
    """How many bits an expert's number tells of the group, all groups being equally likely:
    Σ p(g, e) log₂ (p(g, e) / p(g) p(e)).

    Of two groups it is 0 where they have the same experts, and 1 where they share none.
    """
    p = shares / len(shares)
    apart = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    used = p > 0
    return float((p[used] * np.log2(p[used] / apart[used])).sum())
