"""Activations as layers: each hands its arguments on, those with draws are repeatable, bad ones are refused."""

import numpy as np
import pytest

from kernelwright import kernels, layers

X = np.random.default_rng(0).standard_normal((3, 4, 2, 2))
# Layer, and its function with the same arguments.
LAYERS = [
    (layers.ReLU6(), lambda x: kernels.relu6(x)),
    (layers.Threshold(0.1, 2.0), lambda x: kernels.threshold(x, 0.1, 2.0)),
    (layers.Hardtanh(-0.5, 0.3), lambda x: kernels.hardtanh(x, -0.5, 0.3)),
    (layers.CELU(0.7), lambda x: kernels.celu(x, 0.7)),
    (layers.GLU(1), lambda x: kernels.glu(x, 1)),
    (layers.Softmin(0), lambda x: kernels.softmin(x, 0)),
    (layers.Softmax2d(), lambda x: kernels.softmax(x, 1)),
    (layers.Exponential(), kernels.exponential),
    (layers.Squareplus(2), lambda x: kernels.squareplus(x, 2)),
    (layers.SparsePlus(), kernels.sparse_plus),
    (layers.SparseSigmoid(), kernels.sparse_sigmoid),
    (layers.Sparsemax(1), lambda x: kernels.sparsemax(x, 1)),
    (layers.SwiGLU(1), lambda x: kernels.swiglu(x, 1)),
    (layers.GEGLU(), kernels.geglu),
    (layers.ReGLU(), kernels.reglu),
    (layers.ReLUSquared(), kernels.relu_squared),
    (layers.RReLU(0.2, 0.4), lambda x: kernels.leaky_relu(x, 0.3)),
]


@pytest.mark.parametrize(("layer", "function"), LAYERS, ids=lambda x: type(x).__name__)
def test_a_layer_hands_its_arguments_on(layer, function):
    np.testing.assert_allclose(layer(X), function(X), rtol=1e-15)
    y, backward = layer.forward(X)
    assert backward(np.ones_like(y)).shape == X.shape
    assert backward(np.ones_like(y), input_gradient=False) is None


def test_slopes_are_drawn_in_training_and_repeatable():
    layer, x = layers.RReLU(0.25, 0.5), -np.ones(1000, np.float32)
    layers.manual_seed(1)
    y, backward = layer.forward(x)
    layers.manual_seed(1)
    with kernels.using("reference"):
        again, _ = layer.forward(x)
    np.testing.assert_array_equal(y, again)
    assert -0.5 <= y.min() < -0.49
    assert -0.26 < y.max() <= -0.25
    np.testing.assert_array_equal(backward(np.ones_like(x)), -y)  # the slope that y was made with
    np.testing.assert_array_equal(layer(x), np.float32(-0.375))


def test_wrong_arguments():
    with pytest.raises(ValueError, match="PReLU: num_parameters is 0, it must be an integer of at least 1"):
        layers.PReLU(0)
    with pytest.raises(ValueError, match=r"RReLU: lower is .* and upper is .*: lower must be at most upper"):
        layers.RReLU(0.5, 0.1)
    with pytest.raises(ValueError, match="Softmax2d: x has 2 axes, it must have 3 or 4"):
        layers.Softmax2d()(X[0, 0])


def test_text():
    assert repr(layers.Threshold(0.1, 20)) == "Threshold(threshold=0.1, value=20)"
    assert repr(layers.Hardshrink()) == "Hardshrink(0.5)"
    assert repr(layers.PReLU(3)) == "PReLU(num_parameters=3)"


def adaptive(**options):
    layers.manual_seed(0)
    return layers.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], div_value=2.0, dtype=np.float64, **options)


def test_adaptive_softmax_is_a_distribution_that_its_loss_reads():
    net, x = adaptive(head_bias=True), np.random.default_rng(1).standard_normal((9, 8))
    logs = net.log_prob(x)
    np.testing.assert_allclose(np.exp(logs).sum(1), 1, rtol=1e-12)
    np.testing.assert_array_equal(net.predict(x), logs.argmax(1))
    target = np.array([0, 3, 4, 9, 10, 19, 1, 2, 11])
    output, loss = net(x, target)
    np.testing.assert_allclose(output, logs[np.arange(9), target], rtol=1e-12)
    np.testing.assert_allclose(loss, -output.mean(), rtol=1e-12)


@pytest.mark.parametrize("target", [[0, 3, 4, 9, 10, 19], [1, 0, 2, 1, 3, 3]], ids=["all clusters", "the head alone"])
def test_adaptive_softmax_gradients(target):
    net, x = adaptive(), np.random.default_rng(1).standard_normal((6, 8))
    target, step = np.array(target), 1e-6
    _, backward = net.forward(x, target)
    gradient = backward(2.0)
    arrays = [(x, gradient), *((parameter.data, parameter.grad) for parameter in net.parameters())]
    for array, slopes in arrays:
        for index in [(0, 0), (1, 1), (array.shape[0] - 1, array.shape[1] - 1)]:
            kept = array[index]
            array[index] = kept + step
            above = net(x, target).loss
            array[index] = kept - step
            below = net(x, target).loss
            array[index] = kept
            np.testing.assert_allclose(slopes[index], 2 * (above - below) / (2 * step), rtol=1e-5, atol=1e-8)


def test_adaptive_softmax_refuses():
    x = np.zeros((2, 8))
    with pytest.raises(ValueError, match="target holds 20, it must be from 0 to 19"):
        adaptive()(x, np.array([0, 20]))
    with pytest.raises(TypeError, match="target must be integers, not float64"):
        adaptive()(x, np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="they must be"):
        adaptive()(x, np.array([0]))
    with pytest.raises(ValueError, match=r"cutoffs is .*it must be rising integers from 1 to 19"):
        layers.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 4])
