"""Groups of parameters: options of their own, schedules, saving; and what isn't a group."""

import numpy as np
import pytest

from kernelwright import training

from .test_optimizers import give_gradients, make


def groups(net):
    return [{"params": net[0].parameters()}, {"params": net[1].parameters(), "lr": 0.01, "weight_decay": 0.1}]


def test_each_group_goes_by_its_own_options():
    net, apart = make(), make()
    together = training.Adam(groups(net), lr=0.1)
    first = training.Adam(apart[0].parameters(), lr=0.1)
    second = training.Adam(apart[1].parameters(), lr=0.01, weight_decay=0.1)
    for step in range(3):
        give_gradients(net, step)
        give_gradients(apart, step)
        for optimizer in (together, first, second):
            optimizer.step()
    for one, other in zip(net.parameters(), apart.parameters()):
        np.testing.assert_array_equal(one.data, other.data)


def test_options_in_all_groups_and_in_one():
    optimizer = training.SGD(groups(make()), lr=0.1, momentum=0.9)
    assert optimizer.momentum == 0.9
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.01]
    with pytest.raises(AttributeError, match="SGD: lr differs from group to group: read param_groups"):
        _ = optimizer.lr
    optimizer.lr = 0.5
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.5]
    optimizer.param_groups[1]["lr"] = 0.2
    assert repr(optimizer).startswith("SGD(lr=0.5, momentum=0.9, ")
    assert "; lr=0.2, momentum=0.9" in repr(optimizer)
    with pytest.raises(AttributeError, match="SGD has no 'betas'"):
        _ = optimizer.betas


def test_resumes_exactly_and_with_a_group_that_came_later():
    runs = []
    for interrupted in (False, True):
        net = make()
        optimizer = training.AdamW(net[0].parameters(), lr=0.1)
        for step in range(6):
            if step == 2:
                optimizer.add_param_group({"params": net[1].parameters(), "lr": 0.01})
            if step == 4 and interrupted:
                weights, state = net.state_dict(), optimizer.state_dict()
                net = make()
                net.load_state_dict(weights)
                optimizer = training.AdamW([{"params": net[0].parameters()}, {"params": net[1].parameters()}])
                optimizer.load_state_dict(state)
            give_gradients(net, step)
            optimizer.step()
        assert [group.steps for group in optimizer.param_groups] == [6, 4]
        runs.append(net.state_dict())
    for key, value in runs[0].items():
        np.testing.assert_array_equal(value, runs[1][key])


def test_refused():
    net = make()
    with pytest.raises(ValueError, match="Adam: group 1 has an option 'momentum', it must be one of lr, betas"):
        training.Adam([{"params": net[0].parameters()}, {"params": net[1].parameters(), "momentum": 1}])
    with pytest.raises(TypeError, match='SGD: group 1 must be a dictionary with "params", not Parameter'):
        training.SGD([{"params": net[0].parameters()}, net[1].parameters()[0]])
    with pytest.raises(ValueError, match=r"Parameter\(weight: 7×5 float64\) is in the groups 0 and 1"):
        training.SGD([{"params": net[0].parameters()}, {"params": net.parameters()}])
    with pytest.raises(ValueError, match="SGD: lr is -1, it must be at least 0 and finite"):
        training.SGD([{"params": net.parameters(), "lr": -1}])
    with pytest.raises(ValueError, match="the state has 2 groups, but this SGD has 1"):
        training.SGD(net.parameters()).load_state_dict(training.SGD(groups(make())).state_dict())
