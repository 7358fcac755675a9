"""Resampling, padding and their gradients are one thing: along each axis, every place of the result is a weighted sum
of a few places of x. A table says which, as a sparse matrix does (rows of places and weights, one after the other):

    pointers  0 1 2 4 …        row r has the entries pointers[r] … pointers[r + 1] − 1 of the two below; rows of depth
    places    0 0 0 1 …        come first, then those of height, then those of width. One without entries is filled
    weights   1 1 ¾ ¼ …        with a value.

The gradient is the same with each matrix transposed.
"""

import functools
from typing import Any, NamedTuple

import numpy as np

from ..backend import current


class Axis(NamedTuple):
    """How the places of one axis are made of those of x: a pure function's arguments, so that tables can be kept."""

    kind: str
    size: int
    out: int
    number: float = 0.0  # padding in front; of an interpolation, x's places for one of the result

    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        """For each place of the result (a row) places in x, −1 where there is none, and their weights."""
        places, weights = _KINDS[self.kind](self, np.arange(self.out))
        return np.broadcast_to(places, weights.shape), weights


def _moved(axis: Axis, o: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One place each."""
    return places[:, None], np.ones((axis.out, 1))


def _constant(axis, o):
    p = o - int(axis.number)
    return _moved(axis, o, np.where((p >= 0) & (p < axis.size), p, -1))


def _reflect(axis, o):
    p = np.abs(o - int(axis.number))
    return _moved(axis, o, np.where(p < axis.size, p, 2 * (axis.size - 1) - p))


def _replicate(axis, o):
    return _moved(axis, o, np.clip(o - int(axis.number), 0, axis.size - 1))


def _circular(axis, o):
    """Of what is left of x where padding cuts off."""
    before, after = int(axis.number), axis.out - axis.size - int(axis.number)
    begin, end = max(-before, 0), axis.size + min(after, 0)
    return _moved(axis, o, begin + (o - max(before, 0)) % max(end - begin, 1))


def _nearest(axis, o):
    p = o * axis.size // axis.out if not axis.number else np.floor(o * axis.number).astype(np.int64)
    return _moved(axis, o, np.minimum(p, axis.size - 1))


def _nearest_exact(axis, o):
    p = (2 * o + 1) * axis.size // (2 * axis.out) if not axis.number else np.floor((o + 0.5) * axis.number)
    return _moved(axis, o, np.minimum(p, axis.size - 1).astype(np.int64))


def _centres(axis, o):
    """Where the centres of the result's pixels lie in x, whose pixels' centres are at whole numbers."""
    return (o + 0.5) * (axis.number or axis.size / axis.out) - 0.5


def _corners(axis, o):
    """The same where the first and the last centre are those of x."""
    return o * ((axis.size - 1) / (axis.out - 1) if axis.out > 1 else 0.0)


def _between_two(axis, at):
    low = np.minimum(np.floor(at), axis.size - 1)
    places = np.stack([low, np.minimum(low + 1, axis.size - 1)], 1)
    return places.astype(np.int64), np.stack([1 - (at - low), at - low], 1)


def _among_four(axis, at):
    """Cubic convolution with a = −¾. Source: Keys, IEEE Trans. Acoustics, Speech, Signal Processing 29, 1981."""
    low, a = np.floor(at), -0.75
    t = np.abs((at - low)[:, None] - np.arange(-1, 3))
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    places = np.clip(low[:, None] + np.arange(-1, 3), 0, axis.size - 1)
    return places.astype(np.int64), np.where(t <= 1, near, far)


def _area(axis, o):
    """Means of parts, as in adaptive pooling."""
    start, end = o * axis.size // axis.out, -(-(o + 1) * axis.size // axis.out)
    places = start[:, None] + np.arange((end - start).max(initial=1))
    return np.where(places < end[:, None], places, -1), 1 / (end - start)[:, None] * np.ones(places.shape)


_KINDS: dict[str, Any] = {
    "constant": _constant,
    "reflect": _reflect,
    "replicate": _replicate,
    "circular": _circular,
    "nearest": _nearest,
    "nearest-exact": _nearest_exact,
    "linear": lambda axis, o: _between_two(axis, np.maximum(_centres(axis, o), 0)),
    "linear, corners": lambda axis, o: _between_two(axis, _corners(axis, o)),
    "cubic": lambda axis, o: _among_four(axis, _centres(axis, o)),
    "cubic, corners": lambda axis, o: _among_four(axis, _corners(axis, o)),
    "area": _area,
}


class Table(NamedTuple):
    """What a kernel is told."""

    pointers: Any
    places: Any
    weights: Any
    run: tuple[int, int, int]  # along width, places begin … end − 1 of the result are x's, moved by so many


@functools.lru_cache(maxsize=256)
def table(backend: Any, dtype: Any, axes: tuple[Axis, ...], transposed: bool) -> Table:
    """The table of three axes, as arrays of the backend."""
    counts, places, weights, run = [], [], [], (0, 0, 0)
    for axis in axes:
        place, weight = axis.entries()
        row, count = np.broadcast_to(np.arange(axis.out)[:, None], place.shape)[place >= 0], axis.out
        place, weight = place[place >= 0], weight[place >= 0]
        if transposed:
            order = np.argsort(place, kind="stable")
            row, place, weight, count = place[order], row[order], weight[order], axis.size
        counts.append(np.bincount(row, minlength=count))
        places.append(place)
        weights.append(weight)
        run = _run(counts[-1], place, weight)
    pointers = np.concatenate([[0], *counts]).cumsum()
    arrays = (pointers, np.concatenate(places), np.concatenate(weights))
    kinds = (np.int64, np.int64, dtype)
    pointers, places, weights = (backend.from_numpy(array.astype(kind)) for array, kind in zip(arrays, kinds))
    return Table(pointers, places, weights, run)


def _run(counts: np.ndarray, places: np.ndarray, weights: np.ndarray) -> tuple[int, int, int]:
    """The longest run of rows that each copy one place, from one to the next: (begin, end, its first place − begin)."""
    first = np.concatenate([[0], counts]).cumsum()
    copied = np.flatnonzero(counts == 1)
    copied = copied[weights[first[copied]] == 1]
    if not copied.size:
        return 0, 0, 0
    shift = places[first[copied]] - copied
    cuts = np.flatnonzero((np.diff(copied) != 1) | (np.diff(shift) != 0)) + 1
    begins, ends = np.concatenate([[0], cuts]), np.concatenate([cuts, [copied.size]])
    longest = int(np.argmax(ends - begins))
    begin = int(copied[begins[longest]])
    return begin, begin + int(ends[longest] - begins[longest]), int(shift[begins[longest]])


def of(x: Any, axes: list[Axis], transposed: bool = False) -> Table:
    """The table for the current backend, x's dtype and up to three last axes."""
    return table(current(), x.dtype, tuple([Axis("constant", 1, 1)] * (3 - len(axes)) + axes), transposed)
