"""Pictures of two handwritten digits, and what is to be seen in them: "a three above a seven".

The darker digit is named first, so that each picture has one caption. Pairs whose sum is nine are never in training.
"""

from typing import NamedTuple

import numpy as np

from ..kernels import check
from . import data

DATASETS = {"scenes": (24, 20_000), "small": (16, 5_000)}  # the side of a picture, and how many are for training
OTHERS, VALIDATION_IMAGES = 2_000, 200
DIGIT = 8  # the side of a digit
INK = (1.0, 0.5)  # how dark the digit is that is named first, and the other
ASIDE = 4  # by so many the one digit is at most off the other's row or column
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RELATIONS = ("above", "below", "left of", "right of")
WORDS = ("a", "an", *DIGITS, "above", "below", "left", "right", "of")
UNSEEN_SUM = 9


class Scenes(NamedTuple):
    images: np.ndarray  # (n, 1, side, side) of float32 from 0 to 1
    captions: list[str]


def pairs(unseen: bool, total: int = UNSEEN_SUM) -> np.ndarray:
    """All pairs of digits (n, 2) that have that sum, or all others."""
    both = np.indices((10, 10)).reshape(2, -1).T
    return both[(both.sum(1) == total) == unseen]


def compose(digits: data.Part, side: int, chosen: np.ndarray, count: int, rng: np.random.Generator) -> Scenes:
    """Scenes of images among these digits, of the pairs `chosen`: each pair, relation and place is as likely as
    any other."""
    places = np.indices([side - DIGIT + 1] * 2).reshape(2, -1).T
    distance = places[:, 1] - places[:, 0]
    apart, beside = places[distance >= DIGIT], places[abs(distance) <= ASIDE]
    named, relations = rng.choice(chosen, count), rng.integers(4, size=count)
    along, across = rng.choice(apart, count), rng.choice(beside, count)
    along = np.where(relations[:, None] % 2, along[:, ::-1], along)  # below, right of: the first is the farther one
    upright = relations[:, None] < 2
    tops, lefts = np.where(upright, along, across), np.where(upright, across, along)

    order = np.argsort(digits.labels, kind="stable")  # those of a digit lie together
    first, number = np.searchsorted(digits.labels[order], named), np.bincount(digits.labels)[named]
    found = digits.images[order[first + rng.integers(number)]].reshape(count, 2, DIGIT, DIGIT)
    images = np.zeros((count, 1, side, side), np.float32)
    for (image,), pair, *corners in zip(images, found, tops, lefts):
        for pixels, ink, top, left in zip(pair, INK, *corners):
            image[top : top + DIGIT, left : left + DIGIT] = ink * pixels
    nouns = [f"an {digit}" if digit == "eight" else f"a {digit}" for digit in DIGITS]
    captions = [f"{nouns[a]} {RELATIONS[r]} {nouns[b]}" for (a, b), r in zip(named, relations)]
    return Scenes(images, captions)


def load(name: str) -> tuple[Scenes, Scenes, Scenes, Scenes]:
    """Scenes for training; for choosing settings; for the test; and for a test of the pairs that the others don't have.

    The last two are made of the same images, the others each of images of its own; always the same ones. "scenes" are
    20,000 for training of 24 × 24 pixels, "small" 5,000 of 16 × 16. The digits come with scikit-learn.
    """
    check.choice("load", "name", name, tuple(DATASETS))
    side, count = DATASETS[name]
    digits, rng = data.load("digits"), np.random.Generator(np.random.Philox(0))
    train, tuned = (
        data.Part(*(array[part] for array in digits.train))
        for part in (slice(None, -VALIDATION_IMAGES), slice(-VALIDATION_IMAGES, None))
    )
    seen = pairs(unseen=False)
    return (
        compose(train, side, seen, count, rng),
        compose(tuned, side, seen, OTHERS, rng),
        compose(digits.test, side, seen, OTHERS, rng),
        compose(digits.test, side, pairs(unseen=True), OTHERS, rng),
    )
