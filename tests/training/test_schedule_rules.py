"""Every schedule, step by step: as PyTorch's, resumed in the middle, and refused."""

import numpy as np
import pytest

from kernelwright import layers, training

# Name → what makes it, of PyTorch's module or ours, and an optimizer.
RULES = {
    "lambda": lambda m, o: m.LambdaLR(o, lambda t: 0.95**t),
    "a lambda each": lambda m, o: m.LambdaLR(o, [lambda t: 0.95**t, lambda t: 1 / (1 + t)]),
    "multiplicative": lambda m, o: m.MultiplicativeLR(o, lambda t: 1 - 1 / (t + 9)),
    "step": lambda m, o: m.StepLR(o, 7, 0.3),
    "multistep": lambda m, o: m.MultiStepLR(o, [0, 9, 4, 9, 30], 0.5),
    "constant": lambda m, o: m.ConstantLR(o, 0.2, 8),
    "linear": lambda m, o: m.LinearLR(o),
    "linear down": lambda m, o: m.LinearLR(o, 1.0, 0.0, 20),
    "exponential": lambda m, o: m.ExponentialLR(o, 0.9),
    "polynomial": lambda m, o: m.PolynomialLR(o, 12, 2.0),
    "cosine": lambda m, o: m.CosineAnnealingLR(o, 7, 1e-3),
    "cosine of one": lambda m, o: m.CosineAnnealingLR(o, 1),
    "restarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 5, 2, 1e-3),
    "restarts alike": lambda m, o: m.CosineAnnealingWarmRestarts(o, 4),
    "cyclic": lambda m, o: m.CyclicLR(o, 0.01, 0.1, 5, 3),
    "cyclic by half": lambda m, o: m.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 4, mode="triangular2", base_momentum=0.7),
    "cyclic by gamma": lambda m, o: m.CyclicLR(o, 0.01, 0.1, 4, mode="exp_range", gamma=0.9, cycle_momentum=False),
    "cyclic by hand": lambda m, o: m.CyclicLR(o, 0.01, 0.1, 4, scale_fn=lambda x: 1 / x),
    "one cycle": lambda m, o: m.OneCycleLR(o, [0.5, 0.1], 60),
    "chained": lambda m, o: m.ChainedScheduler(
        [m.LinearLR(o, 0.1, total_iters=4), m.ExponentialLR(o, 0.9), m.StepLR(o, 5)]
    ),
    "sequential": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.1, total_iters=4), m.CosineAnnealingLR(o, 9), m.MultiplicativeLR(o, lambda t: 0.5)], [5, 20]
    ),
    "sequential again": lambda m, o: m.SequentialLR(
        o,
        [m.ConstantLR(o, 0.5, 3), m.CosineAnnealingWarmRestarts(o, 4), m.PolynomialLR(o, 4), m.MultiStepLR(o, [0, 3])],
        [5, 15, 25],
    ),
    "sequential of chained": lambda m, o: m.SequentialLR(
        o, [m.ChainedScheduler([m.ConstantLR(o, 0.5, 3), m.ExponentialLR(o, 0.9)]), m.StepLR(o, 3)], [8]
    ),
    "plateau": lambda m, o: m.ReduceLROnPlateau(o, factor=0.5, patience=2, cooldown=1, min_lr=[1e-3, 2e-2]),
    "plateau of the best": lambda m, o: m.ReduceLROnPlateau(
        o, "max", patience=1, threshold=0.05, threshold_mode="abs", eps=1e-3
    ),
}
METRICS = np.random.default_rng(0).random(60) + 1 / np.arange(1, 61)
METRICS[7] = np.nan


def ours(kind=training.SGD):
    net = layers.Sequential(layers.Linear(2, 2), layers.Linear(2, 2))
    momentum = {"momentum": 0.9} if kind is training.SGD else {}
    return kind([{"params": net[0].parameters()}, {"params": net[1].parameters(), "lr": 0.05}], lr=0.1, **momentum)


def advance(name, schedule, t):
    if "plateau" in name:
        schedule.step(METRICS[t])
    else:
        schedule.step()


def state(optimizer):
    return [(group["lr"], *group.get("betas", (group.get("momentum"),))) for group in optimizer.param_groups]


@pytest.mark.parametrize("name", RULES)
def test_resumes_exactly(name):
    runs = []
    for interrupted in (False, True):
        optimizer = ours()
        schedule = RULES[name](training, optimizer)
        for t in range(40):
            if t == 17 and interrupted:
                saved = optimizer.state_dict(), schedule.state_dict()
                optimizer = ours()
                schedule = RULES[name](training, optimizer)
                optimizer.load_state_dict(saved[0])
                schedule.load_state_dict(saved[1])
                assert schedule.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
            advance(name, schedule, t)
        runs.append(state(optimizer))
    assert runs[0] == runs[1]


@pytest.mark.compare
@pytest.mark.filterwarnings("ignore")  # of PyTorch, about its own SequentialLR
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", RULES)
def test_like_pytorchs(name, kind):
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.optim, kind)(
        [
            {"params": [torch.nn.Parameter(torch.zeros(2))]},
            {"params": [torch.nn.Parameter(torch.zeros(2))], "lr": 0.05},
        ],
        lr=0.1,
        **({"momentum": 0.9} if kind == "SGD" else {}),
    )
    optimizer = ours(getattr(training, kind))
    pair = RULES[name](training, optimizer), RULES[name](torch.optim.lr_scheduler, theirs)
    for t in range(60):
        for mine, wanted in zip(state(optimizer), state(theirs), strict=True):
            assert mine == pytest.approx(wanted, rel=1e-9, abs=1e-15), f"step {t}"
        assert pair[0].get_last_lr() == pytest.approx([group["lr"] for group in optimizer.param_groups])
        theirs.step()
        for schedule in pair:
            advance(name, schedule, t)


@pytest.mark.compare
@pytest.mark.parametrize("factor", [1, 2])
def test_restarts_between_two_epochs(factor):
    torch = pytest.importorskip("torch")
    theirs = torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=0.1)
    optimizer = training.SGD(layers.Linear(2, 2).parameters(), lr=0.1)
    one = training.CosineAnnealingWarmRestarts(optimizer, 3, factor)
    other = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(theirs, 3, factor)
    theirs.step()
    for epoch in (0, 0.25, 2.75, 3, 8.5, 20.125, 4, None, None):
        one.step(epoch)
        other.step(epoch)
        assert optimizer.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12)


def test_a_later_beginning():
    optimizer = ours()
    with pytest.raises(ValueError, match='StepLR: last_epoch is 3, so group 0 must have an "initial_lr"'):
        training.StepLR(optimizer, 2, last_epoch=3)
    for group in optimizer.param_groups:
        group["initial_lr"] = 1.0
    assert training.LambdaLR(optimizer, lambda t: 0.5**t, last_epoch=1).get_last_lr() == [0.25, 0.25]


MISTAKES = [
    (lambda o: training.LambdaLR(o, [abs]), "LambdaLR: lr_lambda has 1 values, but the optimizer has 2 groups"),
    (lambda o: training.StepLR(o, 0), "StepLR: step_size is 0, it must be at least 1"),
    (lambda o: training.ConstantLR(o, 2), "ConstantLR: factor is 2, it must be above 0 and at most 1"),
    (lambda o: training.LinearLR(o, 0), "LinearLR: start_factor is 0, it must be above 0 and at most 1"),
    (lambda o: training.LinearLR(o, 1, 2), "LinearLR: end_factor is 2, it must be from 0 to 1"),
    (lambda o: training.PolynomialLR(o, 0), "PolynomialLR: total_iters is 0, it must be at least 1"),
    (lambda o: training.CosineAnnealingLR(o, 0), "CosineAnnealingLR: T_max is 0, it must be at least 1"),
    (lambda o: training.CosineAnnealingWarmRestarts(o, 0), "T_0 is 0, it must be an integer, at least 1"),
    (lambda o: training.CosineAnnealingWarmRestarts(o, 1, 0.5), "T_mult is 0.5, it must be an integer"),  # type: ignore[arg-type]
    (lambda o: training.CosineAnnealingWarmRestarts(o, 1).step(-1), "epoch is -1, it must be at least 0"),
    (lambda o: training.CyclicLR(o, 0, 1, mode="square"), "CyclicLR: mode is 'square', it must be one of 'triangular'"),
    (lambda o: training.CyclicLR(ours(training.Adagrad), 0, 1), "has no momentum: set cycle_momentum=False"),
    (lambda o: training.ReduceLROnPlateau(o, factor=1), "ReduceLROnPlateau: factor is 1, it must be below 1"),
    (lambda o: training.ReduceLROnPlateau(o, "least"), "mode is 'least', it must be one of 'min', 'max'"),
    (lambda o: training.ChainedScheduler([]), "ChainedScheduler: schedulers is empty"),
    (lambda o: training.ChainedScheduler([training.ReduceLROnPlateau(o)]), "whose step needs metrics"),
    (lambda o: training.ChainedScheduler([training.StepLR(ours(), 1)], o), "number 0 of schedulers is of another"),
    (lambda o: training.SequentialLR(o, [training.StepLR(o, 1)], [3]), "milestones has 1 entries, but there are 1"),
    (lambda o: training.StepLR(o, 1).load_state_dict({}), "this isn't the state of a schedule StepLR"),
    (
        lambda o: training.StepLR(o, 1).load_state_dict({"last_epoch": 1, "base_lrs": [1], "lr": [1]}),
        "the state is of 1 groups, but the optimizer has 2",
    ),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(ours())
