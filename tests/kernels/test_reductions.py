"""Reductions of more numbers than the catalog's samples have."""

import numpy as np
import pytest

from kernelwright import kernels


@pytest.mark.parametrize(("shape", "axis"), [((10_000_000,), None), ((5_000_000, 2), 0), ((2, 5_000_000), 1)])
def test_a_sum_of_millions_is_right(shape, axis):
    x = np.full(shape, 0.1, np.float32)
    exact = x.astype(np.float64).sum(axis)
    np.testing.assert_allclose(kernels.sum(x, axis), exact, rtol=3e-7)
    np.testing.assert_allclose(kernels.mean(x, axis), np.float32(0.1), rtol=3e-7)


def test_the_extremes_of_millions():
    x = np.random.default_rng(0).standard_normal((1_000_000, 3), np.float32)
    for axis in (None, 0, 1):
        np.testing.assert_array_equal(kernels.amax(x, axis), x.max(axis))
        np.testing.assert_array_equal(kernels.amin(x, axis), x.min(axis))
    x[777_777, 1] = np.nan
    assert np.isnan(kernels.amax(x))
    np.testing.assert_array_equal(np.isnan(kernels.amin(x, 0)), [False, True, False])


def test_the_gradient_of_an_extreme_is_shared_among_all_equals():
    x = np.zeros((300_000, 2), np.float32)
    x[::3, 0] = x[5, 1] = 1
    y = kernels.amax(x, 0)
    grad = kernels.amax_backward(np.full(2, 6, np.float32), x, y, 0)
    np.testing.assert_allclose(grad, x * np.array([6 / 100_000, 6], np.float32), rtol=1e-6)
