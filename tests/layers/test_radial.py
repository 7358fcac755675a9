"""The layer of radial basis functions: where it begins, its text, what it refuses. Its gradients: test_layers.py."""

import re

import numpy as np
import pytest

from kernelwright import kernels, layers

CENTRES = np.array([[0, 0], [3, 4], [0, 1], [7, 1], [7, 1], [7, 1]], np.float32)


def test_widths_from_the_neighbours():
    layer = layers.RadialBasis.from_centres(CENTRES, "multiquadric", neighbours=2, scale=0.5)
    nearest = [(1 + 5) / 2, (18**0.5 + 5) / 2, (1 + 18**0.5) / 2, 1, 1, 1]  # three lie on one place: `scale` itself
    np.testing.assert_allclose(np.exp(layer.log_widths.data), 0.5 * np.array(nearest), rtol=1e-6)
    np.testing.assert_array_equal(layer.centres.data, CENTRES)
    assert repr(layer) == "RadialBasis(in_features=2, out_features=6, function='multiquadric')"
    assert {key: value.shape for key, value in layer.state_dict().items()} == {"centres": (6, 2), "log_widths": (6,)}
    alone = layers.RadialBasis.from_centres(CENTRES[:1].astype(float), neighbours=1, scale=3)
    np.testing.assert_allclose(np.exp(alone.log_widths.data), [3])
    assert alone.centres.dtype == np.float64


def test_draws_can_be_repeated():
    first, second = [], []
    for found in (first, second):
        layers.manual_seed(1)
        found.append(layers.RadialBasis(3, 4).centres.data)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(layers.RadialBasis(3, 4).log_widths.data, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RadialBasis(-1, 3), "in_features is -1, it must be an integer of at least 0"),
        (lambda: layers.RadialBasis(2, 3, "cubic"), "function is 'cubic', it must be one of 'gaussian'"),
        (lambda: layers.RadialBasis.from_centres(CENTRES[0]), "centres has 1 axes, it must have 2"),
        (lambda: layers.RadialBasis.from_centres(CENTRES, neighbours=0), "neighbours is 0, it must be at least 1"),
        (lambda: layers.RadialBasis.from_centres(CENTRES, scale=0), "scale is 0, it must be above 0"),
        (lambda: layers.RadialBasis(2, 3)(CENTRES.T), "x has the shape (2, 6), its last axis must be 2"),
    ],
)
def test_refused(make, message):
    assert kernels.current().name == "numba"
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
