"""k-means beside scikit-learn's, its hostile inputs, and ridge regression."""

import re

import numpy as np
import pytest

from kernelwright import kernels, training
from kernelwright.training.k_means import _means, k_means
from kernelwright.training.ridge import ridge

from ..catalog import BACKENDS


def test_as_good_as_that_of_scikit_learn():
    from sklearn.cluster import KMeans

    points = training.load("digits").train.images
    ours = [k_means(points, 40, seed=seed) for seed in range(2)]
    theirs = [KMeans(40, n_init=1, random_state=seed).fit(points).inertia_ for seed in range(2)]
    assert np.mean([found.inertia for found in ours]) < 1.02 * np.mean(theirs)
    for found in ours:
        squares = ((points[:, None].astype(float) - found.centres) ** 2).sum(-1)
        np.testing.assert_array_equal(found.labels, squares.argmin(1))
        assert found.inertia == pytest.approx(squares.min(1).sum(), rel=1e-5)
        means = [points[found.labels == label].mean(0) for label in range(40)]
        assert np.mean((found.centres - means) ** 2) < 1e-5  # it has come to rest


def test_the_same_seed_gives_the_same_bytes():
    points = np.random.default_rng(0).random((200, 3)).astype(np.float32)
    first, again, other = (k_means(points, 7, seed=seed) for seed in (3, 3, 4))
    assert first.centres.tobytes() == again.centres.tobytes()
    assert first.inertia == again.inertia
    assert first.centres.tobytes() != other.centres.tobytes()


@pytest.mark.parametrize("name", BACKENDS)
def test_separate_clusters_are_found(name):
    places = np.array([[0, 0], [10, 0], [0, 10]], np.float32)
    points = np.concatenate([place + np.eye(2, dtype=np.float32)[[0, 1, 0, 1]] for place in places])
    with kernels.using(name):
        found = k_means(points, 3)
    np.testing.assert_array_equal(sorted(found.centres.tolist()), sorted((places + 0.5).tolist()))
    assert found.inertia == 6


def test_fewer_places_than_centres():
    points = np.array([[1.0], [1], [1], [2], [2]])
    found = k_means(points, 4)
    assert found.inertia == 0
    assert set(found.centres[:, 0]) == {1, 2}
    np.testing.assert_array_equal(np.sort(k_means(points, 5).centres[:, 0]), points[:, 0])


def test_a_centre_without_points_goes_to_the_farthest_one():
    points = np.array([[0.0], [1], [8], [5]])
    moved = _means(points, np.array([0, 0, 0, 2]), np.array([0.1, 0.2, 9, 30]), 3)
    np.testing.assert_array_equal(moved, [[0.5], [8], [5]])  # 5 is the farthest, but the only one of its centre


@pytest.mark.parametrize(
    ("points", "count", "message"),
    [
        (np.ones(3), 1, "points has 1 axes, it must have 2"),
        (np.ones((3, 2)), 4, "count is 4, it must be from 1 to 3, the number of points"),
        (np.ones((3, 2)), 0, "count is 0"),
        (np.array([[1.0], [np.nan]]), 1, "points holds an infinity or a NaN"),
    ],
)
def test_refused(points, count, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        k_means(points, count)


def test_ridge():
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    features, targets = rng.random((30, 4)) + 5, rng.random((30, 2))
    weight, bias = ridge(features, targets, 0.1)
    theirs = Ridge(0.1, solver="cholesky").fit(features, targets)
    np.testing.assert_allclose(weight, theirs.coef_, rtol=1e-9)
    np.testing.assert_allclose(bias, theirs.intercept_, rtol=1e-9)
    with pytest.raises(ValueError, match="ridge: features has 30 rows, targets 29"):
        ridge(features, targets[1:], 0.1)
    with pytest.raises(ValueError, match="ridge: penalty is 0, it must be above 0"):
        ridge(features, targets, 0)
