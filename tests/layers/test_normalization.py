"""Normalising layers: their way back, their running statistics, and what they refuse."""

import numpy as np
import pytest

from kernelwright import kernels, layers

from .test_layers import rng, slope

F64 = {"dtype": np.float64}
# A layer and the shape of its input.
CASES = {
    "BatchNorm1d": (lambda: layers.BatchNorm1d(5, **F64), (4, 5)),
    "BatchNorm1d of rows": (lambda: layers.BatchNorm1d(5, bias=False, **F64), (4, 5, 3)),
    "BatchNorm2d": (lambda: layers.BatchNorm2d(2, 1e-3, None, **F64), (3, 2, 2, 5)),
    "InstanceNorm1d": (lambda: layers.InstanceNorm1d(3, affine=True, **F64), (2, 3, 5)),
    "InstanceNorm2d without a batch": (lambda: layers.InstanceNorm2d(3, **F64), (3, 2, 4)),
    "InstanceNorm3d": (lambda: layers.InstanceNorm3d(2, affine=True, track_running_stats=True, **F64), (2, 2, 2, 1, 3)),
    "GroupNorm": (lambda: layers.GroupNorm(2, 4, **F64), (2, 4, 3)),
    "GroupNorm without space": (lambda: layers.GroupNorm(2, 4, bias=False, **F64), (2, 4)),
    "LayerNorm": (lambda: layers.LayerNorm((3, 4), **F64), (2, 3, 4)),
    "LayerNorm without parameters": (lambda: layers.LayerNorm(4, elementwise_affine=False, **F64), (2, 4)),
    "RMSNorm": (lambda: layers.RMSNorm([4], **F64), (2, 3, 4)),
    "BatchNorm3d": (lambda: layers.BatchNorm3d(2, affine=False, track_running_stats=False, **F64), (3, 2, 2, 1, 3)),
}


@pytest.fixture(params=CASES)
def case(request):
    make, shape = CASES[request.param]
    layer = make()
    for parameter in layer.parameters():
        parameter.data += 0.3 * rng(3).standard_normal(parameter.shape)
    return layer, rng(1).standard_normal(shape)


def test_way_back_is_the_gradient_of_training(case):
    layer, x = case
    y, backward = layer.forward(x)
    grad = rng(2).standard_normal(y.shape)
    found = backward(grad)

    def training():
        return (layer.forward(x)[0] * grad).sum()

    np.testing.assert_allclose(found, slope(training, x), rtol=1e-6, atol=1e-8)
    for parameter in layer.parameters():
        np.testing.assert_allclose(parameter.grad, slope(training, parameter.data), rtol=1e-6, atol=1e-8)


def test_two_calls_before_any_way_back(case):
    layer, x = case
    (y, first), (_, second) = layer.forward(x), layer.forward(x[::-1] * 2)
    grad = rng(2).standard_normal(y.shape)
    one, two = first(grad), second(grad)
    np.testing.assert_array_equal(layer.forward(x[::-1] * 2)[1](grad), two)
    np.testing.assert_array_equal(layer.forward(x)[1](grad), one)
    assert first(grad, input_gradient=False) is None


@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_statistics(momentum):
    layer = layers.BatchNorm1d(3, momentum=momentum, **F64)
    batches = [rng(i).standard_normal((6, 3, 2)) * (i + 1) + i for i in range(3)]
    mean, variance = np.zeros(3), np.ones(3)
    for i, x in enumerate(batches):
        layer.forward(x)
        share = 1 / (i + 1) if momentum is None else momentum
        mean += share * (x.mean((0, 2)) - mean)
        variance += share * (x.var((0, 2), ddof=1) - variance)
    state = layer.state_dict()
    assert list(state) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    np.testing.assert_allclose(state["running_mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(state["running_var"], variance, rtol=1e-12)
    assert state["num_batches_tracked"] == 3
    x = batches[0]
    expected = (x - mean[:, None]) / np.sqrt(variance[:, None] + 1e-5)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-12)
    assert layer.state_dict()["num_batches_tracked"] == 3


def test_without_running_statistics_inference_takes_the_batch():
    layer = layers.BatchNorm2d(3, track_running_stats=False)
    x = rng().standard_normal((4, 3, 2, 2)).astype(np.float32)
    np.testing.assert_array_equal(layer(x), layer.forward(x)[0])
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_instances_move_their_running_statistics():
    layer = layers.InstanceNorm1d(3, track_running_stats=True, **F64)
    x = rng().standard_normal((2, 3, 6)) + 2
    layer.forward(x)
    np.testing.assert_allclose(layer.running_mean.data, 0.1 * x.mean((0, 2)), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.data, 0.9 + 0.1 * x.var(2, ddof=1).mean(0), rtol=1e-12)
    expected = (x - 0.1 * x.mean((0, 2))[:, None]) / np.sqrt(layer.running_var.data[:, None] + 1e-5)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["numba", "simulator", "reference"])
@pytest.mark.parametrize("shape", [(9, 20), (3, 2, 40)])
def test_batch_norm_moves_its_running_statistics_in_place(name, shape):
    x = (rng().standard_normal(shape) + 3).astype(np.float32)
    mean, variance = np.zeros(shape[1], np.float32), np.ones(shape[1], np.float32)
    with kernels.using(name):
        kernels.batch_norm(x, mean, variance, training=True, momentum=0.25)
    axes = (0, *range(2, x.ndim))
    np.testing.assert_allclose(mean, 0.25 * x.mean(axes), rtol=1e-5)
    np.testing.assert_allclose(variance, 0.75 + 0.25 * x.var(axes, ddof=1), rtol=1e-5)


def test_given_statistics_change_no_bit_of_the_gradient():
    x, grad = (rng(i).standard_normal((7, 3, 5)).astype(np.float32) for i in range(2))
    weight = rng(2).standard_normal(3).astype(np.float32)
    _, statistics = kernels.batch_norm_with_statistics(x, None, None, weight, training=True)
    given = kernels.batch_norm_backward(grad, x, None, None, weight, training=True, statistics=statistics)
    found = kernels.batch_norm_backward(grad, x, None, None, weight, training=True)
    np.testing.assert_array_equal(given[0], found[0])
    np.testing.assert_array_equal(given[1], found[1])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(64, 35), (5, 3, 40), (4, 7, 9, 5)])
@pytest.mark.parametrize("name", ["numba", "simulator", "reference"])
def test_a_relu_in_the_same_pass_changes_no_bit(name, shape, training):
    """Its way back, too, though it makes anew what its sign hangs on."""
    x, grad = (rng(i).standard_normal(shape).astype(np.float32) for i in range(2))
    weight, bias, mean = (rng(i).standard_normal(shape[1]).astype(np.float32) for i in range(3))
    given, options = (mean, weight * weight, weight, bias), {"training": training}
    with kernels.using(name):
        y, statistics = kernels.batch_norm_with_statistics(x, *map(np.copy, given), **options, activation="relu")
        plain, _ = kernels.batch_norm_with_statistics(x, *map(np.copy, given), **options)
        np.testing.assert_array_equal(y, kernels.relu(plain))
        options["statistics"] = statistics
        found = kernels.batch_norm_backward(grad, x, *given, **options, activation="relu")
        expected = kernels.batch_norm_backward(kernels.relu_backward(grad, y), x, *given, **options)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "shape"), [("1d", (6, 5)), ("1d", (6, 5, 3)), ("2d", (3, 4, 5, 7)), ("3d", (2, 3, 2, 3, 5))]
)
def test_layer_with_a_relu_is_the_two(name, shape):
    one, two = (getattr(layers, f"BatchNorm{name}")(shape[1]) for _ in range(2))
    for layer in (one, two):
        for parameter in layer.parameters():
            parameter.data = rng(3).standard_normal(parameter.shape)
    x, grad = (rng(i).standard_normal(shape).astype(np.float32) for i in range(2))
    y, back = one.forward(x, activation="relu")
    between, first = two.forward(x)
    expected, second = layers.ReLU().forward(between)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(back(grad), first(second(grad)))
    for found, wanted in zip(one.parameters(), two.parameters(), strict=True):
        np.testing.assert_array_equal(found.grad, wanted.grad)
    for key, value in one.state_dict().items():
        np.testing.assert_array_equal(value, two.state_dict()[key])
    np.testing.assert_array_equal(one(x, activation="relu"), np.maximum(two(x), 0))


X = np.ones((2, 3, 4), np.float32)
V = np.ones(3, np.float32)
MISTAKES = [
    (lambda: layers.BatchNorm2d(3)(X), "BatchNorm2d: x has 3 axes, it must have 4"),
    (lambda: layers.BatchNorm1d(-1), "BatchNorm1d: num_features is -1, it must be an integer of at least 0"),
    (lambda: layers.BatchNorm1d(4)(X), "running_mean has the shape (4,), it must be (3,)"),
    (lambda: layers.BatchNorm1d(3).forward(X[:1, :, 0]), "Expected more than 1 value per channel in training"),
    (lambda: layers.GroupNorm(2, 3), "GroupNorm: num_channels is 3, it must be a multiple of 2"),
    (lambda: layers.GroupNorm(2, 4)(X), "GroupNorm: x has the shape (2, 3, 4), it must be (N, 4, …)"),
    (lambda: layers.InstanceNorm1d(3).forward(X[:, :, :1]), "Expected more than 1 spatial element in training"),
    (lambda: layers.InstanceNorm1d(4)(X), "InstanceNorm1d: x has 3 channels, it must have 4"),
    (lambda: layers.LayerNorm(4.0), "LayerNorm: normalized_shape is 4.0, it must be an integer of at least 0"),
    (lambda: layers.LayerNorm(3)(X), "normalized_shape is (3,), it must be the sizes of the last axes of x"),
    (lambda: kernels.group_norm(X, 2), "num_groups is 2, it must divide the number of channels, 3"),
    (lambda: kernels.group_norm(X, 3, V[:2]), "weight has the shape (2,), it must be (3,)"),
    (lambda: kernels.instance_norm(X[0]), "it must be (n, channels, …) with an axis of space"),
    (lambda: kernels.instance_norm(X, V), "must be given together, or neither"),
    (lambda: kernels.batch_norm(V, V, V), "x has the shape (3,), it must be (n, channels, …)"),
    (lambda: kernels.batch_norm(X, None, None), "running_mean and running_var are needed unless training"),
    (lambda: kernels.batch_norm(X, V, None, training=True), "must be given together, or neither"),
    (lambda: kernels.batch_norm(X, V, V, momentum=2), "momentum is 2, it must be from 0 to 1"),
    (lambda: kernels.batch_norm(X, V, V, eps=-1), "eps is -1, it must be at least 0"),
    (lambda: kernels.batch_norm(X, V, V, activation="tanh"), "activation is 'tanh', it must be one of None, 'relu'"),
    (lambda: layers.BatchNorm1d(3)(X, "gelu"), "activation is 'gelu', it must be one of None, 'relu'"),
    (lambda: kernels.batch_norm(X, V, np.ones(6, "f4")[::2], training=True), "running_var must be contiguous"),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_refused(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert message in str(caught.value)
