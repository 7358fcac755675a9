"""Gradient clipping: by hand, and like PyTorch's."""

import math

import numpy as np
import pytest

from kernelwright import training

from .test_optimizers import give_gradients, make


def all_gradients(net):
    return np.concatenate([parameter.grad.ravel() for parameter in net.parameters()])


@pytest.mark.parametrize("gathered", ["not", "whole", "a group"])
@pytest.mark.parametrize("norm_type", [1, 2, math.inf])
def test_norm(norm_type, gathered):
    net = make()
    if gathered != "not":
        training.SGD(net.parameters() if gathered == "whole" else net[1].parameters())
    give_gradients(net, 0)
    before = all_gradients(net)
    norm = np.linalg.norm(before, norm_type)
    assert training.clip_grad_norm_(net.parameters(), 2 * norm, norm_type) == pytest.approx(norm, rel=1e-12)
    np.testing.assert_array_equal(all_gradients(net), before)
    training.clip_grad_norm_(net.parameters(), norm / 4, norm_type)
    np.testing.assert_allclose(all_gradients(net), before * (norm / 4) / (norm + 1e-6), rtol=1e-12)


def test_only_those_that_are_named():
    net = make()
    training.SGD(net.parameters())
    give_gradients(net, 0)
    first, second = (parameter.grad.copy() for parameter in net[0].parameters())
    assert training.clip_grad_norm_(net[0].parameters()[0], 1e-3) == pytest.approx(np.linalg.norm(first))
    np.testing.assert_array_equal(net[0].parameters()[1].grad, second)
    assert training.clip_grad_norm_([], 1.0) == 0


def test_a_norm_that_is_not_finite():
    net = make()
    give_gradients(net, 0)
    net.parameters()[1].grad[0] = np.nan
    before = all_gradients(net)
    with pytest.raises(RuntimeError, match="clip_grad_norm_: the norm of the gradients is nan"):
        training.clip_grad_norm_(net.parameters(), 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(all_gradients(net), before)
    assert math.isnan(training.clip_grad_norm_(net.parameters(), 1.0))
    assert np.isnan(all_gradients(net)).all()


def test_value():
    net = make()
    give_gradients(net, 0)
    net.parameters()[1].grad[0] = np.nan
    before = all_gradients(net)
    training.clip_grad_value_(net.parameters(), 0.5)
    np.testing.assert_array_equal(all_gradients(net), before.clip(-0.5, 0.5))


def test_refused():
    with pytest.raises(ValueError, match="clip_grad_norm_: max_norm is -1, it must be at least 0"):
        training.clip_grad_norm_(make().parameters(), -1)
    with pytest.raises(ValueError, match="clip_grad_norm_: norm_type is 3, it must be one of 1, 2, inf"):
        training.clip_grad_norm_(make().parameters(), 1, 3)
    with pytest.raises(TypeError, match="clip_grad_value_: parameters must be as from"):
        training.clip_grad_value_([1.0], 1)  # type: ignore[list-item]


@pytest.mark.compare
@pytest.mark.parametrize("largest", [0.1, 1e9, math.nan])
@pytest.mark.parametrize("norm_type", [1, 2, math.inf])
def test_like_pytorch(norm_type, largest):
    torch = pytest.importorskip("torch")
    net = make()
    give_gradients(net, 0)
    theirs = [torch.nn.Parameter(torch.from_numpy(parameter.data.copy())) for parameter in net.parameters()]
    for parameter, twin in zip(net.parameters(), theirs):
        parameter.grad[..., 0] *= 1e3 if largest == largest else largest
        twin.grad = torch.from_numpy(parameter.grad.copy())
    max_norm = largest if largest == largest else 1.0
    ours = training.clip_grad_norm_(net.parameters(), max_norm, norm_type)
    np.testing.assert_allclose(ours, torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type).item(), rtol=1e-12)
    for parameter, twin in zip(net.parameters(), theirs):
        np.testing.assert_allclose(parameter.grad, twin.grad, rtol=1e-12)
