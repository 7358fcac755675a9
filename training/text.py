"""Text of one character after another: the source code of Python's own standard library, and streams of it.

Everyone who runs this has that text, though each version of Python has another: `library` tells its SHA-256.
"""

import hashlib
import sysconfig
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .augment import Batch
from .loader import DataLoader

# A character is its place here; whatever isn't here (one in 15,000) is the last one.
ALPHABET = "\n" + "".join(map(chr, range(32, 127))) + "\ufffd"
# Tests; what others have installed; tables, and prose that a program wrote; what newer or smaller Pythons don't have.
LEFT_OUT = {
    *("test", "tests", "idle_test", "site-packages", "dist-packages"),
    *("encodings", "pydoc_data", "distutils", "idlelib", "lib2to3"),
}
LIMIT = 8_000_000  # characters of training text
EVERY, TEST, VALIDATION = 20, 0, 10  # of the files in order, number n is held out if n mod 20 is one of these
PIECE = 2048  # characters


class Text(NamedTuple):
    """Characters (n,) as their places in the alphabet, of uint8."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    sha256: str


def library(limit: int = LIMIT, root: Path | None = None) -> Text:
    """The modules of the standard library that runs this, each a whole file, in the order of their paths.

    Of the files in that order number 0, 20, 40, … are for the test, number 10, 30, 50, … for validation, and the
    others for training, those that still fit into `limit` characters. What is held out is cut to a whole number of
    pieces of 2,048 characters, and one more, and to `limit` / 20 at most.

    Raises
    ------
    FileNotFoundError
        The library's source isn't there, as in a Python that has it compiled or in a zip file.
    """
    root = root or Path(sysconfig.get_path("stdlib"))
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))
    names = [name for name in names if not LEFT_OUT & set(name.split("/")) and not name.startswith("config-")]
    if len(names) <= VALIDATION:
        raise FileNotFoundError(f"library: the source of Python's standard library isn't in {root}")
    parts: dict[int, list[str]] = {place: [] for place in range(EVERY)}
    room = limit
    for number, name in enumerate(names):
        content = (root / name).read_text("utf-8", errors="replace")
        place = number % EVERY
        if place not in (TEST, VALIDATION):
            if len(content) > room:
                continue
            place, room = 1, room - len(content)
        parts[place].append(content)
    train, validation, test = (encoded("".join(parts[place])) for place in (1, VALIDATION, TEST))
    validation, test = (one[: (min(len(one), limit // EVERY) - 1) // PIECE * PIECE + 1] for one in (validation, test))
    digest = hashlib.sha256(b"\xff".join(part.tobytes() for part in (train, validation, test)))
    return Text(train, validation, test, digest.hexdigest())


def encoded(text: str) -> np.ndarray:
    """The places of its characters in the alphabet."""
    places = np.full(128, len(ALPHABET) - 1, np.uint8)
    places[[ord(character) for character in ALPHABET[:-1]]] = np.arange(len(ALPHABET) - 1)
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return places[np.minimum(codes, 127)]


def decoded(places: Any) -> str:
    return "".join(ALPHABET[place] for place in places)


class Streams(DataLoader):
    """Batches (x, target) of pieces of a text, int64 (streams, length).

        text         a b c d e f g h i j k l m         2 streams, pieces of 3
        batch 0      x  a b c    target  b c d         batch 1      x  d e f    target  e f g
                        g h i            h i j                         j k l            k l m

    Each batch goes on where the one before ends; with `groups`, where the one so many batches before ends, for groups
    of streams take turns: neighbouring batches of few streams would be of the same few files. After the last piece of
    a stream comes its first again. An epoch is so many `steps`, by default all pieces once; the next epoch goes on
    where it ends.
    """

    def __init__(self, text: np.ndarray, streams: int, length: int, steps: int | None = None, groups: int = 1):
        self.length, self.groups = length, groups
        self.pieces = (len(text) - 1) // (streams * groups * length)  # of each stream
        if not self.pieces:
            least = f"{streams} · {length} + 1" if groups == 1 else f"{groups} · {streams} · {length} + 1"
            raise ValueError(f"Streams: text has {len(text)} characters, it must have at least {least}")
        each = self.pieces * length
        x, target = (text[k : k + groups * streams * each].reshape(groups * streams, each) for k in (0, 1))
        super().__init__((x, target), streams)
        self.steps = self.pieces * groups if steps is None else steps
        self.samples = self.steps * streams

    def batches(self, epoch: int, first: int = 0) -> Generator[Batch, None, None]:
        for number in range(epoch * self.steps + first, (epoch + 1) * self.steps):
            turn, group = divmod(number, self.groups)
            rows = slice(group * self.batch_size, (group + 1) * self.batch_size)
            place = turn % self.pieces * self.length
            yield tuple(array[rows, place : place + self.length].astype(np.int64) for array in self.arrays)
