"""Distances where a product would cancel or overflow, and of infinities and NaN, whose gradients aren't PyTorch's."""

import numpy as np
import pytest

from kernelwright import kernels

from ..catalog import BACKENDS, DTYPES

FEATURES = (3, 40)  # the CPU sums squares of few, and has a product of many
INF = np.inf


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
def test_near_rows_far_from_zero(name, dtype, features):
    """Relative to the distance: ‖x‖² + ‖c‖² − 2 x·c alone would have no right digit in float32."""
    rng = np.random.default_rng(0)
    c = (rng.standard_normal((19, features)) + 1e4).astype(dtype)
    x = (c[rng.integers(0, 19, 9)] + 0.01 * rng.standard_normal((9, features))).astype(dtype)
    exact = ((x.astype(np.longdouble)[:, None] - c) ** 2).sum(-1)
    here = kernels.backend(name)
    found = here.to_numpy(here.squared_distances(here.from_numpy(x), here.from_numpy(c)))
    np.testing.assert_allclose(found, exact.astype(np.float64), rtol=20 * np.finfo(dtype).eps)
    own = here.to_numpy(here.squared_distances(here.from_numpy(c), here.from_numpy(c)))
    np.testing.assert_array_equal(np.diag(own), 0)


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
def test_infinities(name, dtype, features):
    x, c = np.ones((5, features), dtype), np.zeros((2, features), dtype)
    huge = np.finfo(dtype).max / 4
    x[0, 1], x[1, 2], x[2, 0], x[4, 2] = INF, -INF, huge, np.nan
    c[1, 1] = INF
    here = kernels.backend(name)
    given = here.from_numpy(x), here.from_numpy(c)
    expected = np.array(
        [[INF, np.nan], [INF, INF], [INF, INF], [features, INF], [np.nan] * 2]
    )  # ∞ − ∞ is NaN, huge² is ∞
    np.testing.assert_array_equal(here.to_numpy(here.squared_distances(*given)), expected)
    np.testing.assert_array_equal(here.to_numpy(here.radial_basis(*given))[:3], [[0, np.nan], [0, 0], [0, 0]])
    np.testing.assert_array_equal(here.to_numpy(here.radial_basis(*given, None, "thin_plate"))[2], [INF, INF])
    grad = here.from_numpy(np.ones((5, 1), dtype))
    pulled = here.radial_basis_backward(grad, given[0], given[1][:1], None, "inverse_multiquadric")[0]
    np.testing.assert_array_equal(here.to_numpy(pulled)[0], np.where(np.arange(features) == 1, np.nan, 0))
