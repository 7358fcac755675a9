"""Averaged weights and loss scaling."""

import numpy as np
import pytest

from kernelwright import training

from .test_optimizers import give_gradients, make


@pytest.mark.parametrize("gathered", [False, True])
@pytest.mark.parametrize("decay", [None, 0.9])
def test_average(decay, gathered):
    net = make()
    optimizer = training.SGD(net.parameters() if gathered else net[0].parameters(), lr=0.1)
    average = training.AveragedModel(net, decay)
    wanted = None
    for step in range(5):
        give_gradients(net, step)
        optimizer.step()
        average.update_parameters(net)
        now = net.state_dict()
        weight = 1 / (step + 1) if decay is None else 0.1
        wanted = wanted or now
        wanted = {key: value + weight * (now[key] - value) for key, value in wanted.items()}
    assert average.n_averaged == 5
    for key, value in average.module.state_dict().items():
        np.testing.assert_allclose(value, wanted[key], rtol=1e-12)
        assert (value != now[key]).any() or (key.startswith("1.") and not gathered)
    x = np.ones((2, 5))
    again = training.AveragedModel(make(), decay)
    again.load_state_dict(average.state_dict())
    np.testing.assert_array_equal(again(x), average(x))


def test_an_average_is_refused():
    with pytest.raises(ValueError, match="AveragedModel: decay is 2, it must be from 0 to 1"):
        training.AveragedModel(make(), 2)
    with pytest.raises(ValueError, match="update_parameters was given another network"):
        training.AveragedModel(make()).update_parameters(make()[0])
    with pytest.raises(ValueError, match="this isn't the state of an AveragedModel"):
        training.AveragedModel(make()).load_state_dict({})


def test_scaled_steps_are_the_same_steps():
    net, other = make(), make()
    one, two = training.SGD(net.parameters(), lr=0.1), training.SGD(other.parameters(), lr=0.1)
    scaler = training.GradScaler(init_scale=8, growth_interval=2)
    scales = []
    for step in range(6):
        give_gradients(net, step)
        give_gradients(other, step)
        for parameter in net.parameters():
            parameter.grad = scaler.scale(parameter.grad)
        if step == 3:  # a number that overflowed
            net.parameters()[1].grad[2] = np.inf
        else:
            two.step()
        if step == 4:
            scaler.unscale_(one)
            with pytest.raises(RuntimeError, match="unscale_ was called already"):
                scaler.unscale_(one)
        scaler.step(one)
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [8, 16, 16, 8, 8, 16]
    for a, b in zip(net.parameters(), other.parameters()):
        np.testing.assert_array_equal(a.data, b.data)
    with pytest.raises(RuntimeError, match="update was called before any step"):
        scaler.update()
    again = training.GradScaler()
    again.load_state_dict(scaler.state_dict())
    assert again.get_scale() == 16
    off = training.GradScaler(enabled=False)
    off.step(one)
    off.update()
    assert (off.get_scale(), off.scale(2.0)) == (1, 2.0)
    with pytest.raises(ValueError, match="this isn't the state of a GradScaler"):
        again.load_state_dict({})
    with pytest.raises(ValueError, match="GradScaler: growth_factor is 1, it must be at least"):
        training.GradScaler(growth_factor=1)
