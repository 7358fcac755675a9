"""k-means: the centres that are nearest, on average, to points without labels.

    1  every point belongs to the centre that is nearest to it      2  every centre moves to the mean of its points

Neither step makes the sum of the squared distances larger, so that they end (Lloyd). How well depends on the start: a
new centre is a point drawn with a probability that grows with its squared distance from the centres so far, the best of
some draws (k-means++).

Sources: Lloyd, Least squares quantization in PCM, 1982; Arthur and Vassilvitskii, k-means++: the advantages of careful
seeding, 2007.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from .. import kernels


class Clusters(NamedTuple):
    centres: np.ndarray  # (count, features), of the points' dtype
    labels: np.ndarray  # (n,): the number of each point's centre
    inertia: float  # the sum of the squared distances of the points from their centres


def k_means(points: np.ndarray, count: int, *, seed: int = 0, max_iter: int = 300, tol: float = 1e-4) -> Clusters:
    """`count` centres of the points (n, features), an array of NumPy's; the distances are the current backend's.

    It ends when no point changes its centre, when the centres together move by less than `tol` of the points' mean
    variance, squared, or after `max_iter` rounds. A centre that has lost all its points moves to the one that is
    farthest from its own.

    Raises
    ------
    ValueError
        There are fewer points than centres, they aren't (n, features), or one of them isn't finite.
    """
    if points.ndim != 2:
        raise ValueError(f"k_means: points has {points.ndim} axes, it must have 2")
    if not 1 <= count <= len(points):
        raise ValueError(f"k_means: count is {count}, it must be from 1 to {len(points)}, the number of points")
    if not np.isfinite(points).all():
        raise ValueError("k_means: points holds an infinity or a NaN, all must be finite")
    given = kernels.current().from_numpy(points)
    centres = points[_start(points, given, count, np.random.Generator(np.random.Philox(seed)))]
    least = tol * points.var(axis=0, dtype=np.float64).mean()
    labels = np.full(len(points), -1)
    for _ in range(max_iter):
        before, (labels, squares) = labels, _nearest(given, centres)
        moved = _means(points, labels, squares, count).astype(points.dtype)
        shift = np.square(moved - centres, dtype=np.float64).sum()
        centres = moved
        if shift <= least or np.array_equal(labels, before):
            break
    labels, squares = _nearest(given, centres)
    return Clusters(centres, labels, float(squares.sum(dtype=np.float64)))


def _squares(given: Any, centres: np.ndarray) -> np.ndarray:
    """The squared distances of the points, the backend's array, from some centres."""
    here = kernels.current()
    return here.to_numpy(kernels.squared_distances(given, here.from_numpy(centres)))


def _nearest(given: Any, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of each point's nearest centre, the first of several, and how far it is, squared."""
    squares = _squares(given, centres)
    labels = squares.argmin(axis=1)
    return labels, squares[np.arange(len(labels)), labels]


def _start(points: np.ndarray, given: Any, count: int, rng: np.random.Generator) -> list[int]:
    """The numbers of the points at which the centres begin."""
    draws = 2 + int(math.log(count))
    chosen = [int(rng.integers(len(points)))]
    squares = _squares(given, points[chosen])[:, 0].astype(np.float64)
    while len(chosen) < count:
        # A point drawn evenly from all, each as long as its squared distance; the chosen ones have length 0.
        ends = np.cumsum(squares)
        tried = np.searchsorted(ends, rng.random(draws) * ends[-1], side="right")
        if ends[-1] == 0:  # all other points lie on centres
            tried = np.setdiff1d(np.arange(len(points)), chosen)[:1]
        tried = np.minimum(tried, len(points) - 1)
        left = np.minimum(squares[:, None], _squares(given, points[tried]))
        best = int(left.sum(axis=0).argmin())
        chosen.append(int(tried[best]))
        squares = left[:, best]
    return chosen


def _means(points: np.ndarray, labels: np.ndarray, squares: np.ndarray, count: int) -> np.ndarray:
    """The mean of each centre's points, in float64; a centre without any gets the point farthest from its own."""
    labels, sizes = labels.copy(), np.bincount(labels, minlength=count)
    farthest = iter(np.argsort(-squares, kind="stable"))
    for empty in np.flatnonzero(sizes == 0):
        point = next(point for point in farthest if sizes[labels[point]] > 1)
        sizes[labels[point]] -= 1
        labels[point], sizes[empty] = empty, 1
    order = np.argsort(labels, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.add.reduceat(points[order], starts, axis=0, dtype=np.float64) / sizes[:, None]
