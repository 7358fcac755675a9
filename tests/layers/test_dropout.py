"""Layers that drop: repeatable, resumable, the same mask on the way back."""

import numpy as np
import pytest

from kernelwright import kernels, layers, training

CASES = [
    ("Dropout", (40, 30), ()),
    ("Dropout1d", (8, 9, 5), (2,)),
    ("Dropout1d", (8, 9), (1,)),
    ("Dropout2d", (8, 9, 5, 2), (2, 3)),
    ("Dropout2d", (8, 9, 5), (2,)),
    ("Dropout3d", (8, 9, 2, 2, 3), (2, 3, 4)),
    ("Dropout3d", (90, 2, 2, 3), (1, 2, 3)),
    ("AlphaDropout", (40, 30), ()),
    ("FeatureAlphaDropout", (8, 9, 5), (2,)),
]


@pytest.mark.parametrize(("name", "shape", "whole"), CASES)
def test_the_way_back_draws_the_same_mask(name, shape, whole):
    layer = getattr(layers, name)(0.4)
    x, grad = np.ones(shape), np.random.default_rng(0).standard_normal(shape)
    layers.manual_seed(1)
    y, backward = layer.forward(x)
    other, backward_of_other = layer.forward(x)
    assert (y != other).any()
    found = backward(grad)
    kept = y == y.max()
    assert 0.3 < kept.mean() < 0.9
    np.testing.assert_array_equal(kept, np.broadcast_to(kept.all(whole, keepdims=True), shape))  # or none of a channel
    factor = found[kept] / grad[kept]
    np.testing.assert_allclose(factor, factor[0])
    assert not found[~kept].any()
    assert (backward_of_other(grad) != found).any()
    assert backward(grad, input_gradient=False) is None
    layers.manual_seed(1)
    np.testing.assert_array_equal(layer.forward(x)[0], y)
    assert layer(x) is x


def test_in_place():
    x = np.ones(100, np.float32)
    y, _ = layers.Dropout(0.5, inplace=True).forward(x)
    np.testing.assert_array_equal(x, y)
    assert set(x) == {0, 2}


def test_the_state_goes_through_a_checkpoint(tmp_path):
    def draws():
        masks = [layers.Dropout().forward(np.ones(50))[0] for _ in range(3)]
        return [*masks, layers.Linear(3, 2).weight.numpy()]

    layers.manual_seed(3)
    draws()
    training.save_checkpoint(tmp_path / "a.safetensors", layers.Linear(2, 2), rng=layers.get_rng_state())
    first = draws()
    layers.manual_seed(99)
    draws()
    layers.set_rng_state(training.load_checkpoint(tmp_path / "a.safetensors", layers.Linear(2, 2))["rng"])
    for one, other in zip(first, draws(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="this isn't a state of get_rng_state"):
        layers.set_rng_state({})


def test_masks_are_the_same_on_every_backend():
    found = []
    for name in ("numba", "reference"):
        with kernels.using(name):
            layers.manual_seed(0)
            found.append(layers.Dropout2d(0.3).forward(np.ones((4, 30, 3, 3), np.float32))[0])
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_refused():
    with pytest.raises(ValueError, match="Dropout: p is 2, it must be from 0 to 1"):
        layers.Dropout(2)
    with pytest.raises(ValueError, match="Dropout2d: x has 2 axes, it must have 3 or 4"):
        layers.Dropout2d().forward(np.ones((2, 2)))
