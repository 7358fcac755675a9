"""Muon, Adafactor, L-BFGS, several optimizers: their formulas, and PyTorch's trajectories."""

import numpy as np
import pytest

from kernelwright import layers, training
from kernelwright.training.optimizers.muon import COEFFICIENTS, newton_schulz

from .test_optimizers import give_gradients, make


def matrices(net):
    return [parameter for parameter in net.parameters() if len(parameter.shape) == 2]


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (6, 6), (1, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_newton_schulz_is_a_polynomial_of_the_singular_values(shape, dtype):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    u, sigma, v = np.linalg.svd(x.astype(np.float64), full_matrices=False)
    sigma = sigma / np.linalg.norm(sigma)
    a, b, c = COEFFICIENTS
    for _ in range(5):
        sigma = a * sigma + b * sigma**3 + c * sigma**5
    assert abs(sigma - 1).max() < 0.5
    near = {"rtol": 1e-9, "atol": 1e-11} if dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-4}
    np.testing.assert_allclose(newton_schulz(x, COEFFICIENTS, 5, 1e-7), u * sigma @ v, **near)


def test_one_step_of_adafactor():
    net = make()
    optimizer = training.Adafactor(net.parameters(), lr=0.1, weight_decay=0.5)
    give_gradients(net, 0)
    before = [(parameter.data.copy(), parameter.grad.copy()) for parameter in net.parameters()]
    optimizer.step()
    for parameter, (p, g) in zip(net.parameters(), before):
        alpha = max(1e-3, np.sqrt((p**2).mean())) * 0.1
        v = g**2
        if g.ndim == 2:
            v = np.outer(v.mean(1), v.mean(0)) / v.mean()
        u = g / np.sqrt(v)
        wanted = p * (1 - 0.1 * 0.5) - alpha * u / max(1, np.sqrt((u**2).mean()))
        np.testing.assert_allclose(parameter.data, wanted, rtol=1e-10, atol=1e-12)
    assert optimizer.state["means"].size == (7 + 5) + 7 + (3 + 7) + 3


RESUMED = [("Adafactor", {"lr": 0.05, "maximize": True}), ("Muon", {"lr": 0.05, "nesterov": False})]


@pytest.mark.parametrize(("name", "options"), RESUMED)
def test_resumes_exactly(name, options):
    runs = []
    for interrupted in (False, True):
        net = make()
        optimizer = getattr(training, name)(matrices(net), **options)
        for step in range(8):
            if step == 4 and interrupted:
                weights, state = net.state_dict(), optimizer.state_dict()
                net = make()
                net.load_state_dict(weights)
                optimizer = getattr(training, name)(matrices(net))
                optimizer.load_state_dict(state)
            give_gradients(net, step)
            optimizer.step()
        runs.append(net.state_dict())
    for key, value in runs[0].items():
        np.testing.assert_array_equal(value, runs[1][key])


PENALTY = 0.01


def problem(dtype=np.float64):
    """A small network and its loss: the cross-entropy, and a penalty that keeps the weights from going to infinity."""
    layers.manual_seed(0)
    net = layers.Sequential(layers.Linear(5, 7, dtype=dtype), layers.Tanh(), layers.Linear(7, 3, dtype=dtype))
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((32, 5)).astype(dtype), rng.integers(0, 3, 32)

    def closure():
        for parameter in net.parameters():
            parameter.zero_grad()
        y, backward = net.forward(x)
        loss, loss_backward = layers.CrossEntropyLoss().forward(y, t)
        backward(loss_backward(), input_gradient=False)
        for parameter in net.parameters():
            parameter.grad += PENALTY * parameter.data
        return float(loss) + PENALTY / 2 * sum((parameter.data**2).sum() for parameter in net.parameters())

    return net, closure, x, t


LBFGS = [{"lr": 0.5}, {"line_search_fn": "strong_wolfe", "history_size": 4}, {"lr": 1, "max_iter": 4, "max_eval": 3}]


@pytest.mark.parametrize("options", LBFGS)
def test_lbfgs_resumes_exactly_and_gets_down(options):
    runs = []
    for interrupted in (False, True):
        net, closure, _, _ = problem()
        optimizer = training.LBFGS(net.parameters(), **options)
        first = closure()
        for step in range(4):
            if step == 2 and interrupted:
                weights, state = net.state_dict(), optimizer.state_dict()
                net, closure, _, _ = problem()
                net.load_state_dict(weights)
                optimizer = training.LBFGS(net.parameters())
                optimizer.load_state_dict(state)
            optimizer.step(closure)
        assert closure() < 0.95 * first
        runs.append(net.state_dict())
    for key, value in runs[0].items():
        np.testing.assert_array_equal(value, runs[1][key])


def test_lbfgs_finds_the_minimum_of_a_quadratic():
    net = layers.Linear(6, 1, bias=False, dtype=np.float64)
    weight = net.parameters()[0]
    curvature, best = np.geomspace(1, 100, 6), np.arange(6.0)

    def closure():
        weight.grad = curvature * (weight.data - best)
        return 0.5 * (curvature * (weight.data - best) ** 2).sum()

    training.LBFGS([weight], line_search_fn="strong_wolfe", max_iter=60, tolerance_change=1e-16).step(closure)
    np.testing.assert_allclose(weight.data[0], best, atol=1e-6)


def test_several_optimizers():
    net, apart = make(), make()
    both = training.MultiOptimizer(
        [training.Muon(matrices(net), lr=0.1), training.AdamW([p for p in net.parameters() if len(p.shape) == 1])]
    )
    schedule = training.StepLR(both, 2)
    muon = training.Muon(matrices(apart), lr=0.1)
    adam = training.AdamW([p for p in apart.parameters() if len(p.shape) == 1])
    for step in range(3):
        give_gradients(net, step)
        give_gradients(apart, step)
        if step == 2:
            muon.lr, adam.lr = 0.01, 1e-4
        for optimizer in (both, muon, adam):
            optimizer.step()
        schedule.step()
    for one, other in zip(net.parameters(), apart.parameters()):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-12)
    again = training.MultiOptimizer([training.Muon(matrices(make())), training.SGD(make()[0].parameters())])
    with pytest.raises(ValueError, match="this isn't the state of an optimizer SGD"):
        again.load_state_dict(both.state_dict())
    assert again.optimizers[0].state_dict()["steps"] == 0
    both.load_state_dict(both.state_dict())
    assert repr(both).startswith("MultiOptimizer(Muon(lr=")
    both.lr = 0.5
    assert (muon.lr, both.optimizers[0].lr, both.optimizers[1].lr) == (0.01, 0.5, 0.5)
    training.OneCycleLR(both, 1.0, 10, max_momentum=0.8)
    assert (both.optimizers[0].momentum, both.optimizers[1].betas[0]) == (0.8, 0.8)
    with pytest.raises(TypeError, match="add the group to one of the optimizers"):
        both.add_param_group({"params": []})
    with pytest.raises(TypeError, match="an LBFGS can't be among others"):
        training.MultiOptimizer([training.LBFGS(make().parameters())])
    both.zero_grad()
    assert not any(parameter.grad.any() for parameter in net.parameters())


def test_refused():
    net = make()
    for call, message in [
        (lambda: training.Muon(net.parameters()), r"Muon: Parameter\(bias: 7 float64\) has 1 axes, it must have 2"),
        (lambda: training.Muon(matrices(net), adjust_lr_fn="x"), "adjust_lr_fn is 'x', it must be one of 'original'"),
        (lambda: training.Muon(matrices(net), momentum=2), "Muon: momentum is 2, it must be from 0 to 1"),
        (lambda: training.Adafactor(net.parameters(), beta2_decay=1), "beta2_decay is 1, it must be at most 0"),
        (lambda: training.Adafactor(net.parameters(), d=0.5), "d is 0.5, it must be at least 1"),
        (lambda: training.LBFGS(net.parameters(), line_search_fn="armijo"), "line_search_fn is 'armijo'"),
        (lambda: training.LBFGS(net.parameters(), history_size=0), "history_size is 0, it must be at least 1"),
        (
            lambda: training.LBFGS([{"params": net[0].parameters()}, {"params": net[1].parameters()}]),
            "LBFGS: there are 2 groups of parameters, it must be one",
        ),
        (lambda: training.MultiOptimizer([]), "optimizers is empty"),
        (
            lambda: training.MultiOptimizer([training.SGD(net.parameters()), training.Muon(matrices(net))]),
            "is in the groups 0 and 1, it must be in one",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def loss_of(torch, twin, x, t):
    penalty = PENALTY / 2 * sum((p**2).sum() for p in twin.parameters())
    return torch.nn.functional.cross_entropy(twin(torch.from_numpy(x)), torch.from_numpy(t)) + penalty


def twin_of(torch, net):
    twin = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3)).double()
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
    return twin


LIKE = [
    ("Adafactor", {"lr": 0.01}),
    (
        "Adafactor",
        {"lr": 0.01, "beta2_decay": -0.5, "eps": (1e-8, 1e-2), "d": 2.0, "weight_decay": 0.1, "maximize": True},
    ),
    ("Muon", {"lr": 0.01}),
    ("Muon", {"lr": 0.01, "nesterov": False, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3, "weight_decay": 0.0}),
]


@pytest.mark.compare
@pytest.mark.parametrize(("name", "options"), LIKE)
def test_a_hundred_steps_like_pytorchs(name, options, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)  # Muon's precision there
    net, closure, x, t = problem()
    twin = twin_of(torch, net)
    chosen = matrices(net) if name == "Muon" else net.parameters()
    theirs = [p for p in twin.parameters() if name != "Muon" or p.ndim == 2]
    ours, theirs = getattr(training, name)(chosen, **options), getattr(torch.optim, name)(theirs, **options)
    for step in range(100):
        closure()
        ours.step()
        theirs.zero_grad()
        loss_of(torch, twin, x, t).backward()
        theirs.step()
        for key, value in net.state_dict().items():
            np.testing.assert_allclose(value, twin.state_dict()[key], rtol=1e-5, atol=1e-8, err_msg=f"step {step}")


@pytest.mark.compare
@pytest.mark.parametrize("options", [*LBFGS, {"line_search_fn": "strong_wolfe", "lr": 8}])
def test_lbfgs_like_pytorchs(options):
    torch = pytest.importorskip("torch")
    net, closure, x, t = problem()
    twin = twin_of(torch, net)
    ours, theirs = training.LBFGS(net.parameters(), **options), torch.optim.LBFGS(twin.parameters(), **options)

    def their_closure():
        theirs.zero_grad()
        loss = loss_of(torch, twin, x, t)
        loss.backward()
        return loss

    for step in range(4):
        loss, their_loss = ours.step(closure), theirs.step(their_closure).item()
        assert loss == pytest.approx(their_loss, rel=1e-6), f"step {step}"
        for key, value in net.state_dict().items():
            # Roundings grow by the curvature's inverse.
            np.testing.assert_allclose(value, twin.state_dict()[key], rtol=1e-5, atol=1e-5, err_msg=f"step {step}")
