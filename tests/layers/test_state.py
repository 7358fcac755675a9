"""Parameters and state_dict: what goes out comes in again, and nothing else does."""

import numpy as np
import pytest

from kernelwright import layers, training


def make(seed=0):
    layers.manual_seed(seed)
    return layers.Sequential(layers.Linear(4, 3), layers.ReLU(), layers.Sequential(layers.Linear(3, 2, bias=False)))


def test_round_trip():
    one, other = make(1), make(2)
    state = one.state_dict()
    assert {key: value.shape for key, value in state.items()} == {
        "0.weight": (3, 4),
        "0.bias": (3,),
        "2.0.weight": (2, 3),
    }
    assert other.load_state_dict(state) == ([], [])
    for key, value in other.state_dict().items():
        np.testing.assert_array_equal(value, state[key])


def test_state_is_a_copy():
    net = make()
    state = net.state_dict()
    state["0.weight"][:] = 7
    assert not (net.parameters()[0].data == 7).any()
    net.load_state_dict(state)
    state["0.weight"][:] = 8
    assert (net.parameters()[0].data == 7).all()


def test_loading_keeps_the_memory():
    net = make(1)
    before = net.parameters()[0].data
    net.load_state_dict(make(2).state_dict())
    assert net.parameters()[0].data is before


def refused(state, match, strict=True):
    net = make(1)
    before = net.state_dict()
    with pytest.raises(ValueError, match=match):
        net.load_state_dict(state, strict)
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


def test_wrong_states_change_nothing():
    state = make(2).state_dict()
    fewer = {key: value for key, value in state.items() if key != "2.0.weight"}
    refused(fewer, r"doesn't fit the Sequential: missing keys: 2\.0\.weight$")
    refused({**state, "3.weight": np.zeros(2), "x": np.zeros(1)}, r"unexpected keys: 3\.weight, x$")
    refused({**fewer, "2.weight": state["2.0.weight"]}, r"missing keys: 2\.0\.weight; unexpected keys: 2\.weight$")
    # The wrong one is the last, when the others could have been copied already.
    refused({**state, "2.0.weight": np.zeros((3, 2))}, r"2\.0\.weight has the shape \(3, 2\), it must be \(2, 3\)")
    refused({**fewer, "0.bias": np.zeros(1)}, r"0\.bias has the shape \(1,\), it must be \(3,\)", strict=False)
    refused({**state, "0.bias": np.zeros(3, complex)}, "0.bias is complex128, it must be float32")
    refused({**state, "0.bias": np.array(["a", "b", "c"])}, "0.bias is <U1, it must be float32")


def test_not_strict():
    net, state = make(1), make(2).state_dict()
    state["new"] = state.pop("0.bias")
    keys = net.load_state_dict(state, strict=False)
    assert keys.missing_keys == ["0.bias"]
    assert keys.unexpected_keys == ["new"]
    np.testing.assert_array_equal(net.state_dict()["0.weight"], state["0.weight"])


def test_parameter_keeps_its_memory_and_shape():
    parameter = layers.Parameter(np.arange(6.0).reshape(2, 3), "w")
    data, grad = parameter.data, parameter.grad
    assert not grad.any()
    parameter.data = np.ones((2, 3), np.float32)
    parameter.grad = [[1, 2, 3], [4, 5, 6]]
    parameter.grad += 1
    assert parameter.data is data
    assert parameter.grad is grad
    assert data.sum() == 6
    assert grad.sum() == 27
    parameter.zero_grad()
    assert not grad.any()
    with pytest.raises(ValueError, match=r"Parameter w: data has the shape \(3,\), it must be \(2, 3\)"):
        parameter.data = np.ones(3)


def test_attributes_are_found_in_order():
    class Two(layers.Module):
        def __init__(self):
            self.scale = layers.Parameter(np.ones(1), "scale")
            self.first = layers.Linear(2, 2)
            self.second = self.first
            self.note = "not a parameter"

    net = Two()
    assert [key for key, _ in net.named_parameters()] == ["scale", "first.weight", "first.bias"]
    assert list(net.state_dict()) == ["scale", "first.weight", "first.bias", "second.weight", "second.bias"]


def test_the_first_gradient_after_zero_grad_is_written_and_the_next_ones_are_added():
    network = layers.Linear(3, 2)
    x, grad = np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)
    memory = network.weight.grad
    _, backward = network.forward(x)
    backward(grad)
    backward(grad)
    assert network.weight.grad.tolist() == [[8.0] * 3] * 2
    for parameter in network.parameters():
        parameter.drop_grad()
    backward(grad)
    assert memory.tolist() == [[4.0] * 3] * 2
    assert network.weight.grad is memory
    assert network.bias.grad.tolist() == [4.0] * 2
    network.weight.drop_grad()
    assert not network.weight.grad.any()


class Counting(layers.Module):
    """A layer with a buffer, assigned before its parameter and its child."""

    def __init__(self):
        self.seen = layers.Buffer(np.int64(0), "seen")
        self.inner = layers.Linear(2, 2, dtype=np.float64)
        self.scale = layers.Parameter(np.ones(2), "scale")

    def forward(self, x):
        self.seen.data += 1
        return x * self.scale.data, lambda grad, input_gradient=True: grad


def test_buffers_are_state_but_no_parameters():
    net, other = Counting(), Counting()
    data = net.seen.data
    net.forward(np.ones(2))
    assert net.seen.data is data
    assert [key for key, _ in net.named_parameters()] == ["scale", "inner.weight", "inner.bias"]
    assert [key for key, _ in net.named_buffers()] == ["seen"]
    state = net.state_dict()
    assert list(state) == ["scale", "seen", "inner.weight", "inner.bias"]
    assert (state["seen"], state["seen"].dtype, state["seen"].shape) == (1, np.int64, ())
    other.load_state_dict(state)
    assert other.to("reference").seen.data == 1
    with pytest.raises(ValueError, match="seen is float64, it must be int64"):
        other.load_state_dict({**state, "seen": np.float64(2)})


def test_an_average_copies_buffers():
    net = Counting()
    average = training.AveragedModel(net)
    net.forward(np.ones(2))
    assert average.module.seen.data == 0
    average.update_parameters(net)
    assert average.module.seen.data == 1
    assert average.module.seen.backend is net.seen.backend
