"""Losses: the gradient that comes with the loss, whatever follows the loss."""

import numpy as np
import pytest

from kernelwright import layers

from .test_layers import rng, slope


def case(name, reduction):
    x = rng().standard_normal((4, 3))
    if name == "MSELoss":
        return layers.MSELoss(reduction), x, rng(1).standard_normal((4, 3))
    if name == "BCEWithLogitsLoss":
        weights = {"weight": np.array([1.0, 2.0, 0.5]), "pos_weight": np.array([3.0, 1.0, 2.0])}
        return layers.BCEWithLogitsLoss(**weights, reduction=reduction), x, rng(1).uniform(0, 1, (4, 3))
    weight = np.array([1.0, 2.0, 0.5])
    return layers.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=0.1), x, np.array([0, 2, 1, 1])


@pytest.mark.parametrize("name", ["MSELoss", "BCEWithLogitsLoss", "CrossEntropyLoss"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gradient(name, reduction):
    criterion, x, target = case(name, reduction)
    loss, backward = criterion.forward(x, target)
    np.testing.assert_allclose(criterion(x, target), loss, rtol=1e-12)
    if reduction == "none":
        grad = rng(2).standard_normal(loss.shape)
        with pytest.raises(ValueError, match=f"{name}: with reduction='none', backward needs the gradient"):
            backward()
    else:
        assert np.ndim(loss) == 0
        np.testing.assert_allclose(backward(), slope(lambda: criterion(x, target), x), rtol=1e-6, atol=1e-8)
        grad = 0.25
    expected = slope(lambda: np.sum(criterion(x, target) * grad), x)
    np.testing.assert_allclose(backward(grad), expected, rtol=1e-6, atol=1e-8)


def test_gradient_keeps_its_dtype():
    x = np.ones((2, 3), np.float32)
    _, backward = layers.MSELoss().forward(x, 0 * x)
    assert backward(np.float64(0.5)).dtype == np.float32


def test_unknown_reduction():
    with pytest.raises(ValueError, match="MSELoss: reduction is 'median', it must be one of 'none', 'mean', 'sum'"):
        layers.MSELoss("median")
