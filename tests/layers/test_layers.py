"""Every layer's way back against central differences, and what forward and backward promise each other."""

import numpy as np
import pytest

from kernelwright import kernels, layers


def rng(seed=0):
    return np.random.default_rng(seed)


def linear(inputs, outputs, **options):
    return layers.Linear(inputs, outputs, dtype=np.float64, **options)


# A layer and the shape of its input. The inputs stay away from the kinks of ReLU, where differences mean nothing.
CASES = {
    "Linear": (lambda: linear(5, 3), (4, 5)),
    "Linear without bias": (lambda: linear(5, 3, bias=False), (2, 4, 5)),
    "Linear on a vector": (lambda: linear(5, 3), (5,)),
    "RadialBasis": (lambda: layers.RadialBasis(5, 3, dtype=np.float64), (2, 4, 5)),
    "RadialBasis, thin plate": (lambda: layers.RadialBasis(5, 3, "thin_plate", dtype=np.float64), (4, 5)),
    "ReLU": (layers.ReLU, (4, 5)),
    "Sigmoid": (layers.Sigmoid, (4, 5)),
    "Tanh": (layers.Tanh, (4, 5)),
    "GELU tanh": (lambda: layers.GELU("tanh"), (4, 5)),
    "LeakyReLU": (lambda: layers.LeakyReLU(0.2), (4, 5)),
    "GELU": (layers.GELU, (4, 5)),
    "Threshold": (lambda: layers.Threshold(0.1, 2), (4, 5)),
    "Softplus": (lambda: layers.Softplus(2.0, 1.0), (4, 5)),
    "Exponential": (layers.Exponential, (4, 5)),
    "GLU": (lambda: layers.GLU(0), (4, 5)),
    "PReLU": (lambda: layers.PReLU(dtype=np.float64), (4, 5)),
    "PReLU of channels": (lambda: layers.PReLU(5, dtype=np.float64), (4, 5, 2)),
    "Softmax2d": (layers.Softmax2d, (2, 3, 4, 5)),
    "Sparsemax": (lambda: layers.Sparsemax(0), (4, 5)),
    "Softmax": (layers.Softmax, (4, 5)),
    "Softmax over axis 0": (lambda: layers.Softmax(dim=0), (4, 5)),
    "LogSoftmax": (lambda: layers.LogSoftmax(1), (4, 5, 2)),
    "MaxPool2d": (lambda: layers.MaxPool2d(3, 2, 1), (2, 3, 5, 8)),
    "AvgPool2d": (lambda: layers.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 3, 5, 8)),
    "AdaptiveAvgPool1d": (lambda: layers.AdaptiveAvgPool1d(3), (3, 8)),
    "AdaptiveMaxPool2d": (lambda: layers.AdaptiveMaxPool2d((None, 3)), (3, 4, 5)),
    "ReflectionPad2d": (lambda: layers.ReflectionPad2d((1, 2, 0, 3)), (2, 4, 5)),
    "Upsample": (lambda: layers.Upsample(scale_factor=1.6, mode="bilinear"), (1, 2, 4, 5)),
    "PixelShuffle": (lambda: layers.PixelShuffle(2), (4, 2, 3)),
    "PixelUnshuffle": (lambda: layers.PixelUnshuffle(2), (2, 2, 6)),
    "Unflatten": (lambda: layers.Unflatten(-1, (2, -1)), (3, 8)),
    "Flatten": (layers.Flatten, (4, 5, 2)),
    "Flatten inner axes": (lambda: layers.Flatten(0, 1), (4, 5, 2)),
    "Identity": (layers.Identity, (4, 5)),
    "Sequential": (lambda: layers.Sequential(linear(5, 7), layers.Tanh(), linear(7, 3)), (4, 5)),
    "Sequential of nothing": (layers.Sequential, (4, 5)),
    "Sequential in a Sequential": (
        lambda: layers.Sequential(
            layers.Flatten(), layers.Sequential(linear(10, 4), layers.Sigmoid()), layers.Sequential(linear(4, 2))
        ),
        (3, 5, 2),
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    layers.manual_seed(0)
    make, shape = CASES[request.param]
    x = rng(1).standard_normal(shape)
    return make(), np.where(np.abs(x) < 0.01, 0.5, x)


def slope(function, array, step=1e-6):
    """The gradient of a function of no arguments by `array`, which it reads, by central differences."""
    result = np.zeros_like(array)
    for i in np.ndindex(*array.shape):
        kept = array[i]
        array[i] = kept + step
        above = function()
        array[i] = kept - step
        below = function()
        array[i] = kept
        result[i] = (above - below) / (2 * step)
    return result


def test_way_back_is_the_gradient(case):
    layer, x = case
    y, backward = layer.forward(x)
    grad = rng(2).standard_normal(y.shape)
    found = backward(grad)
    np.testing.assert_allclose(found, slope(lambda: (layer(x) * grad).sum(), x), rtol=1e-6, atol=1e-8)
    for parameter in layer.parameters():
        expected = slope(lambda: (layer(x) * grad).sum(), parameter.data)
        np.testing.assert_allclose(parameter.grad, expected, rtol=1e-6, atol=1e-8)


def test_inference_gives_what_forward_gives(case):
    layer, x = case
    np.testing.assert_array_equal(layer(x), layer.forward(x)[0])


def test_without_input_gradient_the_parameters_still_get_theirs(case):
    layer, x = case
    y, backward = layer.forward(x)
    grad = rng(2).standard_normal(y.shape)
    backward(grad)
    expected = [parameter.grad.copy() for parameter in layer.parameters()]
    layer.zero_grad()
    assert layer.forward(x)[1](grad, input_gradient=False) is None
    for parameter, wanted in zip(layer.parameters(), expected):
        np.testing.assert_array_equal(parameter.grad, wanted)


def test_two_calls_before_any_way_back(case):
    layer, x = case
    other = x[::-1] * 0.9 + 0.05
    (y, first), (_, second) = layer.forward(x), layer.forward(other)
    grad = rng(2).standard_normal(y.shape)
    one, two = first(grad), second(2 * grad)  # in the order of the calls, which no stack would survive
    total = [parameter.grad.copy() for parameter in layer.parameters()]
    layer.zero_grad()
    np.testing.assert_array_equal(layer.forward(other)[1](2 * grad), two)
    np.testing.assert_array_equal(layer.forward(x)[1](grad), one)
    for parameter, wanted in zip(layer.parameters(), total):
        np.testing.assert_allclose(parameter.grad, wanted, rtol=1e-12)


def test_shared_weights_sum_their_gradients():
    shared = linear(4, 4)
    net = layers.Sequential(shared, layers.Tanh(), shared)
    x = rng().standard_normal((3, 4))
    y, backward = net.forward(x)
    backward(np.ones_like(y))
    assert len(net.parameters()) == 2
    expected = slope(lambda: net(x).sum(), shared.weight.data)
    np.testing.assert_allclose(shared.weight.grad, expected, rtol=1e-6, atol=1e-8)
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_sequential_stops_at_its_first_layer_with_parameters():
    walked = []

    class Spy(layers.Identity):
        def forward(self, x):
            def backward(grad, input_gradient=True):
                walked.append(self)
                return grad

            return x, backward

    below, above = Spy(), Spy()
    net = layers.Sequential(below, linear(4, 4), above)
    y, backward = net.forward(rng().standard_normal((3, 4)))
    assert backward(y, input_gradient=False) is None
    assert walked == [above]


def test_numbers_at_first_are_torchs_distribution_and_repeatable():
    layers.manual_seed(3)
    first = layers.Linear(100, 400)
    layers.manual_seed(3)
    same, wide = layers.Linear(100, 400), layers.Linear(100, 400)
    np.testing.assert_array_equal(first.weight.data, same.weight.data)
    assert not np.array_equal(first.weight.data, wide.weight.data)
    assert first.weight.dtype == np.float32
    for parameter in first.parameters():  # evenly between ±1/√100
        assert -0.1 <= parameter.data.min() < -0.097
        assert 0.097 < parameter.data.max() <= 0.1
    assert abs(first.weight.data.std() - 0.1 / np.sqrt(3)) < 5e-4
    layers.manual_seed(3)
    double = linear(100, 400)
    np.testing.assert_allclose(double.weight.data, first.weight.data, rtol=1e-6)


def test_one_network_on_two_backends():
    layers.manual_seed(0)
    net = layers.Sequential(linear(5, 4), layers.GELU(), linear(4, 2))
    x = rng().standard_normal((3, 5))
    fast = net(x)
    before = net.parameters()[0].data
    with kernels.using("reference"):
        assert net.to("reference") is net
        np.testing.assert_allclose(net(x), fast, rtol=1e-10)
    assert net.parameters()[0].data is before  # both backends have NumPy arrays


def test_wrong_arguments():
    with pytest.raises(ValueError, match="Linear: in_features is -1, it must be an integer of at least 0"):
        layers.Linear(-1, 3)
    with pytest.raises(ValueError, match=r"Linear: out_features is 2\.5"):
        layers.Linear(1, 2.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="weight: data must be float32 or float64, not int64"):
        layers.Linear(1, 2, dtype=np.int64)
    with pytest.raises(ValueError, match="GELU: approximate is 'fast'"):
        layers.GELU("fast")
    with pytest.raises(TypeError, match=r"Sequential: layer 1 is .*, it must be a Module"):
        layers.Sequential(layers.ReLU(), np.tanh)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Flatten: end_dim is 3, it must be from -2 to 1"):
        layers.Flatten(0, 3)(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="start_dim 1 comes after end_dim 0"):
        layers.Flatten(1, 0)(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"linear: x has the shape .* its last axis must be 4"):
        layers.Linear(4, 2)(np.zeros((3, 5), np.float32))
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        layers.Module()(np.zeros(3))


def test_sequential_is_a_sequence():
    net = layers.Sequential(linear(4, 3), layers.ReLU(), linear(3, 2))
    assert len(net) == 3
    assert isinstance(net[1], layers.ReLU)
    assert net[-1] is net[2]
    assert list(net[1:]) == [net[1], net[2]]
    assert list(net[1:].state_dict()) == ["1.weight", "1.bias"]


def test_text():
    net = layers.Sequential(layers.Linear(4, 3), layers.Sequential(layers.LeakyReLU(), layers.Softmax(1)))
    assert repr(net) == (
        "Sequential(\n"
        "  (0): Linear(in_features=4, out_features=3, bias=True)\n"
        "  (1): Sequential(\n"
        "    (0): LeakyReLU(negative_slope=0.01)\n"
        "    (1): Softmax(dim=1)\n"
        "  )\n"
        ")"
    )
    assert repr(net.parameters()[0]) == "Parameter(weight: 3×4 float32)"
    assert repr(layers.CrossEntropyLoss()) == (
        "CrossEntropyLoss(ignore_index=-100, reduction='mean', label_smoothing=0.0)"
    )
