"""The optimizers that PyTorch lacks, or has for other gradients: against their published formulas, in NumPy."""

import numpy as np
import pytest

from kernelwright import layers, training

from .test_optimizers import give_gradients, make


def lion(p, g, s, t):
    c = np.sign(0.9 * s.get("m", 0) + 0.1 * g)
    s["m"] = 0.99 * s.get("m", 0) + 0.01 * g
    return p * (1 - 0.1 * 0.2) - 0.1 * c


def ftrl(p, g, s, t):
    lr, l1, l2, shrinkage, beta = 0.1, 5.0, 0.02, 0.03, 0.04
    n, z = s.get("n", 0.1), s.get("z", 0.0)
    sigma = (np.sqrt(n + g**2) - np.sqrt(n)) / lr
    s["n"], s["z"] = n, z = n + g**2, z + g + 2 * shrinkage * p - sigma * p
    return np.where(np.abs(z) <= l1, 0, (np.sign(z) * l1 - z) / ((beta + np.sqrt(n)) / lr + 2 * l2))


def lamb(p, g, s, t):
    m = s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    v = s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    r = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
    p = p * (1 - 0.1 * 0.2)
    return p - 0.1 * np.linalg.norm(p) / np.linalg.norm(r) * r


def schedule_free(x, g, s, t):
    """By x and z, as the paper has it; the gradient is given, wherever y is."""
    beta1, beta2, decay = 0.9, 0.999, 0.2
    z = s.get("z", x)
    y = (1 - beta1) * z + beta1 * x
    lr = 0.1 * min(1, t / 3)
    v = s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    s["z"] = z = z - lr * (g / (np.sqrt(v / (1 - beta2**t)) + 1e-8) + decay * y)
    s["sum"] = s.get("sum", 0) + lr**2
    c = lr**2 / s["sum"]
    return (1 - c) * x + c * z


FORMULAS = [
    (lion, "Lion", {"learning_rate": 0.1, "weight_decay": 0.2}),
    (
        ftrl,
        "Ftrl",
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 5.0,
            "l2_regularization_strength": 0.02,
            "l2_shrinkage_regularization_strength": 0.03,
            "beta": 0.04,
        },
    ),
    (lamb, "Lamb", {"learning_rate": 0.1, "weight_decay": 0.2}),
    (schedule_free, "AdamWScheduleFree", {"lr": 0.1, "weight_decay": 0.2, "warmup_steps": 3}),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("formula", "name", "options"), FORMULAS)
def test_formula(formula, name, options, dtype):
    net = make(dtype)
    optimizer = getattr(training, name)(net.parameters(), **options)
    twins = [[parameter.data.astype(np.float64), {}] for parameter in net.parameters()]
    for t in range(1, 101):
        give_gradients(net, t)
        optimizer.step()
        for parameter, twin in zip(net.parameters(), twins):
            twin[0] = formula(twin[0], parameter.grad.astype(np.float64), twin[1], t)
    if name == "AdamWScheduleFree":
        optimizer.eval()
    # float32: a hundred roundings, of numbers up to 10.
    near = {"rtol": 1e-9, "atol": 1e-10} if dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-4}
    for parameter, (wanted, _) in zip(net.parameters(), twins):
        np.testing.assert_allclose(parameter.data, wanted, **near)
    if name == "Ftrl":
        assert any((wanted == 0).any() for wanted, _ in twins)


def test_schedule_free_goes_to_and_fro():
    net = make()
    optimizer = training.AdamWScheduleFree(net.parameters(), lr=0.1)
    for step in range(3):
        give_gradients(net, step)
        optimizer.step()
    before = net.state_dict()
    optimizer.eval()
    assert all((net.state_dict()[key] != value).any() for key, value in before.items())
    for refused in (optimizer.step, optimizer.state_dict):
        with pytest.raises(RuntimeError, match=r"the parameters hold the average: call train\(\)"):
            refused()
    optimizer.train()
    for key, value in net.state_dict().items():
        np.testing.assert_allclose(value, before[key], rtol=1e-14, atol=1e-14)


def test_sparse_adam_leaves_other_rows_alone():
    layers.manual_seed(0)
    net = layers.Linear(3, 4, dtype=np.float64)
    optimizer = training.SparseAdam(net.parameters(), lr=0.1)
    before = net.state_dict()
    weight = net.parameters()[0]
    for _ in range(2):
        optimizer.zero_grad()
        weight.grad[2] = 1.0
        optimizer.step()
    assert (weight.data[2] != before["weight"][2]).all()
    weight.data[2] = before["weight"][2]
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


def test_refused():
    parameters = make().parameters()
    for name, options, message in [
        ("Lion", {"beta_1": 1.0}, "Lion: beta_1 and beta_2 are 1.0 and 0.99, they must be from 0 to below 1"),
        ("Lamb", {"beta_2": 1.0}, "Lamb: beta_1 and beta_2 are 0.9 and 1.0"),
        ("Ftrl", {"learning_rate": 0}, "Ftrl: learning_rate is 0, it must be above 0"),
        ("Ftrl", {"learning_rate_power": 0.5}, "Ftrl: learning_rate_power is 0.5, it must be at most 0"),
        ("Ftrl", {"initial_accumulator_value": 0}, "Ftrl: initial_accumulator_value is 0, it must be above 0"),
        ("AdamWScheduleFree", {"betas": (0, 0.9)}, "the first must be above 0"),
        ("Adadelta", {"rho": 1.5}, "Adadelta: rho is 1.5, it must be from 0 to 1"),
        ("Rprop", {"etas": (1.2, 0.5)}, "Rprop: etas are "),
    ]:
        with pytest.raises(ValueError, match=message):
            getattr(training, name)(parameters, **options)


@pytest.mark.compare
def test_sparse_adam_like_pytorchs():
    torch = pytest.importorskip("torch")
    layers.manual_seed(0)
    net = layers.Linear(3, 8, bias=False, dtype=np.float64)
    weight = net.parameters()[0]
    twin = torch.nn.Embedding(8, 3, sparse=True, _weight=torch.from_numpy(weight.data.copy()))
    ours, theirs = training.SparseAdam(net.parameters(), lr=0.1), torch.optim.SparseAdam(twin.parameters(), lr=0.1)
    rng = np.random.default_rng(0)
    for _ in range(100):
        rows, grads = rng.integers(0, 8, 3), rng.standard_normal((3, 3))
        ours.zero_grad()
        np.add.at(weight.grad, rows, grads)
        ours.step()
        theirs.zero_grad()
        (twin(torch.from_numpy(rows)) * torch.from_numpy(grads)).sum().backward()
        theirs.step()
        np.testing.assert_allclose(weight.data, twin.weight.detach(), rtol=1e-9, atol=1e-12)
