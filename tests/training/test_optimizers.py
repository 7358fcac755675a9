"""Optimizers against their formulas, written out in NumPy."""

import numpy as np
import pytest

from kernelwright import layers, training


class Twin:
    """What one parameter should become: the textbook formulas in float64, a dictionary for the state."""

    def __init__(self, data):
        self.p, self.state, self.t = data.astype(np.float64), {}, 0

    def average(self, name, rate, x):
        self.state[name] = rate * self.state.get(name, 0) + (1 - rate) * x
        return self.state[name]

    def sgd(self, grad, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False):
        grad = -grad if maximize else grad
        g = grad + weight_decay * self.p
        if momentum:
            first = "b" not in self.state
            b = self.state["b"] = g if first else momentum * self.state["b"] + (1 - dampening) * g
            g = g + momentum * b if nesterov else b
        self.p = self.p - lr * g

    def adam(self, grad, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False):
        grad = -grad if maximize else grad
        self.adamw(grad + weight_decay * self.p, lr, betas, eps, 0.0, amsgrad)

    def adamw(self, grad, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False):
        self.t += 1
        self.p = self.p * (1 - lr * weight_decay)
        m = self.average("m", betas[0], grad) / (1 - betas[0] ** self.t)
        v = self.average("v", betas[1], grad**2)
        if amsgrad:
            v = self.state["largest"] = np.maximum(v, self.state.get("largest", 0))
        v = v / (1 - betas[1] ** self.t)
        self.p = self.p - lr * m / (np.sqrt(v) + eps)

    def rmsprop(self, grad, lr, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False, maximize=False):
        g = -grad if maximize else grad
        g = g + weight_decay * self.p
        v = self.average("v", alpha, g**2)
        if centered:
            v = v - self.average("mean", alpha, g) ** 2
        b = self.state["b"] = momentum * self.state.get("b", 0) + g / (np.sqrt(v) + eps)
        self.p = self.p - lr * b


CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.6), "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.3}),
    ("RMSprop", {"lr": 0.1}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1, "centered": True, "maximize": True}),
]

# Followed against PyTorch (test_compare.py); their formulas are the kernels' own definitions.
LIKE_PYTORCH = [
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.1, "maximize": True}),
    ("Adadelta", {"lr": 0.1}),
    ("Adadelta", {"lr": 0.1, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {"lr": 0.1}),
    ("Adamax", {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1}),
    (
        "NAdam",
        {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "momentum_decay": 0.1, "maximize": True},
    ),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("Rprop", {"lr": 0.01}),
    ("Rprop", {"lr": 0.01, "etas": (0.4, 1.5), "step_sizes": (1e-3, 0.05), "maximize": True}),
    ("ASGD", {"lr": 0.1}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 3, "weight_decay": 0.1, "maximize": True}),
]
OWN = [
    ("SparseAdam", {"lr": 0.1}),
    ("Lion", {"learning_rate": 0.01, "weight_decay": 0.1}),
    ("Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.01, "l2_regularization_strength": 0.01}),
    ("Lamb", {"learning_rate": 0.1, "weight_decay": 0.1}),
    ("AdamWScheduleFree", {"lr": 0.1, "warmup_steps": 3, "weight_decay": 0.1}),
]


def make(dtype=np.float64):
    layers.manual_seed(0)
    return layers.Sequential(layers.Linear(5, 7, dtype=dtype), layers.Linear(7, 3, dtype=dtype))


def give_gradients(net, seed):
    rng = np.random.default_rng(seed)
    for parameter in net.parameters():
        parameter.grad = rng.standard_normal(parameter.shape)


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_formula(name, options, dtype):
    net = make(dtype)
    optimizer = getattr(training, name)(net.parameters(), **options)
    twins = [Twin(parameter.data) for parameter in net.parameters()]
    for step in range(10):
        give_gradients(net, step)
        for parameter, twin in zip(net.parameters(), twins):
            getattr(twin, name.lower())(parameter.grad.astype(np.float64), **options)
        optimizer.step()
    near = {"rtol": 1e-9, "atol": 1e-11} if dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-4}
    for parameter, twin in zip(net.parameters(), twins):
        np.testing.assert_allclose(parameter.data, twin.p, **near)


@pytest.mark.parametrize(("name", "options"), [*CASES, *LIKE_PYTORCH, *OWN])
def test_resumes_exactly(name, options):
    one, other = make(), make()
    first = getattr(training, name)(one.parameters(), **options)
    for step in range(5):
        give_gradients(one, step)
        first.step()
    first.lr = 0.05
    other.load_state_dict(one.state_dict())
    second = getattr(training, name)(other.parameters())
    second.load_state_dict(first.state_dict())
    assert second.lr == 0.05
    for step in range(5, 10):
        for net, optimizer in ((one, first), (other, second)):
            give_gradients(net, step)
            optimizer.step()
    for a, b in zip(one.parameters(), other.parameters()):
        np.testing.assert_array_equal(a.data, b.data)


def test_state_is_a_copy():
    net = make()
    optimizer = training.Adam(net.parameters())
    give_gradients(net, 0)
    optimizer.step()
    state = optimizer.state_dict()
    optimizer.load_state_dict(state)
    kept = state["state"]["exp_avg"].copy()
    optimizer.step()
    np.testing.assert_array_equal(state["state"]["exp_avg"], kept)


def test_wrong_states_change_nothing():
    net = make()
    optimizer = training.Adam(net.parameters())
    give_gradients(net, 0)
    optimizer.step()
    before = optimizer.state_dict()
    other = training.SGD(make().parameters(), momentum=0.9)
    with pytest.raises(ValueError, match="this isn't the state of an optimizer Adam"):
        optimizer.load_state_dict(other.state_dict())
    bigger = training.Adam(layers.Linear(50, 50, dtype=np.float64).parameters())
    bigger.step()
    with pytest.raises(
        ValueError, match=r"exp_avg is float64 \(2576,\), but the parameters of this Adam are .* \(112,\)"
    ):
        optimizer.load_state_dict(bigger.state_dict())
    after = optimizer.state_dict()
    assert after["steps"] == 1
    np.testing.assert_array_equal(after["state"]["exp_avg"], before["state"]["exp_avg"])


def test_a_state_of_before_maximize_and_amsgrad():
    optimizer = training.Adam(make().parameters(), maximize=True)
    state = optimizer.state_dict()
    state["options"] = {"lr": 0.5, "betas": (0.5, 0.6), "eps": 1e-8, "weight_decay": 0.0}
    optimizer.load_state_dict(state)
    assert (optimizer.lr, optimizer.betas, optimizer.maximize) == (0.5, (0.5, 0.6), True)


def test_a_closure_computes_the_gradients():
    nets = make(), make()
    one, two = (training.AdamWScheduleFree(net.parameters()) for net in nets)
    several = training.MultiOptimizer([two])
    give_gradients(nets[0], 0)
    assert one.step() is None
    assert several.step(lambda: give_gradients(nets[1], 0) or 0.25) == 0.25
    for a, b in zip(*(net.parameters() for net in nets)):
        np.testing.assert_array_equal(a.data, b.data)


def test_zero_grad():
    net = make()
    give_gradients(net, 0)
    optimizer = training.SGD(net.parameters())
    optimizer.zero_grad()
    assert not any(parameter.grad.any() for parameter in net.parameters())


def test_wrong_options():
    parameters = make().parameters()
    with pytest.raises(ValueError, match="Adam: lr is -1, it must be at least 0 and finite"):
        training.Adam(parameters, lr=-1)
    with pytest.raises(ValueError, match="AdamW: weight_decay is nan"):
        training.AdamW(parameters, weight_decay=np.nan)
    with pytest.raises(ValueError, match=r"Adam: betas are \(0.9, 1.0\), they must be from 0 to below 1"):
        training.Adam(parameters, betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="SGD: nesterov needs a momentum and no dampening"):
        training.SGD(parameters, nesterov=True)


def test_text():
    text = "SGD(lr=0.001, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False)"
    assert repr(training.SGD(make().parameters())) == text
